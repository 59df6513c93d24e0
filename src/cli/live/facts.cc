#include "cli/live/facts.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "api/codec.h"
#include "translate/charges.h"
#include "translate/pools.h"
#include "translate/worker_name.h"

namespace berth::cli {
namespace {

// An object that a newer server wrote in a way we cannot read is no reason to say nothing at all.
template <class T, class Decode>
std::vector<T> decode_all(const std::vector<Json>& objects, Decode decode) {
  std::vector<T> decoded;
  decoded.reserve(objects.size());
  for (const Json& object : objects) {
    if (Result<T> one = decode(object)) decoded.push_back(*std::move(one));
  }
  return decoded;
}

// Empty where the user may not list them: then the answer is as if there were none.
Result<std::vector<Json>> list_if_allowed(const Connection& connection,
                                          const kube::Resource& resource, std::ostream& err) {
  auto objects = list_all(connection, resource);
  if (objects || objects.error().code != Code::Forbidden) return objects;
  err << "kubectl-berth: you may not list " << resource.plural
      << ": this is as if there were none\n";
  return std::vector<Json>{};
}

// The accelerators of the chart are not to be read; a pool whose resources are not among them says
// so.
bool is_gated(const api::CapacityPool& pool) {
  const api::Condition* ready = api::find_condition(pool.status.conditions, "Ready");
  return ready == nullptr || ready->is_true() || ready->reason != "NotGated";
}

void add_resources(const api::CapacityPoolSpec& spec, translate::Accelerators& accelerators) {
  const auto add = [&](const std::string& resource) {
    if (!accelerators.contains(resource)) accelerators.resources.push_back(resource);
  };
  add(spec.resource);
  for (const api::PoolShare& share : spec.shares) add(share.resource);
}

std::string class_for(const translate::Pod& pod,
                      const std::map<std::string, const translate::Node*>& nodes) {
  const auto at = nodes.find(pod.where().empty() ? translate::planned_node(pod) : pod.where());
  return translate::class_for(pod, at == nodes.end() ? nullptr : at->second);
}

// Who may not list the pools sees the nodes as their labels say.
Result<std::vector<api::CapacityPool>> read_capacity_pools(const Connection& connection,
                                                           std::ostream& err) {
  const auto objects = BERTH_TRY(list_if_allowed(connection, kube::kCapacityPools, err));
  return decode_all<api::CapacityPool>(
      objects, [](const Json& o) { return api::from_json<api::CapacityPool>(o); });
}

}  // namespace

std::set<std::string> exempt_namespaces() { return {"kube-system"}; }

Result<std::vector<api::Quota>> read_quotas(const Connection& connection) {
  const auto objects = BERTH_TRY(list_all(connection, kube::kQuotas));
  return decode_all<api::Quota>(objects,
                                [](const Json& o) { return api::from_json<api::Quota>(o); });
}

Result<std::vector<api::GpuJob>> read_jobs(const Connection& connection,
                                           const std::string& name_space) {
  const auto objects = BERTH_TRY(list_all(connection, kube::kGpuJobs, name_space));
  return decode_all<api::GpuJob>(objects,
                                 [](const Json& o) { return api::from_json<api::GpuJob>(o); });
}

LivePools settle_pools(const std::vector<api::CapacityPool>& pools) {
  LivePools live{translate::well_known_accelerators(), {}};
  std::vector<const api::CapacityPool*> alive;
  for (const api::CapacityPool& pool : pools) {
    if (!pool.meta.deletion && is_gated(pool)) alive.push_back(&pool);
  }
  for (const api::CapacityPool* pool : alive) add_resources(pool->spec, live.accelerators);
  live.pools = translate::settle(std::move(alive), live.accelerators);
  return live;
}

Result<LivePools> read_pools(const Connection& connection, std::ostream& err) {
  return settle_pools(BERTH_TRY(read_capacity_pools(connection, err)));
}

translate::Tenancy tenancy_of(const std::vector<api::Quota>& quotas) {
  std::vector<const api::Quota*> alive;
  for (const api::Quota& quota : quotas) {
    if (!quota.meta.deletion) alive.push_back(&quota);
  }
  return translate::settle(std::move(alive), exempt_namespaces());
}

Result<Live> read_live(const Connection& connection, std::ostream& err, Undecoded* undecoded) {
  Live live;
  live.quotas = BERTH_TRY(read_quotas(connection));
  const auto tiers = BERTH_TRY(list_if_allowed(connection, kube::kSlaTiers, err));
  live.tiers = decode_all<api::SlaTier>(
      tiers, [](const Json& o) { return api::from_json<api::SlaTier>(o); });
  const auto policies = BERTH_TRY(list_if_allowed(connection, kube::kPlacementPolicies, err));
  live.policies = decode_all<api::PlacementPolicy>(
      policies, [](const Json& o) { return api::from_json<api::PlacementPolicy>(o); });
  live.jobs = BERTH_TRY(read_jobs(connection));
  const auto reservations = BERTH_TRY(list_if_allowed(connection, kube::kReservations, err));
  live.reservations = decode_all<api::Reservation>(
      reservations, [](const Json& o) { return api::from_json<api::Reservation>(o); });
  live.capacity_pools = BERTH_TRY(read_capacity_pools(connection, err));
  Undecoded read;
  read.nodes = BERTH_TRY(list_all(connection, kube::kNodes));
  read.pods = BERTH_TRY(list_all(connection, kube::kPods, {}, translate::pod_members()));
  enter_pools(read, live);
  if (undecoded != nullptr) *undecoded = std::move(read);
  live.tenancy = tenancy_of(live.quotas);
  return live;
}

void enter_pools(const Undecoded& undecoded, Live& live) {
  LivePools settled = settle_pools(live.capacity_pools);
  live.pools = std::move(settled.pools);
  live.nodes = decode_all<translate::Node>(undecoded.nodes, [&](const Json& o) {
    auto node = translate::decode_node(o, settled.accelerators);
    if (node) translate::enter(*node, live.pools);
    return node;
  });
  live.pods = decode_all<translate::Pod>(undecoded.pods, [&](const Json& o) {
    return translate::decode_pod(o, settled.accelerators);
  });
}

int64_t Held::devices() const {
  int64_t sum = 0;
  for (const sched::Charge& charge : charges) sum += charge.devices;
  return sum;
}

std::map<std::string, Held> holdings_of(const Live& live) {
  std::map<std::string, const translate::Node*> nodes;
  for (const translate::Node& node : live.nodes) nodes.emplace(node.meta.name, &node);
  std::map<std::string, Held> held;
  for (const api::GpuJob& job : live.jobs) {
    if (!job.status.placement) continue;
    held[job.meta.uid] = {&job, nullptr, charges_of(job, *job.status.placement, live.tenancy)};
  }
  const std::set<std::string> exempt = exempt_namespaces();
  for (const translate::Pod& pod : live.pods) {
    const std::string owner = owner_job(pod);
    const auto job = held.find(owner);
    if (!owner.empty() && job != held.end() && job->second.job != nullptr) {
      const api::GpuJob& of = *job->second.job;
      const auto worker = translate::parse_worker_name(of.meta.name, pod.meta.name);
      if (worker && worker->attempt == of.status.placement->attempt) continue;
    }
    auto charges =
        charges_of(pod, class_for(pod, nodes), exempt.contains(pod.meta.name_space), live.tenancy);
    if (charges.empty()) continue;
    // A worker whose placement is gone runs on its tenant's account until it has ended.
    for (sched::Charge& charge : charges) {
      if (!owner.empty() && charge.kind == sched::ChargeKind::Unadmitted) {
        charge.kind = sched::ChargeKind::Admitted;
      }
    }
    held[pod.meta.uid] = {nullptr, &pod, std::move(charges)};
  }
  return held;
}

}  // namespace berth::cli
