#include "kube/resource.h"

#include <algorithm>
#include <array>

#include "kube/request.h"

namespace berth::kube {

namespace {

constexpr std::array kKnown{kPods,
                            kServices,
                            kConfigMaps,
                            kSecrets,
                            kServiceAccounts,
                            kPersistentVolumeClaims,
                            kPersistentVolumes,
                            kNodes,
                            kNamespaces,
                            kDeployments,
                            kJobs,
                            kEndpointSlices,
                            kRoleBindings,
                            kLeases,
                            kEvents,
                            kPriorityClasses,
                            kHttpRoutes,
                            kCustomResourceDefinitions,
                            kQuotas,
                            kReservations,
                            kGpuJobs,
                            kInferenceEndpoints,
                            kSlaTiers,
                            kPlacementPolicies,
                            kCapacityPools};

}  // namespace

std::string api_version(const Resource& resource) {
  if (resource.group.empty()) return std::string(resource.version);
  return std::string(resource.group) + "/" + std::string(resource.version);
}

std::string collection_path(const Resource& resource, std::string_view name_space) {
  std::string path = resource.group.empty() ? "/api/" : "/apis/";
  path += api_version(resource);
  if (resource.namespaced && !name_space.empty()) path += "/namespaces/" + escape(name_space);
  path += '/';
  path += resource.plural;
  return path;
}

std::string object_path(const Resource& resource, std::string_view name_space,
                        std::string_view name) {
  return collection_path(resource, name_space) + "/" + escape(name);
}

std::span<const Resource> known_resources() { return kKnown; }

std::optional<Resource> find_resource(std::string_view wanted_version, std::string_view kind) {
  const auto found = std::find_if(kKnown.begin(), kKnown.end(), [&](const Resource& known) {
    return known.kind == kind && api_version(known) == wanted_version;
  });
  if (found == kKnown.end()) return std::nullopt;
  return *found;
}

}  // namespace berth::kube
