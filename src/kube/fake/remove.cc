#include <algorithm>

#include "json/time.h"
#include "kube/fake/objects.h"
#include "kube/fake/pod_rules.h"
#include "kube/fake/writes.h"

namespace berth::kube::fake {
namespace {

std::optional<Refusal> check_preconditions(const Call& call, const Json& object,
                                           const Deletion& deletion) {
  const std::string uid = uid_of(object);
  if (!deletion.uid.empty() && deletion.uid != uid) {
    return conflict(call, "Precondition failed: UID in precondition: " + deletion.uid +
                              ", UID in object meta: " + uid);
  }
  const std::string version = text_at(object, "/metadata/resourceVersion");
  if (!deletion.resource_version.empty() && deletion.resource_version != version) {
    return conflict(
        call, "Precondition failed: ResourceVersion in precondition: " + deletion.resource_version +
                  ", ResourceVersion in object meta: " + version);
  }
  return std::nullopt;
}

// What has to act before the object goes: its finalizers, and the garbage collector's own where
// the deletion asks for one.
Json finalizers_of(const Json& object, const Deletion& deletion) {
  Json finalizers = object.value(Json::json_pointer("/metadata/finalizers"), Json(Json::array()));
  const char* added = deletion.propagation == "Foreground" ? "foregroundDeletion"
                      : deletion.propagation == "Orphan"   ? "orphan"
                                                           : nullptr;
  if (added != nullptr &&
      std::find(finalizers.begin(), finalizers.end(), added) == finalizers.end())
    finalizers.push_back(added);
  return finalizers;
}

bool is_namespace_in_use(const Kind& kind, const Json& object) {
  const Json::json_pointer at("/spec/finalizers");
  return kind.resource == kNamespaces && object.contains(at) && !object[at].empty();
}

}  // namespace

std::variant<Deletion, Refusal> parse_deletion(const Call& call, const std::string& body) {
  Deletion deletion;
  deletion.propagation = call.param("propagationPolicy");
  deletion.dry_run = call.param("dryRun") == "All";
  if (body.empty()) return deletion;
  const Json options = Json::parse(body, nullptr, false);
  if (!options.is_object()) return bad_request("DeleteOptions are a JSON object");
  deletion.uid = text_at(options, "/preconditions/uid");
  deletion.resource_version = text_at(options, "/preconditions/resourceVersion");
  if (options.contains("propagationPolicy")) {
    deletion.propagation = text_at(options, "/propagationPolicy");
  }
  deletion.grace_seconds = options.value("gracePeriodSeconds", int64_t{-1});
  deletion.dry_run = deletion.dry_run || options.contains("dryRun");
  return deletion;
}

std::variant<Deleted, Refusal> delete_object(World& world, const Call& call, const Kind& kind,
                                             const ObjectState& old, const Deletion& deletion) {
  const Json& object = old->object();
  if (const auto refusal = check_preconditions(call, object, deletion)) return *refusal;
  const bool is_pod = kind.resource == kPods;
  const int64_t grace = is_pod ? grace_seconds(object, deletion.grace_seconds) : 0;
  const Json finalizers = finalizers_of(object, deletion);
  const bool waits = grace > 0 || !finalizers.empty() || is_namespace_in_use(kind, object);
  const std::string collection = kind.collection();
  if (deletion.dry_run) return Deleted{old, !waits};
  if (!waits) return Deleted{world.storage.erase(collection, name_of(object)), true};

  Json going = object;
  Json& meta = going["metadata"];
  if (!finalizers.empty()) meta["finalizers"] = finalizers;
  const Json::json_pointer grace_at("/metadata/deletionGracePeriodSeconds");
  // A second deletion may only shorten the time that the first one gave.
  const bool sooner = !is_deleting(object) || grace < object.value(grace_at, int64_t{0});
  if (sooner) {
    if (!is_deleting(object)) bump_generation(going);
    const Instant end = world.clock.now() + std::chrono::seconds(grace);
    meta["deletionTimestamp"] = format_time(std::chrono::floor<std::chrono::seconds>(end));
    meta["deletionGracePeriodSeconds"] = grace;
  }
  if (kind.resource == kNamespaces) going["status"]["phase"] = "Terminating";
  if (going == object) return Deleted{old, false};
  return Deleted{world.storage.put(collection, std::move(going)), false};
}

}  // namespace berth::kube::fake
