#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "api/gpujob.h"
#include "sched/core/world.h"
#include "translate/pools.h"

// What the core may expect of the near future: work like that which is there now. Pure.
namespace berth::translate {

inline constexpr size_t kMostForms = 64;

// The forms of workers that run or wait, and how many there are of each.
class Mix {
 public:
  // Of a job that has ended, nothing; of shares, as many as the pools name.
  void add(const api::GpuJob& job, const Pools& pools);
  // The most frequent first, at most kMostForms.
  std::vector<sched::DemandClass> forms() const;

 private:
  using Form = std::tuple<int32_t, int64_t, std::vector<sched::DeviceClass>>;  // devices, CPU
  std::map<Form, int64_t> workers_;
};

// The mix, how scarce each class is by what of it is free in `world`, what CPU beside devices is
// worth, and what users pay by the pools. Cost: O(nodes) and a small linear program, milliseconds.
sched::Outlook outlook_of(const Mix& mix, sched::World& world, const Pools& pools);

}  // namespace berth::translate
