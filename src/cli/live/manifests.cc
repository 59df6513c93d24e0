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

class Applying {
 public:
  Applying(const std::string& name_space, Instant now) : name_space_(name_space), now_(now) {}

  Result<AppliedObject> apply(const Document& document, Live& live) {
    document_ = &document;
    const std::string kind = text_at(document.value, "kind");
    if (text_at(document.value, "apiVersion") != api::kApiVersion) {
      return wrong("apiVersion: want " + std::string(api::kApiVersion));
    }
    if (kind == "GpuJob") return put(kind, live.jobs);
    if (kind == "Quota") return put(kind, live.quotas);
    if (kind == "SlaTier") return put(kind, live.tiers);
    return wrong("kind: " + (kind.empty() ? "missing" : kind) +
                 ": only GpuJob, Quota and SlaTier can be planned");
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
    const bool is_namespaced = kind == "GpuJob";
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
