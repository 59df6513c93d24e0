#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sched/core/reservation.h"
#include "sched/facts.h"
#include "sched/fleet/fleet.h"
#include "sched/ledger.h"
#include "sched/place/gang.h"
#include "sched/place/topology.h"
#include "sched/policy/policy_book.h"
#include "sched/quota/fair_share.h"
#include "sched/quota_tree.h"
#include "sched/sla/elastic.h"
#include "sched/sla/victim.h"

namespace berth::sched {

// What is promised to work of one tier, and what it has to put up with.
struct Tier {
  int64_t order = 1'000;  // smaller goes first
  int64_t device_time_percent = 0;
  Millis window = std::chrono::hours{24};
  std::optional<Millis> max_queue;
  bool preemptible = false;
  Millis min_runtime{0};
  bool operator==(const Tier&) const = default;
};

// Of work that names no tier, or one that is not known: nothing is promised to it.
inline const Tier& no_tier() {
  static const Tier kNone{.preemptible = true};
  return kNone;
}

// Work that runs and could give way.
struct Run {
  RunningJob job;
  std::string tier;
  std::optional<bool> preemptible;  // nothing: as its tier says
  int64_t priority = 0;
  Millis ran_before{0};                  // useful run of earlier attempts
  Instant ends = Instant::max();         // expected; it is told again when it has proved too early
  Instant ends_surely = Instant::max();  // declared and enforced
  Millis grace{30'000};                  // from being told to give way until it is gone
  // Of an elastic gang, whose workers are alike: with so many it can go on; 0: with all or not.
  size_t least_workers = 0;
};

// A quota, whole tree below it included, that starts nothing more in this window.
struct SpentBudget {
  std::string message;
  Instant until = Instant::max();  // the next window begins
  bool operator==(const SpentBudget&) const = default;
};

enum class VictimOrder {
  LeastLost,    // by what giving way costs
  NewestFirst,  // whoever started last, as others do it: to compare with
};

// Somebody who holds devices: a GpuJob, an endpoint, a foreign pod.
struct Holder {
  std::string source;  // the UID of its object
  std::vector<Charge> charges;
  std::optional<Run> run;   // nothing: it cannot be asked to give way, nor is its end known
  std::string reservation;  // UID of the one whose devices it uses; mostly none
  // It has to give way already: its devices are promised to somebody who is counted, so the quota
  // no longer counts it. What it has on its nodes it has until it is gone.
  bool leaving = false;
};

inline constexpr int64_t kDeviceHour = 3'600'000;  // device-milliseconds

struct CoreSettings {
  // Device time at which work reaches the next level of service, see service_level(); device-
  // milliseconds, ascending. None: work of one tier and tenant never gives way to work like it.
  std::vector<int64_t> service_levels_device_ms = {10 * kDeviceHour, 100 * kDeviceHour,
                                                   1'000 * kDeviceHour};
  VictimOrder victims = VictimOrder::LeastLost;
  int heads = 1;  // held workloads per class whose start is planned and kept
  ResizeSettings resize;
  // Work that has waited this many times the run that it has had and is expected to have still goes
  // before work that has had less service (the starvation knob of Tiresias); 0: never.
  int waits_per_run = 4;
  // With less slack than this an ask goes before those of its priority that have more.
  Millis urgent_slack = std::chrono::minutes{15};
  ReservationSettings reservations;
  bool operator==(const CoreSettings&) const = default;
};

// The facts, indexed for decisions. Every change keeps the indexes right, so that a pass over many
// held workloads after one change costs little. No decision is made in here.
class World {
 public:
  explicit World(CoreSettings settings = {}) : settings_(std::move(settings)) {}

  void set_quotas(std::vector<Quota> quotas);
  void set_tiers(std::map<std::string, Tier> tiers) { tiers_ = std::move(tiers); }
  void set_spent(std::map<QuotaId, SpentBudget> spent) { spent_ = std::move(spent); }
  // `capacity` is not read: it is that of the nodes.
  void set_fairness(FairShareInputs fairness) { fairness_ = std::move(fairness); }
  FairShareInputs fairness() const;
  void set_outlook(const Outlook& outlook);
  // What is taken of the node is not read: holders say so.
  void set_node(const Node& node);
  void remove_node(const NodeId& id);
  void set_holder(Holder holder);
  void remove_holder(const std::string& source);
  // Of a known holder; of another, nothing happens.
  void set_run(const std::string& source, std::optional<Run> run);
  void set_slack(const std::string& source, Millis slack);  // of its run, where it has one
  void set_leaving(const std::string& source, bool leaving);
  // In any order; they act from the next pass on.
  void set_policies(std::vector<PlacementPolicy> policies) { policies_.set(std::move(policies)); }
  // What policies may say of a holder's work, whether it holds anything yet or not; nothing: it is
  // forgotten.
  void set_traits(const std::string& source, std::optional<Traits> traits);
  // As plan_reservations() made them, by UID.
  void set_reservations(std::map<std::string, ReservationPlan> reservations) {
    reservations_ = std::move(reservations);
  }

  struct Held {
    Holder facts;
    std::vector<Spot> spots;  // by charge; nodes that are not there have none
    std::vector<bool> is_placed;
  };

  const CoreSettings& settings() const { return settings_; }
  Fleet& fleet() { return fleet_; }
  const Fleet& fleet() const { return fleet_; }
  Topology& topology() { return topology_; }
  QuotaTree& tree();
  const Tier& tier(const std::string& name) const;
  const std::map<std::string, Tier>& tiers() const { return tiers_; }
  const Outlook& outlook() const { return outlook_; }
  const std::map<QuotaId, SpentBudget>& spent() const { return spent_; }
  const std::map<std::string, Held>& holders() const { return holders_; }
  // With the nodes as they are.
  PolicyBook& policies();
  const Traits& traits(const std::string& source) const;
  const std::set<std::string>& holders_on(NodeIndex node) const;
  const Node* node(NodeIndex index) const;
  const std::map<NodeId, Node>& nodes() const { return nodes_; }
  const std::map<std::string, ReservationPlan>& reservations() const { return reservations_; }
  // Devices of each class on usable nodes, taken ones included.
  const std::map<DeviceClass, int64_t>& usable() const { return usable_; }
  // The same by region, "" being none.
  const std::map<std::string, int64_t>& usable_in(const DeviceClass& device_class) const;
  // Of its CapacityPool; of one that is not there, none.
  const std::string& region_of(const NodeId& node) const;
  const std::string& region_of(const Charge& charge) const;
  // All nodes of a class in one region, by id. Good until a node changes.
  const std::vector<NodeIndex>& nodes_in(const DeviceClass& device_class,
                                         const std::string& region);
  // Counts a charge in all columns that it matches (1), or no longer (-1).
  void count_in(QuotaTree& tree, const Charge& charge, int64_t sign) const;

 private:
  void place_holder(Held& held);
  void lift_holder(Held& held);
  void use_quota(const Holder& holder, int64_t sign);
  void count(const Node& node, int64_t sign);
  // What is to be forgotten when a node becomes another; null: it was not, or will not be there.
  void changes(const Node* before, const Node* after);
  static NodeFacts facts_of(const Node& node);

  CoreSettings settings_;
  Fleet fleet_;
  Topology topology_;
  std::vector<Quota> quotas_;
  std::optional<QuotaTree> tree_;  // nothing: limits or capacity have changed
  FairShareInputs fairness_;
  Outlook outlook_;
  std::map<std::string, Tier> tiers_;
  std::map<QuotaId, SpentBudget> spent_;
  std::map<NodeId, Node> nodes_;
  std::map<std::string, Held> holders_;
  std::map<std::string, Traits> traits_;  // by source
  PolicyBook policies_;
  std::map<NodeId, std::set<std::string>> on_node_;  // sources by node, known or not
  std::map<DeviceClass, int64_t> usable_;
  std::map<DeviceClass, std::map<std::string, int64_t>> usable_in_;
  std::map<std::pair<DeviceClass, std::string>, std::vector<NodeIndex>> nodes_in_;
  std::map<std::string, ReservationPlan> reservations_;
};

}  // namespace berth::sched
