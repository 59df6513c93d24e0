#include "operator/manager/feeds.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "operator/controllers/router/router_objects.h"

namespace berth::control {
namespace {

// Decodes a job and remembers what is wrong with it, once per change of its spec.
Result<api::GpuJob> decode_job(const Json& object, Stores& stores) {
  auto job = api::from_json<api::GpuJob>(object);
  if (!job) return job.error();
  const api::GpuJob* known = stores.jobs.find_uid(job->meta.uid);
  if (known != nullptr && known->meta.generation == job->meta.generation) return job;
  Violations violations = api::validate<api::GpuJob>(object);
  if (violations.empty()) {
    stores.invalid_jobs.erase(job->meta.uid);
  } else {
    stores.invalid_jobs.insert_or_assign(job->meta.uid, std::move(violations));
  }
  return job;
}

Result<translate::Pod> decode_pod(const Json& object, Stores& stores,
                                  const translate::Accelerators& accelerators) {
  translate::Pod pod = BERTH_TRY(translate::decode_pod(object, accelerators));
  pod.meta.labels = stores.pod_labels.share(pod.meta.labels);
  return pod;
}

Result<translate::Node> decode_pooled(const Json& object, const Stores& stores,
                                      const translate::Accelerators& accelerators) {
  translate::Node node = BERTH_TRY(translate::decode_node(object, accelerators));
  translate::enter(node, stores.pooling);
  return node;
}

template <class Kind>
Result<Kind> decode_kind(Json&& object) {
  return api::from_json<Kind>(object);
}

kube::WatchRules rules(const Settings& settings) { return {.seed = settings.seed}; }

}  // namespace

Feeds::Feeds(kube::Transport& transport, Stores& stores, const Settings& settings, Log& log)
    : stores_(stores),
      quotas_(transport, {kube::kQuotas, {}}, decode_kind<api::Quota>, stores.quotas, log,
              rules(settings)),
      tiers_(transport, {kube::kSlaTiers, {}}, decode_kind<api::SlaTier>, stores.tiers, log,
             rules(settings)),
      pools_(transport, {kube::kCapacityPools, {}}, decode_kind<api::CapacityPool>, stores.pools,
             log, rules(settings)),
      policies_(transport, {kube::kPlacementPolicies, {}}, decode_kind<api::PlacementPolicy>,
                stores.policies, log, rules(settings)),
      reservations_(transport, {kube::kReservations, {}}, decode_kind<api::Reservation>,
                    stores.reservations, log, rules(settings)),
      jobs_(
          transport, {kube::kGpuJobs, {}},
          [&stores](Json&& object) { return decode_job(object, stores); }, stores.jobs, log,
          rules(settings)),
      endpoints_(transport, {kube::kInferenceEndpoints, {}}, decode_kind<api::InferenceEndpoint>,
                 stores.endpoints, log, rules(settings)),
      pods_(
          transport, {kube::kPods, {}, translate::pod_members()},
          [&stores, &settings](Json&& object) {
            return decode_pod(object, stores, settings.accelerators);
          },
          stores.pods, log, rules(settings)),
      nodes_(
          transport, {kube::kNodes, {}},
          [&stores, &settings](Json&& object) {
            return decode_pooled(object, stores, settings.accelerators);
          },
          stores.nodes, log, rules(settings)),
      namespaces_(
          transport, {kube::kNamespaces, {}}, [](Json&& object) { return decode_named(object); },
          stores.namespaces, log, rules(settings)),
      services_(
          transport, {kube::kServices, {}}, [](Json&& object) { return decode_named(object); },
          stores.services, log, rules(settings)),
      slices_(
          transport,
          {kube::kEndpointSlices,
           {.name_space = "",
            .labels = "endpointslice.kubernetes.io/managed-by=" + std::string(kSliceManager),
            .fields = ""}},
          [](Json&& object) { return decode_named(object); }, stores.slices, log, rules(settings)),
      routers_(
          transport,
          {kube::kDeployments,
           {.name_space = "", .labels = "", .fields = "metadata.name=" + std::string(kRouterName)}},
          [](Json&& object) { return decode_router(object); }, stores.routers, log,
          rules(settings)),
      routes_(transport, stores, settings, log) {
  keep_pooled(stores, settings.accelerators);
  stores.jobs.subscribe([&stores](const api::GpuJob* before, const api::GpuJob* after) {
    if (after == nullptr) stores.invalid_jobs.erase(before->meta.uid);
  });
}

void Feeds::start_rest() {
  tiers_.start();
  pools_.start();
  policies_.start();
  reservations_.start();
  jobs_.start();
  endpoints_.start();
  pods_.start();
  nodes_.start();
  namespaces_.start();
  services_.start();
  slices_.start();
  routers_.start();
  routes_.start();
}

Monotonic Feeds::tick(Monotonic now) {
  repool(stores_);
  return std::min({quotas_.tick(now), tiers_.tick(now), pools_.tick(now), policies_.tick(now),
                   reservations_.tick(now), jobs_.tick(now), pods_.tick(now), nodes_.tick(now),
                   namespaces_.tick(now), services_.tick(now), slices_.tick(now),
                   endpoints_.tick(now), routers_.tick(now), routes_.tick(now)});
}

bool Feeds::all_synced() const {
  const auto all = checks();
  return std::all_of(all.begin(), all.end(), [](const auto& c) { return c.problem.empty(); });
}

std::vector<runtime::HealthCheck> Feeds::checks() const {
  return {runtime::check_synced("quotas", quotas_.synced()),
          runtime::check_synced("slatiers", tiers_.synced()),
          runtime::check_synced("capacitypools", pools_.synced()),
          runtime::check_synced("placementpolicies", policies_.synced()),
          runtime::check_synced("reservations", reservations_.synced()),
          runtime::check_synced("gpujobs", jobs_.synced()),
          runtime::check_synced("inferenceendpoints", endpoints_.synced()),
          runtime::check_synced("pods", pods_.synced()),
          runtime::check_synced("nodes", nodes_.synced()),
          runtime::check_synced("namespaces", namespaces_.synced()),
          runtime::check_synced("services", services_.synced()),
          runtime::check_synced("endpointslices", slices_.synced()),
          runtime::check_synced("deployments", routers_.synced())};
}

}  // namespace berth::control
