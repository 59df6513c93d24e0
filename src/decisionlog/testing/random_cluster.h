#pragma once
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "decisionlog/log.h"
#include "decisionlog/recorded_world.h"
#include "sched/core/pass.h"

namespace berth::decisionlog::testing {

// A cluster in which things happen at random, told to a recorded world. What is admitted runs from
// then on, victims ask again.
class RandomCluster {
 public:
  RandomCluster(uint32_t seed, RecordedWorld& world) : random_(seed), world_(world) {
    set_tiers();
    set_quotas();
    for (int i = 0; i < 6; ++i) set_node(i);
  }

  std::vector<sched::Decision> step() {
    now_ += Millis{below(600'000)};
    for (int64_t events = below(4); events > 0; --events) event();
    std::vector<const sched::Ask*> asks;
    for (const auto& [uid, ask] : asks_) asks.push_back(&ask);
    std::shuffle(asks.begin(), asks.end(), random_);
    const auto decisions = sched::run_pass(world_, asks, now_);
    world_.record_pass(asks, now_, decisions);
    for (const sched::Decision& decision : decisions) follow(decision);
    return decisions;
  }

  static constexpr const char* kGpu = "nvidia-h200";
  static constexpr const char* kOther = "nvidia-l4";

 private:
  int64_t below(int64_t bound) {
    return std::uniform_int_distribution<int64_t>(0, bound - 1)(random_);
  }
  std::string quota_name() { return "tenant \"" + std::to_string(below(4)) + "\""; }

  void event() {
    switch (below(12)) {
      case 0: return set_node(below(8));
      case 1: return world_.remove_node(node_id(below(8)));
      case 2: return set_quotas();
      case 3: return set_fairness();
      case 4: return end_one();
      case 5: return foreign();
      case 6: return set_tiers();
      case 7: return set_outlook();
      case 8: return withdraw();
      default: return ask();
    }
  }
  static sched::NodeId node_id(int64_t i) {
    return {i > 6 ? "far" : "", "node-" + std::to_string(i)};
  }
  void set_node(int64_t i) {
    world_.set_node({.id = node_id(i),
                     .device_class = below(4) > 0 ? kGpu : kOther,
                     .devices = 1 + below(8),
                     .room = {16'000 + 1'000 * below(3), int64_t{1} << 36},
                     .workers = 110,
                     .usable = below(8) > 0,
                     .labels = {{"rack", "r" + std::to_string(below(2))}, {"ü\n", "\t\\"}}});
  }
  void set_tiers() {
    world_.set_tiers({{"Premium", {.order = 0, .device_time_percent = 95}},
                      {"Spot",
                       {.order = 20,
                        .max_queue = below(2) > 0 ? std::optional<Millis>(below(9)) : std::nullopt,
                        .preemptible = true,
                        .min_runtime = Millis{below(2) * 60'000}}}});
  }
  void set_quotas() {
    std::vector<sched::Quota> quotas{{.id = {"all"}}};
    for (int i = 0; i < 4; ++i) {
      sched::Quota quota{.id = {"tenant \"" + std::to_string(i) + "\""}, .weight = 1 + below(3)};
      if (below(2) > 0) quota.parent = {"all"};
      for (const char* device_class : {kGpu, kOther}) {
        quota.limits[device_class] = {.guaranteed = below(6), .borrowing = below(20)};
      }
      quotas.push_back(std::move(quota));
    }
    if (below(4) == 0) quotas.pop_back();
    world_.set_quotas(std::move(quotas));
  }
  void set_fairness() {
    sched::FairShareInputs inputs{.history_permille = below(1'000)};
    if (below(2) > 0) inputs.values[kGpu] = {.value = 1 + below(5), .kind = below(2)};
    for (int i = 0; i < 3; ++i) inputs.lately[{quota_name()}][kGpu] = below(9'000'000);
    world_.set_fairness(std::move(inputs));
  }
  void set_outlook() {
    sched::Outlook outlook{.prices = {{kGpu, below(900)}}};
    outlook.mix.push_back({.need = {.devices = 4}, .classes = {kGpu}, .weight = 1 + below(5)});
    outlook.mix.push_back({.need = {.devices = 1}, .cpu_milli = 4'000});
    world_.set_outlook(outlook);
  }
  void ask() {
    sched::Ask ask{.id = {"job-" + std::to_string(next_++)}};
    ask.name = "team/" + ask.id.uid;
    if (below(10) > 0) ask.quota = sched::QuotaId{quota_name()};
    ask.priority = below(3);
    ask.created = now_ - Millis{below(100'000)};
    const auto workers = static_cast<size_t>(1 + below(3));
    ask.alternatives.push_back({kGpu, std::vector<int64_t>(workers, 1 + below(6))});
    if (below(3) == 0) ask.alternatives.push_back({kOther, std::vector<int64_t>(workers, 2)});
    ask.rooms.assign(workers, {1'000, 1 << 20});
    if (below(5) == 0) ask.only.emplace();
    if (below(5) == 0) ask.avoid.insert(node_id(below(8)));
    if (below(4) == 0) ask.near = sched::Nearness{{"rack"}, below(2) > 0};
    ask.tier = below(2) > 0 ? "Spot" : below(2) > 0 ? "Premium" : "";
    ask.expected = Millis{60'000 * (1 + below(200))};
    if (below(3) == 0) ask.max_runtime = 2 * ask.expected;
    ask.shape = shape_of(ask);
    asks_.emplace(ask.id.uid, std::move(ask));
  }
  void withdraw() {
    for (int i = 0; i < 4 && !asks_.empty(); ++i) asks_.erase(asks_.begin());
  }
  void foreign() {
    const sched::NodeId on = node_id(below(8));
    const sched::Charge charge{on, kGpu, 1 + below(4), {500, 1 << 20}, sched::ChargeKind::Unmanaged,
                               {}};
    world_.set_holder(
        {.source = "pod-" + std::to_string(below(4)), .charges = {charge}, .run = {}});
  }
  void end_one() {
    if (running_.empty()) return world_.remove_holder("pod-" + std::to_string(below(4)));
    auto at = running_.begin();
    std::advance(at, below(static_cast<int64_t>(running_.size())));
    world_.remove_holder(at->first);
    running_.erase(at);
  }
  void follow(const sched::Decision& decision) {
    if (const auto* admit = std::get_if<sched::Admit>(&decision)) return start(*admit);
    const auto* preempt = std::get_if<sched::Preempt>(&decision);
    if (preempt == nullptr) return;
    for (const sched::Victim& victim : preempt->victims) {
      world_.remove_holder(victim.id.uid);
      const auto was = running_.extract(victim.id.uid);
      if (!was.empty()) asks_.insert_or_assign(was.key(), was.mapped());
    }
    start(preempt->placement);
  }
  void start(const sched::Admit& admit) {
    const sched::Ask ask = asks_.extract(admit.id.uid).mapped();
    sched::Holder holder{.source = admit.id.uid};
    sched::Run run{.job = {.id = admit.id, .started = now_}, .tier = ask.tier};
    run.job.preemptible = ask.tier == "Spot";
    run.ends = now_ + ask.expected;
    for (size_t i = 0; i < admit.nodes.size(); ++i) {
      run.job.devices += admit.counts[i];
      holder.charges.push_back({admit.nodes[i], admit.device_class, admit.counts[i], ask.rooms[i],
                                sched::ChargeKind::Admitted, admit.quota});
    }
    holder.run = std::move(run);
    world_.set_holder(std::move(holder));
    running_.emplace(admit.id.uid, ask);
  }

  std::mt19937 random_;
  RecordedWorld& world_;
  Instant now_{std::chrono::hours{490'000}};
  std::map<std::string, sched::Ask> asks_;
  std::map<std::string, sched::Ask> running_;
  int next_ = 0;
};

}  // namespace berth::decisionlog::testing
