#include "tests/integration/mirror.h"

#include <utility>

#include "kube/request.h"

namespace berth::integration {
namespace {

constexpr const char* kSpace = "default";
const std::string kSuffix = "-copy";

Result<Sheet> decode_sheet(Json&& object) {
  Sheet sheet;
  sheet.meta = BERTH_TRY(runtime::identity_of(object));
  sheet.text = object.value(Json::json_pointer("/data/text"), "");
  return sheet;
}

kube::WatchTarget labelled(const char* role) {
  return {kube::kConfigMaps, {.name_space = kSpace, .labels = std::string("role=") + role}};
}

Json copy_of(const Sheet& source) {
  return {{"metadata",
           {{"name", source.meta.name + kSuffix},
            {"namespace", kSpace},
            {"labels", {{"role", "copy"}}},
            {"ownerReferences",
             Json::array({runtime::owner_reference(kube::kConfigMaps, source.meta)})}}},
          {"data", {{"text", source.text}}}};
}

// What has to be written so that `copy` follows `source`; nothing when it does.
std::optional<kube::Request> decide(const Sheet* source, const Sheet* copy) {
  if (source == nullptr) return std::nullopt;  // the copy follows its owner
  if (copy == nullptr) return kube::create(kube::kConfigMaps, copy_of(*source));
  if (copy->text == source->text) return std::nullopt;
  return kube::patch_merge(
      kube::kConfigMaps, kSpace, copy->meta.name,
      {{"metadata", {{"uid", copy->meta.uid}, {"resourceVersion", copy->meta.resource_version}}},
       {"data", {{"text", source->text}}}});
}

}  // namespace

Json source(const std::string& name, const std::string& text) {
  return {{"metadata", {{"name", name}, {"namespace", kSpace}, {"labels", {{"role", "source"}}}}},
          {"data", {{"text", text}}}};
}

Mirror::Mirror(kube::fake::FakeServer& server, const Clock& clock, const std::string& identity,
               uint64_t seed)
    : clock_(clock),
      transport_(server, clock),
      source_informer_(transport_, labelled("source"), decode_sheet, sources_, log_,
                       {.seed = seed}),
      copy_informer_(transport_, labelled("copy"), decode_sheet, copies_, log_, {.seed = seed}),
      queue_({.first = Millis{50}, .most = Millis{5000}}, seed),
      effects_(transport_, 4),
      elector_(transport_, clock,
               {.name_space = kSpace, .lease_name = "mirror", .identity = identity, .seed = seed}) {
  sources_.subscribe([this](const Sheet* before, const Sheet* after) {
    queue_.add(runtime::key_of((after ? after : before)->meta), clock_.monotonic());
  });
  copies_.subscribe([this](const Sheet* before, const Sheet* after) {
    runtime::ObjectKey key = runtime::key_of((after ? after : before)->meta);
    key.name.resize(key.name.size() - kSuffix.size());
    queue_.add(key, clock_.monotonic());
  });
  source_informer_.start();
  copy_informer_.start();
}

void Mirror::turn() {
  elector_.tick();
  source_informer_.tick(clock_.monotonic());
  copy_informer_.tick(clock_.monotonic());
  if (leads() && source_informer_.synced() && copy_informer_.synced()) {
    while (const auto key = queue_.take(clock_.monotonic())) reconcile(*key);
  }
  transport_.poll();
}

void Mirror::reconcile(const runtime::ObjectKey& key) {
  const Sheet* copy = copies_.find({key.name_space, key.name + kSuffix});
  auto request = decide(sources_.find(key), copy);
  if (request) return write(key, *std::move(request));
  queue_.done(key);
}

void Mirror::write(const runtime::ObjectKey& key, kube::Request request) {
  ++writes_;
  effects_.send(std::move(request), [this, key](Result<Json> reply) {
    if (!reply) return queue_.failed(key, reply.error(), clock_.monotonic());
    if (auto written = decode_sheet(*std::move(reply))) copies_.upsert(*std::move(written));
    queue_.done(key);
  });
}

}  // namespace berth::integration
