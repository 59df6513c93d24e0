#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/openb/node_state.h"
#include "sim/openb/trace.h"

namespace berth::sim::openb {

// A class of pods that is likely to come, and how many of the pods of a trace are of it.
struct TypicalPod {
  int64_t cpu_milli = 0;
  int32_t device_milli = 0;
  int32_t devices = 0;
  uint64_t models = 0;
  int64_t count = 0;
  bool operator==(const TypicalPod&) const = default;
};

// The most frequent classes that together are at least `percent` of the trace's pods. Memory is not
// part of a class. Of two equally frequent ones the larger comes first.
std::vector<TypicalPod> typical_pods(const Trace& trace, int64_t percent);

// FGD's fragmentation (Weng et al., USENIX ATC 2023, section 3): how much of a node's free devices
// a pod drawn from the typical ones cannot use, on average. A pod that needs no device, or does not
// fit, can use nothing of it; another can use the free parts that are large enough for it.
//
// Here its complement is computed, what is usable, and times weight(), so that it is an exact
// integer: fragmentation * weight() = free * weight() - usable.
//
// A class of one device uses every free part of at least its size, so the classes of one device
// come down to one sum per (model, CPU, size of the part), and those of several whole devices to
// one per (model, CPU, number of whole devices). Cost: one look-up per device and one per node.
class Fragmentation {
 public:
  Fragmentation(std::span<const TypicalPod> typical, size_t models);

  int64_t weight() const { return weight_; }

  // Views the sums for one model and an amount of free CPU.
  class Sums {
   public:
    // What a device with `milli` free is usable for by classes of one device.
    int64_t of_part(int32_t milli) const {
      return milli * parts_[sizes_[static_cast<size_t>(milli)]];
    }
    // What `whole` wholly free devices are usable for by classes of several devices.
    int64_t of_whole(int32_t whole) const {
      return int64_t{kWhole} * whole * several_[static_cast<size_t>(whole)];
    }

   private:
    friend class Fragmentation;
    const int64_t* parts_ = nullptr;
    const int64_t* several_ = nullptr;
    const uint16_t* sizes_ = nullptr;
  };
  Sums sums(int32_t model, int64_t cpu_milli) const;

  int64_t usable(const NodeState& node) const;

 private:
  int64_t weight_ = 0;
  std::vector<int64_t> cpu_steps_;            // distinct CPU of classes, ascending
  std::array<uint16_t, kWhole + 1> sizes_{};  // thousandths -> how many distinct sizes are within
  size_t size_steps_ = 0;
  std::vector<int64_t> parts_;    // [model][CPU step][size step]
  std::vector<int64_t> several_;  // [model][CPU step][whole devices]
};

}  // namespace berth::sim::openb
