#include "operator/controllers/inferenceendpoint/endpoint_controller.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "api/codec.h"
#include "kube/request.h"
#include "operator/controllers/inferenceendpoint/endpoint_service.h"
#include "operator/controllers/inferenceendpoint/replica_job.h"
#include "operator/controllers/router/router_objects.h"
#include "operator/world/status_write.h"
#include "runtime/ownership.h"

namespace berth::control {
namespace {

// A Gateway has several reasons not to lead here, and while it is being asked it has none.
bool is_news(const api::Condition* was, const api::Condition& is) {
  if (is.type != kExposed) return was == nullptr || was->status != is.status;
  return is.reason != kPending && (was == nullptr || was->reason != is.reason);
}

bool is_bad(const api::Condition* was, const api::Condition& is) {
  if (is.type == "Stalled") return is.is_true();
  return !is.is_true() && (was != nullptr || is.type == kExposed);
}

bool makes_something(const EndpointPlan& plan) {
  return !plan.replicas.create.empty() || plan.create_service || plan.route == RouteAction::Create;
}

}  // namespace

runtime::Next EndpointController::reconcile(const runtime::ObjectKey& key, runtime::Writes writes) {
  const api::InferenceEndpoint* endpoint = stores_.endpoints.find(key);
  if (endpoint == nullptr || endpoint->meta.deletion) return {};  // what it owns follows it
  if (stores_.is_terminating(key.name_space)) return {};
  const EndpointFacts facts = gather(*endpoint);
  EndpointPlan plan = decide(facts);
  for (const api::GpuJob* replica : plan.replicas.remove) {
    writes.remove(kube::remove(kube::kGpuJobs, key.name_space, replica->meta.name,
                               {.uid = replica->meta.uid}));
  }
  for (const NewTerms& terms : plan.replicas.set_terms) set_terms(*endpoint, terms, writes);
  const auto again_at = plan.replicas.again_at;
  if (makes_something(plan)) {
    confirm(*endpoint, std::move(plan), writes);
  } else {
    write_route(*endpoint, plan.route, writes);
    if (plan.status) write_status(*endpoint, *std::move(plan.status), writes);
  }
  return {again_at};
}

// What is made for an endpoint that is gone is collected at once: while the watch is behind, that
// would be made again and again. So the status comes first, be it the same: it is taken only from
// whom has read the newest of this very endpoint.
void EndpointController::confirm(const api::InferenceEndpoint& endpoint, EndpointPlan plan,
                                 runtime::Writes& writes) {
  auto status = plan.status.value_or(endpoint.status);
  const auto make = [this, endpoint, plan = std::move(plan), writes]() mutable {
    for (const NewReplica& replica : plan.replicas.create) create(endpoint, replica, writes);
    if (plan.create_service) create_service(endpoint, writes);
    write_route(endpoint, plan.route, writes);
  };
  write_status(endpoint, std::move(status), writes, make);
}

EndpointFacts EndpointController::gather(const api::InferenceEndpoint& endpoint) const {
  const runtime::ObjectKey key = runtime::key_of(endpoint.meta);
  const RouterDeployment* router = stores_.routers.find({endpoint.meta.name_space, kRouterName});
  EndpointFacts facts{.replicas = {.endpoint = endpoint,
                                   .replicas = {},
                                   .taken = {},
                                   .desired = endpoint.spec.scaling.min_replicas,
                                   .now = clock_.now()},
                      .service = stores_.services.find(key),
                      .router = {.has_image = !settings_.router.image.empty(),
                                 .ready = router == nullptr ? 0 : router->ready},
                      .route = {.gateway = settings_.gateway,
                                .api = stores_.route_api,
                                .route = stores_.routes.find(key)}};
  if (endpoint.spec.suspend) {
    facts.replicas.desired = 0;
  } else if (scaled && api::is_scaled(endpoint)) {
    const scaling::Decision decision = scaled(endpoint);
    facts.replicas.desired = decision.desired;
    facts.why_scaled = decision.why;
  }
  if (slo_of) facts.slo = slo_of(endpoint.meta.uid);
  facts.replicas.headroom_percent = headroom_of(facts.slo, endpoint);
  if (cost_of) facts.cost = cost_of(endpoint.meta.uid);
  if (learned_of) facts.learned = learned_of(endpoint.meta.uid);
  if (cold_start_of) facts.cold_start = cold_start_of(endpoint.meta.uid);
  for (const api::GpuJob* job :
       stores_.jobs.by(stores_.jobs_by_namespace, endpoint.meta.name_space)) {
    if (runtime::controller_uid(job->meta, kube::kInferenceEndpoints) == endpoint.meta.uid) {
      facts.replicas.replicas.push_back(job);
    } else if (const auto slot = slot_of(endpoint.meta.name, job->meta.name)) {
      facts.replicas.taken.insert(*slot);
    }
  }
  return facts;
}

runtime::Writes::Took EndpointController::keep_job() {
  return [this](Json&& reply) {
    auto stored = api::from_json<api::GpuJob>(reply);
    if (stored) stores_.jobs.upsert(*std::move(stored));
  };
}

void EndpointController::create(const api::InferenceEndpoint& endpoint, const NewReplica& replica,
                                runtime::Writes& writes) {
  Json object = api::to_json(replica_job(endpoint, replica.slot, replica.terms));
  object.erase("status");
  writes.send(kube::create(kube::kGpuJobs, object), keep_job());
}

void EndpointController::set_terms(const api::InferenceEndpoint& endpoint, const NewTerms& terms,
                                   runtime::Writes& writes) {
  const ObjectMeta& meta = terms.replica->meta;
  const Json patch = {{"metadata", {{"uid", meta.uid}}},
                      {"spec",
                       {{"priority", endpoint.spec.priority},
                        {"replica",
                         {{"preemptible", terms.terms.preemptible},
                          {"headroomPercent", terms.terms.headroom_percent}}}}}};
  writes.send(kube::patch_merge(kube::kGpuJobs, meta.name_space, meta.name, patch), keep_job());
}

void EndpointController::create_service(const api::InferenceEndpoint& endpoint,
                                        runtime::Writes& writes) {
  writes.ensure(kube::create(kube::kServices, endpoint_service(endpoint)), [this](Json&& reply) {
    auto stored = decode_named(reply);
    if (stored) stores_.services.upsert(*std::move(stored));
  });
}

void EndpointController::write_route(const api::InferenceEndpoint& endpoint, RouteAction action,
                                     runtime::Writes& writes) {
  const ObjectMeta& meta = endpoint.meta;
  const GatewaySettings& gateway = settings_.gateway;
  const auto keep = [this](Json&& reply) {
    auto stored = decode_route(reply);
    if (stored) stores_.routes.upsert(*std::move(stored));
  };
  const Route* there = stores_.routes.find(runtime::key_of(meta));
  switch (action) {
    case RouteAction::None: return;
    case RouteAction::Create:
      return writes.ensure(kube::create(kube::kHttpRoutes, endpoint_route(endpoint, gateway)),
                           keep);
    case RouteAction::Correct:
      return writes.send(kube::patch_merge(kube::kHttpRoutes, meta.name_space, meta.name,
                                           route_correction(endpoint, *there, gateway)),
                         keep);
    case RouteAction::Remove:
      return writes.remove(
          kube::remove(kube::kHttpRoutes, meta.name_space, meta.name, {.uid = there->meta.uid}));
  }
}

void EndpointController::write_status(const api::InferenceEndpoint& endpoint,
                                      api::InferenceEndpointStatus status, runtime::Writes& writes,
                                      std::function<void()> then) {
  api::InferenceEndpoint wanted = endpoint;
  wanted.status = std::move(status);
  writes.send(status_write(kube::kInferenceEndpoints, endpoint.meta, api::to_json(wanted)),
              [this, before = endpoint, then = std::move(then)](Json&& reply) {
                if (then) then();
                auto stored = api::from_json<api::InferenceEndpoint>(reply);
                if (!stored) return;
                tell(before, stored->status);
                stores_.endpoints.upsert(*std::move(stored));
              });
}

// One event per condition that turned.
void EndpointController::tell(const api::InferenceEndpoint& before,
                              const api::InferenceEndpointStatus& now) {
  for (const char* type : {"Ready", "Stalled", "SLOMet", kExposed}) {
    const api::Condition* is = api::find_condition(now.conditions, type);
    const api::Condition* was = api::find_condition(before.status.conditions, type);
    if (is == nullptr || !is_news(was, *is)) continue;
    recorder_.record(
        {.regarding = runtime::regarding(kube::kInferenceEndpoints, before.meta),
         .type = is_bad(was, *is) ? runtime::EventType::Warning : runtime::EventType::Normal,
         .reason = is->reason,
         .action = "Serve",
         .note = is->message});
  }
}

}  // namespace berth::control
