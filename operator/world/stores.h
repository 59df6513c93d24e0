#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/capacitypool.h"
#include "api/gpujob.h"
#include "api/inferenceendpoint.h"
#include "api/placementpolicy.h"
#include "api/quota.h"
#include "api/reservation.h"
#include "api/slatier.h"
#include "base/labels.h"
#include "json/json_fwd.h"
#include "json/violation.h"
#include "runtime/store.h"
#include "translate/node.h"
#include "translate/pod.h"
#include "translate/pools.h"

namespace berth::control {

// A namespace, a Service or an EndpointSlice: only who and whose it is and its labels matter.
struct Named {
  ObjectMeta meta;
};

// From any object's JSON.
Result<Named> decode_named(const Json& object);

// The Deployment of a berth-router.
struct RouterDeployment {
  ObjectMeta meta;
  int64_t ready = 0;  // replicas
};

// What a Gateway says of a route.
struct GatewayAnswer {
  std::string name_space;  // of the Gateway
  std::string name;
  std::string refusal;  // "Accepted is False, NotAllowedByListeners"; empty: it leads here

  bool operator==(const GatewayAnswer&) const = default;
};

// An HTTPRoute.
struct Route {
  ObjectMeta meta;
  std::string spec;  // JSON, of those of InferenceEndpoints only
  std::vector<GatewayAnswer> answers;
};

// Whether there are HTTPRoutes at all.
enum class RouteApi {
  Unknown,  // not asked yet, or not listed yet
  Absent,   // the API server does not serve them
  Listed,
};

// Everything that the operator knows of the cluster, as last heard. One thread.
struct Stores {
  Stores();

  runtime::Store<api::Quota> quotas;
  runtime::Store<api::SlaTier> tiers;
  runtime::Store<api::CapacityPool> pools;
  runtime::Store<api::PlacementPolicy> policies;
  runtime::Store<api::Reservation> reservations;
  runtime::Store<api::GpuJob> jobs;
  runtime::Store<api::InferenceEndpoint> endpoints;
  runtime::Store<translate::Pod> pods;
  runtime::Store<translate::Node> nodes;
  runtime::Store<Named> namespaces;
  runtime::Store<Named> services;
  runtime::Store<Named> slices;              // EndpointSlices of kSliceManager
  runtime::Store<RouterDeployment> routers;  // Deployments called kRouterName

  runtime::Store<Route> routes;  // where a Gateway is set
  RouteApi route_api = RouteApi::Unknown;

  SameLabels pod_labels;  // of the pods, as they are decoded

  // The pools settled; nodes are in the store as it says, see keep_pooled().
  translate::Pools pooling;
  std::set<std::string> mispooled;  // nodes that are not: decoded before it changed, listed after

  // What is wrong with stored jobs that an older schema let in, by UID.
  std::map<std::string, Violations> invalid_jobs;

  // The namespace is on its way out: nothing new can be created in it.
  bool is_terminating(const std::string& name_space) const;
  // A pod of that GpuJob has not ended yet.
  bool has_live_pods(const std::string& job_uid) const;

  runtime::IndexId pods_by_owner;      // UID of the controlling GpuJob
  runtime::IndexId pods_by_node;       // bound, pinned or planned to
  runtime::IndexId pods_by_group;      // "namespace/group", foreign pods only
  runtime::IndexId pods_by_namespace;  // foreign accelerator pods only
  runtime::IndexId router_pods;        // by namespace
  runtime::IndexId jobs_by_namespace;
  runtime::IndexId jobs_by_endpoint;  // that they are replicas of: see replicas_of()
  runtime::IndexId endpoints_by_namespace;
  runtime::IndexId slices_by_owner;  // UID of the controlling GpuJob
};

// The GpuJobs of the endpoint's namespace that it controls: others can name its UID, too.
std::vector<const api::GpuJob*> replicas_of(const Stores& stores,
                                            const api::InferenceEndpoint& endpoint);

// "namespace/group" of a foreign pod that is to be admitted with others; empty for one alone.
std::string group_of(const translate::Pod& pod);

// Settles the pools whenever one of them changes, and puts every node that it changes in anew.
void keep_pooled(Stores& stores, const translate::Accelerators& accelerators);
// Puts the mispooled nodes right. Between two deliveries.
void repool(Stores& stores);
// The UID of the Reservation that the job names; empty when there is no such object, nothing when
// it names none.
std::optional<std::string> used_reservation(const Stores& stores, const api::GpuJob& job);

}  // namespace berth::control
