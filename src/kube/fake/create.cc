#include <algorithm>

#include "kube/fake/objects.h"
#include "kube/fake/writes.h"

namespace berth::kube::fake {
namespace {

constexpr size_t kNameBytes = 253;

bool is_dns_name(const std::string& name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > kNameBytes || !plain(name.front()) || !plain(name.back())) {
    return false;
  }
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '-' || c == '.'; });
}

std::optional<Refusal> check_type(const Kind& kind, const Json& fresh) {
  const std::string version = text_at(fresh, "/apiVersion");
  const std::string name = text_at(fresh, "/kind");
  const bool right = (version.empty() || version == api_version(kind.resource)) &&
                     (name.empty() || name == kind.resource.kind);
  if (right) return std::nullopt;
  return bad_request(version + "/" + name + " in the body does not match the URL");
}

// The namespace must be there and not be going.
std::optional<Refusal> check_namespace(World& world, const Call& call) {
  if (call.name_space.empty()) return std::nullopt;
  const ObjectState found = world.storage.find("/namespaces", {"", call.name_space});
  if (!found) {
    Call of_namespace = call;
    of_namespace.group.clear();
    of_namespace.plural = "namespaces";
    of_namespace.name = call.name_space;
    return not_found(of_namespace);
  }
  if (!is_deleting(found->object())) return std::nullopt;
  Refusal refusal = forbidden(call, "unable to create new content in namespace " + call.name_space +
                                        " because it is being terminated");
  refusal.typed_causes = {{"NamespaceTerminating", "namespace is being terminated"}};
  return refusal;
}

// Takes over of the client's metadata what a client may say.
Json new_meta(World& world, const Call& call, const Kind& kind, const Json& fresh) {
  const Json given = fresh.value("metadata", Json::object());
  Json meta = Json::object();
  for (const char* name :
       {"name", "generateName", "labels", "annotations", "finalizers", "ownerReferences"}) {
    if (given.contains(name)) meta[name] = given[name];
  }
  if (meta.value("name", "").empty() && meta.contains("generateName")) {
    meta["name"] = meta.value("generateName", "") + world.new_suffix();
  }
  if (kind.resource.namespaced) meta["namespace"] = call.name_space;
  meta["uid"] = world.new_uid();
  meta["creationTimestamp"] = world.time();
  if (kind.generation) meta["generation"] = 1;
  return meta;
}

Violations violations(const Kind& kind, const Json& fresh) {
  Violations found;
  if (!is_dns_name(name_of(fresh).second)) {
    found.push_back({"metadata.name", "Required value: name or generateName, a DNS subdomain"});
  }
  for (const Validator& check : {kind.rules, kind.validate}) {
    if (!check || !found.empty()) continue;
    found = check(fresh, nullptr);
  }
  return found;
}

}  // namespace

Written create_object(World& world, const Call& call, const Kind& kind, Json fresh) {
  if (const auto refusal = check_type(kind, fresh)) return *refusal;
  const std::string said = text_at(fresh, "/metadata/namespace");
  if (!said.empty() && said != call.name_space) {
    return bad_request("the namespace of the object does not match that of the request");
  }
  if (kind.resource.namespaced && call.name_space.empty()) return bad_request("no namespace");
  if (const auto refusal = check_namespace(world, call)) return *refusal;
  if (!text_at(fresh, "/metadata/resourceVersion").empty()) {
    return Refusal{500, "InternalError",
                   "resourceVersion should not be set on objects to be created"};
  }
  fresh["metadata"] = new_meta(world, call, kind, fresh);
  if (kind.status_subresource && !kind.status_at_creation) fresh.erase("status");
  if (kind.defaults) kind.defaults(fresh);
  fresh["apiVersion"] = api_version(kind.resource);
  fresh["kind"] = kind.resource.kind;
  const Storage::Name name = name_of(fresh);
  if (auto found = violations(kind, fresh); !found.empty()) {
    return invalid(call, name.second, std::move(found));
  }
  if (world.storage.find(kind.collection(), name)) return already_exists(call, name.second);
  fresh.erase("apiVersion");
  fresh.erase("kind");
  if (call.param("dryRun") == "All") return std::make_shared<const Stored>(std::move(fresh), 0);
  return world.storage.put(kind.collection(), std::move(fresh));
}

}  // namespace berth::kube::fake
