#include "kube/fake/kinds.h"

#include <nlohmann/json.hpp>

#include "kube/fake/pod_rules.h"

namespace berth::kube::fake {
namespace {

constexpr std::string_view kOurGroup = "berth.dev";

void default_namespace(Json& fresh) {
  fresh["metadata"]["labels"]["kubernetes.io/metadata.name"] = fresh["metadata"]["name"];
  fresh["spec"]["finalizers"] = Json::array({"kubernetes"});
  fresh["status"] = {{"phase", "Active"}};
}

// Of a stored Event only its series may change.
Violations check_event(const Json& fresh, const Json* old) {
  if (old == nullptr) return {};
  for (const char* name : {"regarding", "reason", "note", "action", "eventTime"}) {
    if (fresh.value(name, Json()) != old->value(name, Json())) {
      return {{name, "Invalid value: field is immutable"}};
    }
  }
  return {};
}

Kind custom(const Resource& resource) { return {.resource = resource}; }

Kind plain(const Resource& resource) {
  return {.resource = resource,
          .status_subresource = false,
          .generation = false,
          .unconditional_update = true,
          .typed_list_items = false};
}

// A built-in kind with status; `generation` where the real one counts it.
Kind with_status(const Resource& resource, bool generation) {
  Kind kind = plain(resource);
  kind.status_subresource = true;
  kind.generation = generation;
  return kind;
}

}  // namespace

std::string Kind::collection() const {
  return std::string(resource.group) + "/" + std::string(resource.plural);
}

Kinds::Kinds() {
  for (const Resource& resource : known_resources()) {
    add(resource.group == kOurGroup ? custom(resource) : plain(resource));
  }
  add(custom(kHttpRoutes));
  for (const Resource& resource : {kDeployments, kJobs}) add(with_status(resource, true));
  for (const Resource& resource : {kServices, kPersistentVolumeClaims, kPersistentVolumes}) {
    add(with_status(resource, false));
  }
  Kind nodes = with_status(kNodes, false);
  nodes.status_at_creation = true;
  add(nodes);
  Kind namespaces = with_status(kNamespaces, false);
  namespaces.defaults = default_namespace;
  add(namespaces);
  Kind pods = with_status(kPods, true);
  pods.defaults = default_pod;
  pods.rules = check_pod;
  add(pods);
  Kind leases = plain(kLeases);
  leases.unconditional_update = false;
  add(leases);
  Kind events = plain(kEvents);
  events.rules = check_event;
  add(events);
}

void Kinds::add(Kind kind) {
  std::string collection = kind.collection();
  kinds_.insert_or_assign(std::move(collection), std::move(kind));
}

void Kinds::remove(const Resource& resource) {
  kinds_.erase(Kind{.resource = resource}.collection());
}

Kind* Kinds::find(std::string_view group, std::string_view version, std::string_view plural) {
  const auto found = kinds_.find(std::string(group) + "/" + std::string(plural));
  const bool served = found != kinds_.end() && found->second.resource.version == version;
  return served ? &found->second : nullptr;
}

const Kind* Kinds::find(std::string_view api_version, std::string_view kind) const {
  for (const auto& [collection, served] : kinds_) {
    if (served.resource.kind == kind && kube::api_version(served.resource) == api_version) {
      return &served;
    }
  }
  return nullptr;
}

}  // namespace berth::kube::fake
