#include <algorithm>

#include "kube/fake/objects.h"
#include "kube/fake/writes.h"

namespace berth::kube::fake {
namespace {

std::optional<Refusal> check_identity(const Call& call, const Kind& kind, const Json& old,
                                      const Json& fresh) {
  const std::string name = text_at(fresh, "/metadata/name");
  const std::string name_space = text_at(fresh, "/metadata/namespace");
  if (name != call.name) {
    return bad_request("the name of the object (" + name +
                       ") does not match the name on the URL (" + call.name + ")");
  }
  if (!name_space.empty() && name_space != call.name_space) {
    return bad_request("the namespace of the object does not match that of the request");
  }
  const std::string uid = uid_of(fresh);
  if (!uid.empty() && uid != uid_of(old)) {
    return conflict(call, "Precondition failed: UID in precondition: " + uid +
                              ", UID in object meta: " + uid_of(old));
  }
  const std::string version = text_at(fresh, "/metadata/resourceVersion");
  if (version.empty() && !kind.unconditional_update) {
    return invalid(
        call, name,
        {{"metadata.resourceVersion", "Invalid value: 0: must be specified for an update"}});
  }
  if (!version.empty() && version != text_at(old, "/metadata/resourceVersion")) {
    return conflict(call,
                    "the object has been modified; please apply your changes to the latest "
                    "version and try again");
  }
  return std::nullopt;
}

// The metadata of the stored object with what a client may change of it.
Json merged_meta(const Json& old, const Json& fresh) {
  Json meta = old.at("metadata");
  const Json& given = fresh.at("metadata");
  for (const char* name : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    meta.erase(name);
    if (given.contains(name) && !given[name].empty()) meta[name] = given[name];
  }
  return meta;
}

bool adds_finalizer(const Json& old, const Json& fresh) {
  const Json none = Json::array();
  const Json::json_pointer at("/metadata/finalizers");
  const Json before = old.value(at, none);
  for (const Json& finalizer : fresh.value(at, none)) {
    if (std::find(before.begin(), before.end(), finalizer) == before.end()) return true;
  }
  return false;
}

// Everything but metadata and status, which is what generation counts.
bool spec_differs(const Json& a, const Json& b, bool status_counts) {
  const auto counts = [&](const std::string& member) {
    return member != "metadata" && (status_counts || member != "status");
  };
  const auto lacks_some = [&](const Json& of, const Json& in) {
    for (const auto& [member, value] : in.items()) {
      const auto found = of.find(member);
      if (counts(member) && (found == of.end() || *found != value)) return true;
    }
    return false;
  };
  return lacks_some(a, b) || lacks_some(b, a);
}

Json merged(const Kind& kind, const Json& old, Json fresh, Part part) {
  if (part == Part::Status) {
    Json result = old;
    if (fresh.contains("status")) {
      result["status"] = std::move(fresh["status"]);
    } else {
      result.erase("status");
    }
    return result;
  }
  fresh["metadata"] = merged_meta(old, fresh);
  if (!kind.status_subresource) return fresh;
  fresh.erase("status");
  if (old.contains("status")) fresh["status"] = old["status"];
  return fresh;
}

Violations violations(const Kind& kind, const Json& old, Json& fresh) {
  if (is_deleting(old) && adds_finalizer(old, fresh)) {
    return {{"metadata.finalizers",
             "Forbidden: no new finalizers can be added if the object is being deleted"}};
  }
  const auto say_type = [&](Json& object) {
    object["apiVersion"] = api_version(kind.resource);
    object["kind"] = kind.resource.kind;
  };
  if (!kind.rules && !kind.validate) return {};
  Json before = old;
  say_type(before);
  say_type(fresh);
  Violations found;
  for (const Validator* check : {&kind.rules, &kind.validate}) {
    if (*check && found.empty()) found = (*check)(fresh, &before);
  }
  fresh.erase("apiVersion");
  fresh.erase("kind");
  return found;
}

bool waits_only_for_finalizers(const Json& object) {
  return is_deleting(object) && !has_finalizers(object) &&
         object.value(Json::json_pointer("/metadata/deletionGracePeriodSeconds"), int64_t{0}) == 0;
}

}  // namespace

Written update_object(World& world, const Call& call, const Kind& kind, const ObjectState& state,
                      Json fresh, Part part) {
  const Json& old = state->object();
  if (!fresh.contains("metadata") || !fresh["metadata"].is_object()) {
    return bad_request("an object without metadata");
  }
  if (const auto refusal = check_identity(call, kind, old, fresh)) return *refusal;
  fresh.erase("apiVersion");
  fresh.erase("kind");
  fresh = merged(kind, old, std::move(fresh), part);
  if (auto found = violations(kind, old, fresh); !found.empty()) {
    return invalid(call, call.name, std::move(found));
  }
  if (fresh == old) return state;  // nothing is written, so nothing is told
  if (spec_differs(fresh, old, !kind.status_subresource)) bump_generation(fresh);
  if (call.param("dryRun") == "All") return std::make_shared<const Stored>(std::move(fresh), 0);
  const std::string collection = kind.collection();
  const Storage::Name name = name_of(old);
  if (waits_only_for_finalizers(fresh)) return world.storage.erase(collection, name);
  return world.storage.put(collection, std::move(fresh));
}

}  // namespace berth::kube::fake
