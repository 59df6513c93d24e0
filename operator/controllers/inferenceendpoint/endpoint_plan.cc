#include "operator/controllers/inferenceendpoint/endpoint_plan.h"

#include <algorithm>

#include "base/text.h"
#include "operator/controllers/gpujob/serving_pod.h"
#include "operator/controllers/inferenceendpoint/endpoint_service.h"
#include "operator/world/stamp.h"
#include "sched/cpu_class.h"

namespace berth::control {
namespace {

constexpr size_t kDecisionsKept = 20;

const api::Condition* condition_of(const api::GpuJob& job, std::string_view type) {
  return api::find_condition(job.status.conditions, type);
}

std::string of_desired(int64_t count, int64_t desired) {
  return std::to_string(count) + " of " + count_text(desired, "replica");
}

api::ReplicaCounts count(const ReplicaFacts& facts) {
  api::ReplicaCounts counts{.desired = facts.desired};
  for (const api::GpuJob* job : facts.replicas) {
    if (job->meta.deletion || api::is_finished(*job)) continue;
    if (!is_serving(*job)) {
      ++counts.starting;
      continue;
    }
    ++counts.ready;
    const auto& workers = job->status.placement->workers;
    if (!workers.empty() && workers.front().device_class == sched::kCpuClass) ++counts.on_cpu;
  }
  return counts;
}

// The first replica that waits for a place, and why, in the words of its job.
void set_admitted(const EndpointFacts& facts, Stamp& stamp) {
  const int64_t desired = facts.replicas.desired;
  int64_t placed = 0;
  const api::Condition* why = nullptr;
  for (const api::GpuJob* job : facts.replicas.replicas) {
    if (job->meta.deletion) continue;
    if (job->status.placement) {
      ++placed;
    } else if (why == nullptr) {
      why = condition_of(*job, "Admitted");
    }
  }
  if (desired == 0) return stamp.set("Admitted", false, "NoReplicas", "no replica is wanted");
  if (placed >= desired) {
    return stamp.set("Admitted", true, "Admitted", count_text(desired, "replica") + " admitted");
  }
  std::string message = of_desired(placed, desired) + " admitted";
  if (why != nullptr && !why->message.empty()) message += ", the next: " + why->message;
  stamp.set("Admitted", false, why != nullptr ? why->reason : "Pending", std::move(message));
}

void set_routes(const EndpointFacts& facts, Stamp& stamp) {
  const api::InferenceEndpoint& endpoint = facts.replicas.endpoint;
  if (!facts.router.has_image) {
    return stamp.set("RoutesReady", false, "NoRouter",
                     "this installation has no image of berth-router (chart value router.image)");
  }
  if (facts.service != nullptr && !is_service_of(endpoint, facts.service->meta)) {
    return stamp.set("RoutesReady", false, "NameTaken",
                     "Service " + endpoint.meta.name +
                         " of this namespace is somebody else's: rename it or the endpoint");
  }
  if (facts.service == nullptr || facts.router.ready == 0) {
    return stamp.set("RoutesReady", false, "Starting", "the namespace's router is starting");
  }
  stamp.set("RoutesReady", true, "RoutesReady",
            count_text(facts.router.ready, "router") + " ready");
}

void set_exposed(const EndpointFacts& facts, api::InferenceEndpointStatus& status, Stamp& stamp) {
  const GatewaySettings& gateway = facts.route.gateway;
  if (!gateway.leads_here()) {
    status.hostname.clear();
    std::erase_if(status.conditions, [](const auto& one) { return one.type == kExposed; });
    return;
  }
  auto exposed = exposure(facts.replicas.endpoint, facts.route);
  if (!exposed) return;
  const bool holds = exposed->status == api::ConditionStatus::True;
  status.hostname = holds ? outside_host(facts.replicas.endpoint, gateway) : "";
  stamp.set(kExposed, exposed->status, exposed->reason, std::move(exposed->message));
}

// What went wrong with a replica that runs what the endpoint says now.
void set_stalled(const ReplicaSet& set, Stamp& stamp) {
  for (const api::GpuJob* job : set.failed) {
    if (ended_early(*job)) {
      return stamp.set("Stalled", true, "Exited",
                       "GpuJob " + job->meta.name +
                           ": the worker exited with 0, which has to serve until it is told to go");
    }
    const api::Condition* failed = condition_of(*job, "Failed");
    if (failed == nullptr || !failed->is_true()) continue;
    return stamp.set("Stalled", true, failed->reason,
                     "GpuJob " + job->meta.name + ": " + failed->message);
  }
  stamp.clear_if_set("Stalled", "Recovered", "no replica has given up");
}

// What keeps the first replica with a place from serving, in the words of its job: an image that
// cannot be pulled, for example, long before the job gives up.
std::string why_not_serving(const ReplicaSet& set) {
  for (const api::GpuJob* job : set.current) {
    const api::Condition* ready = condition_of(*job, "Ready");
    if (ready == nullptr || ready->is_true() || ready->reason == "NotAdmitted") continue;
    return ", " + job->meta.name + ": " + ready->message;
  }
  return "";
}

void set_progressing(const EndpointFacts& facts, const ReplicaSet& set, Stamp& stamp) {
  const int64_t desired = facts.replicas.desired;
  const auto serves =
      static_cast<int64_t>(std::count_if(set.current.begin(), set.current.end(),
                                         [](const api::GpuJob* job) { return is_serving(*job); }));
  if (!set.old.empty()) {
    return stamp.set("Progressing", true, "Rolling",
                     of_desired(serves, desired) + " with the new spec, " +
                         std::to_string(set.old.size()) + " with the one before" +
                         why_not_serving(set));
  }
  const auto there = static_cast<int64_t>(set.current.size()) + set.leaving;
  if (serves != desired || there != desired) {
    return stamp.set("Progressing", true, "Scaling",
                     of_desired(serves, desired) + " ready, " + std::to_string(set.leaving) +
                         " leaving" + why_not_serving(set));
  }
  stamp.set("Progressing", false, "Complete", count_text(desired, "replica") + " as wanted");
}

void set_ready(const EndpointFacts& facts, int64_t ready, Stamp& stamp) {
  const api::InferenceEndpointSpec& spec = facts.replicas.endpoint.spec;
  if (spec.suspend) return stamp.set("Ready", false, "Suspended", "suspend is true");
  const api::Condition* routes = api::find_condition(stamp.conditions, "RoutesReady");
  if (!routes->is_true()) return stamp.set("Ready", false, routes->reason, routes->message);
  const int64_t least = spec.scaling.min_replicas;
  if (ready < least) {
    const api::Condition* stalled = api::find_condition(stamp.conditions, "Stalled");
    const bool is_stalled = stalled != nullptr && stalled->is_true();
    const api::Condition* admitted = api::find_condition(stamp.conditions, "Admitted");
    const bool waits = !admitted->is_true() && facts.replicas.desired > 0;
    const api::Condition* why = is_stalled ? stalled : waits ? admitted : nullptr;
    std::string message = of_desired(ready, least) + " ready";
    if (why != nullptr) message += ", " + why->message;
    return stamp.set("Ready", false, why != nullptr ? why->reason : "Starting", std::move(message));
  }
  if (ready == 0) {
    return stamp.set("Ready", true, "Asleep", "the next request starts a replica");
  }
  stamp.set("Ready", true, "Serving", count_text(ready, "replica") + " ready");
}

// The number of replicas followed the load: by how much and why.
void note_decision(const EndpointFacts& facts, int64_t before,
                   api::InferenceEndpointStatus& status) {
  const Instant now = facts.replicas.now;
  const int64_t desired = facts.replicas.desired;
  status.last_decisions.push_back({.id = "scale-" + std::to_string(now.time_since_epoch().count()),
                                   .at = now,
                                   .action = desired > before ? "ScaleUp" : "ScaleDown",
                                   .reason = std::to_string(before) + " to " +
                                             count_text(desired, "replica") + ": " +
                                             facts.why_scaled});
  if (status.last_decisions.size() > kDecisionsKept) {
    status.last_decisions.erase(status.last_decisions.begin());
  }
}

api::ConditionStatus condition_status(const std::optional<bool>& holds) {
  if (!holds) return api::ConditionStatus::Unknown;
  return *holds ? api::ConditionStatus::True : api::ConditionStatus::False;
}

void set_slo(const SloFacts& slo, api::InferenceEndpointStatus& status, Stamp& stamp) {
  status.slo = slo.status;
  if (slo.report) {
    return stamp.set("SLOMet", condition_status(slo.report->is_met), slo::name(slo.report->reason),
                     slo.report->message);
  }
  if (*status.slo == api::SloStatus{}) status.slo.reset();
  std::erase_if(status.conditions, [](const auto& one) { return one.type == "SLOMet"; });
}

api::InferenceEndpointStatus status_of(const EndpointFacts& facts) {
  const api::InferenceEndpoint& endpoint = facts.replicas.endpoint;
  api::InferenceEndpointStatus status = endpoint.status;
  const ReplicaSet set = sort_replicas(endpoint, facts.replicas.replicas);
  status.observed_generation = endpoint.meta.generation;
  status.url = rest_url(endpoint);
  status.grpc_url = grpc_url(endpoint);
  status.selector = std::string(kEndpointLabel) + "=" + endpoint.meta.name;
  const auto before = status.replicas;
  status.replicas = count(facts.replicas);
  if (before && before->desired != status.replicas->desired && !facts.why_scaled.empty()) {
    note_decision(facts, before->desired, status);
  }
  status.variants = {{.role = api::Variant::Stable,
                      .model = endpoint.meta.name,
                      .sha256 = endpoint.spec.model.sha256,
                      .weight_percent = 100,
                      .ready = status.replicas->ready}};
  Stamp stamp{status.conditions, endpoint.meta.generation, facts.replicas.now};
  set_admitted(facts, stamp);
  set_routes(facts, stamp);
  set_exposed(facts, status, stamp);
  set_stalled(set, stamp);
  set_progressing(facts, set, stamp);
  set_ready(facts, status.replicas->ready, stamp);
  if (facts.slo != nullptr) set_slo(*facts.slo, status, stamp);
  if (facts.cost != nullptr) status.cost = *facts.cost;
  if (facts.learned != nullptr) status.learned = *facts.learned;
  if (facts.cold_start) status.cold_start = facts.cold_start;
  return status;
}

}  // namespace

EndpointPlan decide(const EndpointFacts& facts) {
  EndpointPlan plan{.replicas = plan_replicas(facts.replicas)};
  plan.create_service = facts.service == nullptr;
  plan.route = plan_route(facts.replicas.endpoint, facts.route);
  api::InferenceEndpointStatus status = status_of(facts);
  if (status != facts.replicas.endpoint.status) plan.status = std::move(status);
  return plan;
}

}  // namespace berth::control
