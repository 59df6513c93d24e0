#include "cli/live/manifests.h"

#include <algorithm>
#include <utility>

#include "api/codec.h"
#include "api/kind.h"

namespace berth::cli {
namespace {

std::string text_at(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

// By which kind, and where in what was read of the cluster they are.
template <class Visit>
void each_kind(Live& live, const Visit& visit) {
  visit(live.jobs);
  visit(live.quotas);
  visit(live.tiers);
  visit(live.policies);
  visit(live.capacity_pools);
  visit(live.reservations);
}

class Applying {
 public:
  Applying(const std::string& name_space, Instant now) : name_space_(name_space), now_(now) {}

  Result<AppliedObject> apply(const Document& document, Live& live) {
    document_ = &document;
    const std::string kind = text_at(document.value, "kind");
    if (text_at(document.value, "apiVersion") != api::kApiVersion) {
      return wrong("apiVersion: want " + std::string(api::kApiVersion));
    }
    std::optional<Result<AppliedObject>> done;
    each_kind(live, [&]<class K>(std::vector<K>& objects) {
      if (kind == K::kKind.kind) done = put(kind, objects);
    });
    if (done) return *std::move(done);
    return wrong("kind: " + (kind.empty() ? "missing" : kind) + ": only " + planned_kinds() +
                 " can be planned");
  }

 private:
  Error wrong(const std::string& what) const {
    return {Code::Invalid, document_->place + ": " + what};
  }

  template <class K>
  Result<AppliedObject> put(const std::string& kind, std::vector<K>& objects) {
    auto read = api::from_json<K>(document_->value);
    if (!read) return wrong(read.error().message);
    K made = *std::move(read);
    made.status = {};
    if (made.meta.name.empty()) return wrong("metadata.name: required");
    constexpr bool is_namespaced = K::kKind.namespaced;
    if (!is_namespaced) made.meta.name_space.clear();
    if (is_namespaced && made.meta.name_space.empty()) made.meta.name_space = name_space_;
    AppliedObject applied{kind, made.meta.name_space, made.meta.name, {}, Applied::Unchanged};
    const auto there = std::find_if(objects.begin(), objects.end(), [&](const K& one) {
      return one.meta.name == made.meta.name && one.meta.name_space == made.meta.name_space;
    });
    const bool is_there = there != objects.end();
    if (auto refused = refusal<K>(is_there ? &*there : nullptr)) return *std::move(refused);
    if (!is_there) {
      applied.applied = Applied::Create;
      made.meta.uid = applied.uid = "new/" + made.meta.name_space + "/" + made.meta.name;
      made.meta.creation = now_;
      objects.push_back(std::move(made));
      return applied;
    }
    applied.uid = there->meta.uid;
    if (there->spec == made.spec) return applied;
    applied.applied = Applied::Update;
    there->spec = std::move(made.spec);
    return applied;
  }

  // What the API server's schema and rules say.
  template <class K>
  std::optional<Error> refusal(const K* there) const {
    Json old;
    Json made = document_->value;
    if (there != nullptr) {
      old = api::to_json(*there);
      made["status"] = old["status"];  // nobody applies a status: it stays as it is
    }
    const Violations violations = api::validate<K>(made, there != nullptr ? &old : nullptr);
    if (violations.empty()) return std::nullopt;
    return wrong(violations.front().path + ": " + violations.front().message);
  }

  const std::string& name_space_;
  Instant now_;
  const Document* document_ = nullptr;
};

}  // namespace

std::string_view name_of(Applied applied) {
  switch (applied) {
    case Applied::Create: return "Create";
    case Applied::Update: return "Update";
    case Applied::Unchanged: return "Unchanged";
  }
  __builtin_unreachable();
}

std::string planned_kinds() {
  std::vector<std::string> names;
  Live none;
  each_kind(none, [&]<class K>(std::vector<K>&) { names.emplace_back(K::kKind.kind); });
  std::sort(names.begin(), names.end());
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

Result<std::vector<AppliedObject>> apply_manifests(const std::vector<Document>& documents,
                                                   const std::string& name_space, Instant now,
                                                   Live& live) {
  std::vector<AppliedObject> applied;
  Applying applying(name_space, now);
  for (const Document& document : documents) {
    applied.push_back(BERTH_TRY(applying.apply(document, live)));
  }
  live.tenancy = tenancy_of(live.quotas);
  // A job that is told to stop gives back what it has.
  for (api::GpuJob& job : live.jobs) {
    if (job.spec.suspend) job.status.placement.reset();
  }
  return applied;
}

}  // namespace berth::cli
