#include "sim/openb/node_pattern.h"

#include <algorithm>
#include <cstddef>

namespace berth::sim {
namespace {

constexpr int kNone = -1;

// A value per (level, CPU steps) and the choice that led to it.
class Table {
 public:
  Table(int levels, int cpu_steps)
      : width_(size_t(cpu_steps) + 1),
        values_(width_ * (size_t(levels) + 1)),
        choices_(values_.size(), kNone) {}

  double* values(int level) { return &values_[size_t(level) * width_]; }
  const double* values(int level) const { return &values_[size_t(level) * width_]; }
  int* choices(int level) { return &choices_[size_t(level) * width_]; }
  const int* choices(int level) const { return &choices_[size_t(level) * width_]; }

 private:
  size_t width_;
  std::vector<double> values_;
  std::vector<int> choices_;
};

class Search {
 public:
  Search(const std::vector<PatternItem>& items, const PatternRoom& room)
      : items_(items),
        room_(room),
        shares_(room.steps_per_device, room.cpu_steps),
        nodes_(room.devices, room.cpu_steps) {}

  NodePattern run() {
    fill_shares();
    fill_singles();
    for (int devices = 1; devices <= room_.devices; ++devices) fill_node(devices);
    return trace();
  }

 private:
  bool is_worth(const PatternItem& item) const {
    return item.value > 0 && item.cpu_steps <= room_.cpu_steps && item.devices <= room_.devices;
  }

  // Best value of shares in `level` steps of one device; a choice is the item taken last.
  void fill_shares() {
    for (int level = 1; level <= room_.steps_per_device; ++level) {
      double* best = shares_.values(level);
      int* choice = shares_.choices(level);
      std::copy_n(shares_.values(level - 1), room_.cpu_steps + 1, best);
      // kNone: as one step less
      for (size_t i = 0; i < items_.size(); ++i) {
        const PatternItem& item = items_[i];
        if (item.share_steps == 0 || item.share_steps > level || !is_worth(item)) continue;
        const double* rest = shares_.values(level - item.share_steps);
        for (int cpu = item.cpu_steps; cpu <= room_.cpu_steps; ++cpu) {
          const double value = rest[cpu - item.cpu_steps] + item.value;
          if (value > best[cpu]) {
            best[cpu] = value;
            choice[cpu] = int(i);
          }
        }
      }
    }
  }

  // The best use of one device by CPU: shares, or one pod that has it whole.
  void fill_singles() {
    const double* shares = shares_.values(room_.steps_per_device);
    single_.assign(shares, shares + room_.cpu_steps + 1);
    whole_.assign(single_.size(), kNone);
    for (size_t i = 0; i < items_.size(); ++i) {
      const PatternItem& item = items_[i];
      if (item.share_steps > 0 || item.devices != 1 || !is_worth(item)) continue;
      for (size_t cpu = size_t(item.cpu_steps); cpu < single_.size(); ++cpu) {
        if (item.value > single_[cpu]) {
          single_[cpu] = item.value;
          whole_[cpu] = int(i);
        }
      }
    }
    for (size_t cpu = 0; cpu < single_.size(); ++cpu) {
      const bool is_step = cpu == 0 || single_[cpu] > single_[cpu - 1];
      if (is_step && single_[cpu] > 0) single_steps_.push_back(int(cpu));
    }
  }

  // Best value on the first `devices` devices. A choice is the CPU of the last device (>= 0), or,
  // below kNone, the item on several devices, as -2 - item.
  void fill_node(int devices) {
    double* best = nodes_.values(devices);
    int* choice = nodes_.choices(devices);
    const double* before = nodes_.values(devices - 1);
    std::copy_n(before, room_.cpu_steps + 1, best);
    const auto offer = [&](const double* rest, int cpu_steps, double gain, int as) {
      for (int cpu = cpu_steps; cpu <= room_.cpu_steps; ++cpu) {
        const double value = rest[cpu - cpu_steps] + gain;
        if (value > best[cpu]) {
          best[cpu] = value;
          choice[cpu] = as;
        }
      }
    };
    for (const int cpu : single_steps_) offer(before, cpu, single_[size_t(cpu)], cpu);
    for (size_t i = 0; i < items_.size(); ++i) {
      const PatternItem& item = items_[i];
      if (item.devices < 2 || item.devices > devices || !is_worth(item)) continue;
      offer(nodes_.values(devices - item.devices), item.cpu_steps, item.value, -2 - int(i));
    }
  }

  NodePattern trace() const {
    NodePattern pattern{.value = nodes_.values(room_.devices)[room_.cpu_steps],
                        .counts = std::vector<int>(items_.size())};
    int cpu = room_.cpu_steps;
    for (int devices = room_.devices; devices > 0;) {
      const int choice = nodes_.choices(devices)[cpu];
      if (choice < kNone) {
        const size_t item = size_t(-2 - choice);
        ++pattern.counts[item];
        cpu -= items_[item].cpu_steps;
        devices -= items_[item].devices;
        continue;
      }
      if (choice != kNone) {
        trace_single(choice, pattern);
        cpu -= choice;
      }
      --devices;
    }
    return pattern;
  }

  void trace_single(int cpu, NodePattern& pattern) const {
    if (const int whole = whole_[size_t(cpu)]; whole != kNone) {
      ++pattern.counts[size_t(whole)];
      return;
    }
    for (int level = room_.steps_per_device; level > 0;) {
      const int choice = shares_.choices(level)[cpu];
      if (choice == kNone) {
        --level;
        continue;
      }
      const PatternItem& item = items_[size_t(choice)];
      ++pattern.counts[size_t(choice)];
      cpu -= item.cpu_steps;
      level -= item.share_steps;
    }
  }

  const std::vector<PatternItem>& items_;
  const PatternRoom& room_;
  Table shares_;
  Table nodes_;
  std::vector<double> single_;     // by CPU steps
  std::vector<int> whole_;         // the item that has the device whole, or kNone
  std::vector<int> single_steps_;  // where single_ rises
};

}  // namespace

NodePattern best_pattern(const std::vector<PatternItem>& items, const PatternRoom& room) {
  return Search(items, room).run();
}

}  // namespace berth::sim
