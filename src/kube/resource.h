#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Which kinds of object Berth talks about, and where an API server keeps them.
namespace berth::kube {

// One kind as its URL and its manifests spell it. A value of views: the text behind them is a
// literal, or outlives every request made from it.
struct Resource {
  std::string_view group;  // empty for the core group
  std::string_view version;
  std::string_view plural;  // "gpujobs"
  std::string_view kind;    // "GpuJob"
  bool namespaced = true;

  bool operator==(const Resource&) const = default;
};

// "berth.dev/v1alpha1", or "v1" for the core group.
std::string api_version(const Resource& resource);
// "/apis/berth.dev/v1alpha1/namespaces/blue/gpujobs"; over all namespaces when name_space is empty.
std::string collection_path(const Resource& resource, std::string_view name_space);
// The collection's path and the name below it.
std::string object_path(const Resource& resource, std::string_view name_space,
                        std::string_view name);

inline constexpr Resource kPods{"", "v1", "pods", "Pod"};
inline constexpr Resource kServices{"", "v1", "services", "Service"};
inline constexpr Resource kConfigMaps{"", "v1", "configmaps", "ConfigMap"};
inline constexpr Resource kSecrets{"", "v1", "secrets", "Secret"};
inline constexpr Resource kServiceAccounts{"", "v1", "serviceaccounts", "ServiceAccount"};
inline constexpr Resource kPersistentVolumeClaims{"", "v1", "persistentvolumeclaims",
                                                  "PersistentVolumeClaim"};
inline constexpr Resource kPersistentVolumes{"", "v1", "persistentvolumes", "PersistentVolume",
                                             false};
inline constexpr Resource kNodes{"", "v1", "nodes", "Node", false};
inline constexpr Resource kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline constexpr Resource kDeployments{"apps", "v1", "deployments", "Deployment"};
inline constexpr Resource kJobs{"batch", "v1", "jobs", "Job"};
inline constexpr Resource kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices",
                                          "EndpointSlice"};
inline constexpr Resource kRoleBindings{"rbac.authorization.k8s.io", "v1", "rolebindings",
                                        "RoleBinding"};
inline constexpr Resource kLeases{"coordination.k8s.io", "v1", "leases", "Lease"};
inline constexpr Resource kEvents{"events.k8s.io", "v1", "events", "Event"};
inline constexpr Resource kPriorityClasses{"scheduling.k8s.io", "v1", "priorityclasses",
                                           "PriorityClass", false};
// The Gateway API, which a cluster may not have.
inline constexpr Resource kHttpRoutes{"gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute"};
inline constexpr Resource kCustomResourceDefinitions{
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false};

inline constexpr Resource kQuotas{"berth.dev", "v1alpha1", "quotas", "Quota", false};
inline constexpr Resource kReservations{"berth.dev", "v1alpha1", "reservations", "Reservation"};
inline constexpr Resource kGpuJobs{"berth.dev", "v1alpha1", "gpujobs", "GpuJob"};
inline constexpr Resource kInferenceEndpoints{"berth.dev", "v1alpha1", "inferenceendpoints",
                                              "InferenceEndpoint"};
inline constexpr Resource kSlaTiers{"berth.dev", "v1alpha1", "slatiers", "SlaTier", false};
inline constexpr Resource kPlacementPolicies{"berth.dev", "v1alpha1", "placementpolicies",
                                             "PlacementPolicy", false};
inline constexpr Resource kCapacityPools{"berth.dev", "v1alpha1", "capacitypools", "CapacityPool",
                                         false};

// Every resource above, for tools that start from a manifest or a path.
std::span<const Resource> known_resources();
// The known resource with this apiVersion and kind, as a manifest spells them.
std::optional<Resource> find_resource(std::string_view api_version, std::string_view kind);

}  // namespace berth::kube
