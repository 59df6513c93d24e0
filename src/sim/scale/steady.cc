#include "sim/scale/steady.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "sim/scale/cluster.h"

namespace berth::sim::scale {
namespace {

using sched::Need;
using sched::ShapeId;

constexpr int64_t kBatch = 4096;  // placements between two looks at the clock

struct Kind {
  Need need;
  int64_t weight;
};
// Most work is small, most devices are in large work, as in the traces of Philly and Helios.
constexpr std::array<Kind, 6> kKinds{{{{1, 1'000}, 50},
                                      {{2, 1'000}, 12},
                                      {{4, 1'000}, 10},
                                      {{8, 1'000}, 14},
                                      {{1, 500}, 8},
                                      {{1, 250}, 6}}};

class Bench {
 public:
  Bench(const Settings& settings, const Outside& outside)
      : settings_(settings), outside_(outside), random_(settings.seed) {
    for (int32_t i = 0; i < settings.nodes; ++i) fleet_.add(node_facts(settings, i));
    sched::Outlook outlook;
    for (const Kind& kind : kKinds) {
      if (kind.need.devices > settings.devices_per_node) continue;
      for (const int64_t cores : {4, 8, 12}) add(kind, cores, outlook);
    }
    fleet_.set_outlook(outlook);
  }

  Steady run() {
    const int64_t capacity = int64_t{1'000} * settings_.nodes * settings_.devices_per_node;
    const int64_t target = capacity * settings_.fill_percent / 100;
    while (taken_milli_ < target && place()) {
    }
    Steady steady;
    for (int64_t done = 0; done < settings_.placements; done += kBatch) {
      const auto start = outside_.cpu_time ? outside_.cpu_time() : std::chrono::nanoseconds{0};
      const int64_t end = std::min(done + kBatch, settings_.placements);
      for (int64_t i = done; i < end; ++i) turn(target);
      if (outside_.cpu_time) steady.spent += outside_.cpu_time() - start;
      if (outside_.progress) outside_.progress(end, settings_.placements);
    }
    steady.placements = placements_;
    return steady;
  }

 private:
  void add(const Kind& kind, int64_t cores, sched::Outlook& outlook) {
    const int64_t cpu = cores * kind.need.total_milli();  // a thousandth of a core, so no factor
    outlook.mix.push_back({.need = kind.need, .cpu_milli = cpu, .weight = kind.weight});
    const sched::Shape shape{.need = kind.need,
                             .cpu_milli = cpu,
                             .memory_bytes = 64 * kGib * kind.need.total_milli() / 1'000};
    for (int64_t i = 0; i < kind.weight; ++i) drawn_.push_back(fleet_.shape(shape));
  }

  bool place() {
    const ShapeId shape = drawn_[random_.below(drawn_.size())];
    const auto node = fleet_.best(shape);
    ++placements_;
    if (!node) return false;
    held_.push_back(fleet_.take(shape, *node));
    taken_milli_ += fleet_.shape_of(shape).need.total_milli();
    return true;
  }

  void end_one() {
    std::swap(held_[random_.below(held_.size())], held_.back());
    taken_milli_ -= fleet_.shape_of(held_.back().shape).need.total_milli();
    fleet_.give(held_.back());
    held_.pop_back();
  }

  // One placement, with as much ended before as keeps the fleet as full as it was.
  void turn(int64_t target) {
    while (taken_milli_ >= target && !held_.empty()) end_one();
    place();
  }

  const Settings& settings_;
  const Outside& outside_;
  Random random_;
  sched::Fleet fleet_;
  std::vector<ShapeId> drawn_;  // each as often as its weight
  std::vector<sched::Spot> held_;
  int64_t taken_milli_ = 0;
  int64_t placements_ = 0;
};

}  // namespace

Steady measure_placements(const Settings& settings, const Outside& outside) {
  return Bench(settings, outside).run();
}

}  // namespace berth::sim::scale
