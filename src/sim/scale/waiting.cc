#include "sim/scale/waiting.h"

#include <algorithm>
#include <string>

#include "sched/core/pass.h"
#include "sched/core/world.h"
#include "sim/scale/cluster.h"

namespace berth::sim::scale {
namespace {

constexpr int64_t kUnlimited = int64_t{1} << 40;

sched::Holder whole_node(const sched::Node& node) {
  const sched::Charge all{.node = node.id,
                          .device_class = node.device_class,
                          .devices = node.devices,
                          .room = {1'000, kGib}};
  return {.source = "uid-" + node.id.name, .charges = {all}, .run = {}};
}

class Waiting {
 public:
  explicit Waiting(const Settings& settings) : settings_(settings), random_(settings.seed) {
    sched::Quota team{.id = {"team"}};
    for (const char* each : kClasses) team.limits[each] = {.guaranteed = kUnlimited};
    world_.set_quotas({team});
    for (int32_t i = 0; i < settings.nodes; ++i) add(node_facts(settings, i));
    for (int32_t i = 0; i < settings.asks; ++i) asks_.push_back(ask(i));
    for (const sched::Ask& each : asks_) in_turn_.push_back(&each);
  }

  // One node falls free, all that waits is decided, and the node is taken again.
  size_t decide_after_a_change() {
    const sched::Holder& holder = holders_[random_.below(holders_.size())];
    world_.remove_holder(holder.source);
    const size_t decisions = run_pass(world_, in_turn_, Instant{}).size();
    world_.set_holder(holder);
    return decisions;
  }

 private:
  void add(const sched::NodeFacts& facts) {
    const sched::Node node{.id = facts.id,
                           .device_class = facts.device_class,
                           .devices = facts.devices,
                           .room = {facts.cpu_milli, facts.memory_bytes},
                           .workers = facts.pods};
    world_.set_node(node);
    holders_.push_back(whole_node(node));
    world_.set_holder(holders_.back());
  }

  sched::Ask ask(int32_t number) {
    const std::string name = std::to_string(number);
    const int64_t devices = int64_t{1} << random_.below(4);
    const size_t workers = size_t{1} << random_.below(4);
    sched::Ask made{.id = {"uid-ask-" + name},
                    .name = "team/ask-" + name,
                    .quota = sched::QuotaId{"team"},
                    .created = Instant{Millis{number}}};
    const int64_t each = std::min<int64_t>(devices, settings_.devices_per_node);
    made.alternatives = {{kClasses[random_.below(3)], std::vector<int64_t>(workers, each)}};
    const auto cores = static_cast<int64_t>(4 + 4 * random_.below(3));
    made.rooms.assign(workers, {cores * 1'000 * each, 32 * kGib * each});
    made.shape = shape_of(made);
    return made;
  }

  const Settings& settings_;
  Random random_;
  sched::World world_;
  std::vector<sched::Holder> holders_;
  std::vector<sched::Ask> asks_;
  std::vector<const sched::Ask*> in_turn_;
};

}  // namespace

std::vector<std::chrono::nanoseconds> measure_passes(const Settings& settings,
                                                     const Outside& outside) {
  Waiting waiting(settings);
  waiting.decide_after_a_change();  // works out what later ones find
  std::vector<std::chrono::nanoseconds> spent;
  for (int32_t i = 0; i < settings.passes; ++i) {
    const auto start = outside.cpu_time ? outside.cpu_time() : std::chrono::nanoseconds{0};
    waiting.decide_after_a_change();
    if (outside.cpu_time) spent.push_back(outside.cpu_time() - start);
  }
  return spent;
}

}  // namespace berth::sim::scale
