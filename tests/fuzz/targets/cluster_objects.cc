#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "api/codec.h"
#include "json/parse.h"
#include "sched/core/pass.h"
#include "sched/core/world.h"
#include "tests/fuzz/targets.h"
#include "translate/asks.h"
#include "translate/charges.h"
#include "translate/node.h"
#include "translate/outlook.h"
#include "translate/pod.h"
#include "translate/policies.h"
#include "translate/pools.h"
#include "translate/read_json.h"
#include "translate/reservations.h"
#include "translate/runs.h"
#include "translate/tenancy.h"

namespace berth::fuzz {
namespace {

const Instant kNow{std::chrono::hours{24 * 365 * 56}};

// Objects of a kind that the API server would have taken.
template <class K>
void take(const Json& json, std::vector<K>& into) {
  if (!api::validate<K>(json).empty()) return;
  auto object = api::from_json<K>(json);
  if (object) into.push_back(*std::move(object));
}

template <class K>
std::vector<const K*> pointers(const std::vector<K>& objects) {
  std::vector<const K*> all;
  for (const K& object : objects) all.push_back(&object);
  return all;
}

// Reads a cluster as the operator does, and has a pass decide on it.
class Cluster {
 public:
  void read(const Json& json) {
    const std::string kind = translate::text_at(json, "kind");
    if (kind == "Quota") take(json, quotas_);
    if (kind == "GpuJob") take(json, jobs_);
    if (kind == "CapacityPool") take(json, pools_);
    if (kind == "PlacementPolicy") take(json, policies_);
    if (kind == "Reservation") take(json, reservations_);
    if (kind == "SlaTier") take(json, tiers_);
    if (kind == "Pod") {
      if (auto pod = translate::decode_pod(json, accelerators_)) pods_.push_back(*std::move(pod));
    }
    if (kind == "Node") {
      if (auto node = translate::decode_node(json, accelerators_)) {
        nodes_.push_back(*std::move(node));
      }
    }
  }

  void decide() {
    const translate::Pools pools = translate::settle(pointers(pools_), accelerators_);
    const translate::Tenancy tenancy = translate::settle(pointers(quotas_));
    world_.set_quotas(tenancy.quotas);
    give_nodes(pools);
    give_pods(tenancy);
    give_rest(tenancy);
    translate::Mix mix;
    std::vector<sched::Ask> asks;
    std::set<std::string> known;
    for (const api::GpuJob& job : jobs_) {
      if (!known.insert(job.meta.uid).second) continue;
      mix.add(job, pools);
      if (job.status.placement) {
        give_job(job, tenancy);
        if (auto ask = translate::growth_ask_of(job, tenancy, pools, estimates_)) {
          asks.push_back(*std::move(ask));
        }
      } else {
        asks.push_back(translate::ask_of(job, tenancy, pools, estimates_, {}));
      }
    }
    world_.set_outlook(translate::outlook_of(mix, world_, pools));
    const auto decisions = sched::run_pass(world_, pointers(asks), kNow);
    // Of those that run and would like to grow, only those that may are decided.
    const auto waiting = static_cast<size_t>(std::count_if(
        asks.begin(), asks.end(), [](const sched::Ask& ask) { return ask.runs_with == 0; }));
    require(waiting <= decisions.size() && decisions.size() <= asks.size(),
            "not every ask was decided, or one twice");
  }

 private:
  void give_nodes(const translate::Pools& pools) {
    for (translate::Node& node : nodes_) {
      translate::enter(node, pools);
      require(node.devices >= 0 && translate::devices_beyond(node) >= 0, "devices below zero");
      world_.set_node(translate::to_sched(node));
    }
    (void)translate::conflicts(pools, nodes_);
  }
  void give_pods(const translate::Tenancy& tenancy) {
    for (const translate::Pod& pod : pods_) {
      world_.set_holder({.source = pod.meta.uid,
                         .charges = translate::charges_of(pod, "nvidia-h200", false, tenancy)});
    }
  }
  void give_job(const api::GpuJob& job, const translate::Tenancy& tenancy) {
    const std::string tier = translate::tier_name(job, tenancy);
    world_.set_holder({.source = job.meta.uid,
                       .charges = translate::charges_of(job, *job.status.placement, tenancy),
                       .run = translate::run_of(job, tier, world_.tier(tier), estimates_, kNow)});
  }
  void give_rest(const translate::Tenancy& tenancy) {
    std::map<std::string, sched::Tier> tiers;
    for (const api::SlaTier& tier : tiers_) tiers.emplace(tier.meta.name, translate::tier_of(tier));
    world_.set_tiers(std::move(tiers));
    std::vector<sched::PlacementPolicy> policies;
    for (const api::PlacementPolicy& policy : policies_) {
      policies.push_back(translate::policy_of(policy));
    }
    world_.set_policies(std::move(policies));
    for (const api::Reservation& reservation : reservations_) {
      (void)translate::reservation_of(reservation, tenancy);
      (void)translate::booked_in(reservation, tenancy);
    }
  }

  translate::Accelerators accelerators_ = translate::well_known_accelerators();
  std::vector<api::Quota> quotas_;
  std::vector<api::GpuJob> jobs_;
  std::vector<api::CapacityPool> pools_;
  std::vector<api::PlacementPolicy> policies_;
  std::vector<api::Reservation> reservations_;
  std::vector<api::SlaTier> tiers_;
  std::vector<translate::Pod> pods_;
  std::vector<translate::Node> nodes_;
  sched::Estimates estimates_;
  sched::World world_;
};

}  // namespace

// The objects of a cluster, one per line: what the operator makes of them.
void cluster_objects(std::string_view input) {
  Cluster cluster;
  while (!input.empty()) {
    const Json json = parse_json(take_until(input, '\n'));
    if (json.is_object()) cluster.read(json);
  }
  cluster.decide();
}

}  // namespace berth::fuzz
