#pragma once
#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "translate/accelerators.h"

namespace berth::control {

// The proxy before InferenceEndpoints, one per namespace that has some.
struct RouterSettings {
  std::string image;  // empty: none can run
  std::string image_pull_policy = "IfNotPresent";
  int64_t replicas = 2;
  Millis load_interval{2'000};    // between two looks at what it has counted, where it scales
  Millis count_interval{10'000};  // and elsewhere
  std::map<std::string, std::string> node_selector;
};

// The Gateway that leads to InferenceEndpoints from outside the cluster.
struct GatewaySettings {
  std::string name;  // empty: there is none, and nothing is known of HTTPRoutes
  std::string name_space;
  std::string section;   // the listener; empty: any that takes routes of the namespace
  std::string hostname;  // with {name} and {namespace} of an endpoint; empty: the Gateway's own
  bool is_withdrawn = false;  // the routes that Berth wrote are taken away

  bool leads_here() const { return !name.empty() && !is_withdrawn; }
};

// What an installation chooses, as values; operator/manager/flags.h reads them.
struct Settings {
  std::string name_space = "berth-system";  // of the operator and its Lease
  std::string identity;                     // this pod's name: the API server fences writes by it
  std::string lease_name = "berth-operator";
  translate::Accelerators accelerators = translate::well_known_accelerators();
  std::set<std::string> exempt_namespaces = {"kube-system"};
  std::string scheduler_name = "berth";
  std::string scheduler_lease_name = "berth-scheduler";
  std::string priority_class = "berth-workload";
  Millis foreign_start_timeout{300'000};
  Millis lease{15'000};
  Millis pass_interval{5};          // least time between two passes
  Millis hold_debounce{1'000};      // a hold younger than this is not worth a write
  Millis hold_refresh{30'000};      // least time between writes of a hold that only changed numbers
  Millis quota_refresh{2'000};      // least time between writes of a Quota that charge nothing new
  Millis budget_refresh{60'000};    // least time between writes of a Quota for what it spends
  Millis endpoint_refresh{60'000};  // least time between writes of an endpoint for new figures
  Millis counts_refresh{300'000};   // and of what its promise was counted from
  Millis tier_refresh{30'000};      // least time between writes of a SlaTier
  Millis pool_refresh{5'000};       // least time between writes of a CapacityPool
  Millis policy_refresh{5'000};  // least time between writes of a policy that only changed numbers
  Millis outlook_refresh{30'000};    // least time between two looks at what work is to be expected
  Millis node_avoidance{600'000};    // how long a job keeps off a node that failed its plan
  Millis release_patience{120'000};  // beyond its victims' grace, until a nomination is given up
  Millis resize_settle{600'000};     // how long an elastic gang stays as it is after a start
  Millis progress_interval{30'000};  // how often a worker is asked; 0 never
  Millis usage_half_life{86'400'000};      // of what a tenant held lately; 0: it does not count
  int64_t usage_history_permille = 1'000;  // what a device held lately counts for, of one borrowed
  RouterSettings router;
  GatewaySettings gateway;
  uint64_t seed = 0;  // of jitter
};

inline constexpr const char* kRouterName = "berth-router";  // of its objects in each namespace
inline constexpr std::string_view kFinalizer = "berth.dev/release";
inline constexpr std::string_view kQuotaLabel = "berth.dev/quota";  // on namespaces
inline constexpr std::string_view kRendezvousService = "berth";     // one per namespace
inline constexpr std::string_view kSliceManager = "berth.dev";      // of its EndpointSlices

}  // namespace berth::control
