#include "tests/simulation/schedule.h"

#include <algorithm>
#include <random>

namespace berth::simulation {
namespace {

class Dice {
 public:
  Dice(uint64_t seed, Millis span)
      : within(static_cast<uint32_t>(span.count())),
        random_(static_cast<uint32_t>(seed ^ seed >> 32)) {}
  uint32_t operator()() { return static_cast<uint32_t>(random_()); }
  uint32_t below(uint32_t most) { return (*this)() % most; }  // alike with every library

  const uint32_t within;  // milliseconds in which everything happens

 private:
  std::mt19937 random_;
};

size_t draw_kind(Dice& dice, bool is_fault, bool is_of_endpoints = false) {
  const auto& kinds = act_kinds();
  const auto weight = [&](const ActKind& kind) {
    const bool may_be = kind.is_fault == is_fault && kind.is_of_endpoints == is_of_endpoints;
    return may_be ? kind.weight : 0;
  };
  int all = 0;
  for (const ActKind& kind : kinds) all += weight(kind);
  int left = static_cast<int>(dice.below(static_cast<uint32_t>(all)));
  for (size_t i = 0; i < kinds.size(); ++i) {
    left -= weight(kinds[i]);
    if (left < 0) return i;
  }
  return 0;
}

Act act(Dice& dice, size_t kind) {
  return {Millis{dice.below(dice.within)}, kind, {dice(), dice(), dice()}};
}

// Of one endpoint: another version, another number while its replicas load, and perhaps a third.
void draw_rollover(Dice& dice, std::vector<Act>& acts) {
  static const size_t kVersion = *kind_named("new_version");
  static const size_t kScale = *kind_named("scale_endpoint");
  Act version = act(dice, kVersion);
  version.at = version.at * 2 / 3;
  acts.push_back(version);
  for (const size_t kind : {kScale, dice.below(2) == 0 ? kVersion : kScale}) {
    Act next = act(dice, kind);
    next.at = version.at + Millis{dice.below(dice.within / 3)};
    next.draws[0] = version.draws[0];
    acts.push_back(next);
  }
}

// One to three that come early, up to six changes of mind and two to six faults of theirs.
void draw_endpoints(Dice& dice, std::vector<Act>& acts) {
  static const size_t kServe = *kind_named("serve");
  const uint32_t endpoints = 1 + dice.below(3);
  for (uint32_t i = 0; i < endpoints; ++i) {
    acts.push_back(act(dice, kServe));
    acts.back().at /= 3;
  }
  const uint32_t changes = dice.below(7);
  for (uint32_t i = 0; i < changes; ++i) acts.push_back(act(dice, draw_kind(dice, false, true)));
  const uint32_t faults = 2 + dice.below(5);
  for (uint32_t i = 0; i < faults; ++i) acts.push_back(act(dice, draw_kind(dice, true, true)));
  if (dice.below(2) == 0) draw_rollover(dice, acts);
}

}  // namespace

Schedule draw_schedule(uint64_t seed, const Measure& measure) {
  Dice dice(seed * 2'654'435'761U + 1, measure.within);
  Schedule schedule;
  schedule.setting.seed = seed;
  schedule.setting.is_fenced = dice.below(4) != 0;
  schedule.setting.latency = dice.below(2) == 0 ? Millis{0} : Millis{1 + dice.below(40)};
  static const size_t kSubmit = *kind_named("submit");
  for (int i = 0; i < measure.jobs; ++i) schedule.acts.push_back(act(dice, kSubmit));
  const uint32_t changes = dice.below(9);
  for (uint32_t i = 0; i < changes; ++i) schedule.acts.push_back(act(dice, draw_kind(dice, false)));
  const uint32_t faults = 5 + dice.below(8);
  for (uint32_t i = 0; i < faults; ++i) schedule.acts.push_back(act(dice, draw_kind(dice, true)));
  if (dice.below(3) == 0) draw_endpoints(dice, schedule.acts);
  if (!measure.also.empty()) schedule.acts.push_back(act(dice, *kind_named(measure.also)));
  std::stable_sort(schedule.acts.begin(), schedule.acts.end(),
                   [](const Act& a, const Act& b) { return a.at < b.at; });
  return schedule;
}

Outcome run(const Schedule& schedule, std::function<void(const std::string& line)> tell) {
  Simulation simulation(schedule.setting);
  simulation.tell = std::move(tell);
  simulation.play(schedule.acts);
  simulation.calm_down();
  return {simulation.broken(), simulation.trace(), simulation.changes()};
}

Schedule shrink(const Schedule& schedule, const std::function<bool(const Schedule&)>& fails) {
  Schedule least = schedule;
  size_t group = std::max<size_t>(1, least.acts.size() / 2);
  for (;;) {
    bool is_smaller = false;
    for (size_t at = 0; at < least.acts.size();) {
      Schedule without = least;
      const size_t end = std::min(at + group, least.acts.size());
      without.acts.erase(without.acts.begin() + static_cast<std::ptrdiff_t>(at),
                         without.acts.begin() + static_cast<std::ptrdiff_t>(end));
      if (fails(without)) {
        least = std::move(without);
        is_smaller = true;
      } else {
        at = end;
      }
    }
    if (group == 1 && !is_smaller) return least;
    group = std::max<size_t>(1, group / 2);
  }
}

std::string invariant_of(const std::string& broken) { return broken.substr(0, broken.find(':')); }

}  // namespace berth::simulation
