#include "sim/openb/fragmentation.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace berth::sim::openb {

std::vector<TypicalPod> typical_pods(const Trace& trace, int64_t percent) {
  using Key = std::tuple<int64_t, int32_t, int32_t, uint64_t>;
  std::map<Key, int64_t> counts;
  for (size_t pod = 0; pod < trace.pods.size(); ++pod) {
    const Shape& shape = trace.shape_of(pod);
    ++counts[{shape.cpu_milli, shape.device_milli, shape.devices, shape.models}];
  }
  std::vector<std::pair<int64_t, Key>> by_count;
  for (const auto& [key, count] : counts) by_count.emplace_back(count, key);
  std::sort(by_count.rbegin(), by_count.rend());
  std::vector<TypicalPod> typical;
  int64_t covered = 0;
  for (const auto& [count, key] : by_count) {
    if (covered * 100 >= percent * static_cast<int64_t>(trace.pods.size())) break;
    const auto& [cpu, milli, devices, models] = key;
    typical.push_back({cpu, milli, devices, models, count});
    covered += count;
  }
  return typical;
}

Fragmentation::Fragmentation(std::span<const TypicalPod> typical, size_t models) {
  constexpr size_t kCounts = kDevicesMax + 1;
  std::set<int64_t> cpus;
  std::set<int32_t> sizes;
  for (const TypicalPod& pod : typical) {
    weight_ += pod.count;
    cpus.insert(pod.cpu_milli);
    if (pod.devices == 1) sizes.insert(pod.device_milli);
  }
  cpu_steps_.assign(cpus.begin(), cpus.end());
  for (const int32_t size : sizes) {
    for (int32_t milli = size; milli <= kWhole; ++milli) ++sizes_[static_cast<size_t>(milli)];
  }
  size_steps_ = sizes.size() + 1;
  const size_t rows = models * (cpu_steps_.size() + 1);
  parts_.resize(rows * size_steps_);
  several_.resize(rows * kCounts);
  for (size_t row = 0; row < rows; ++row) {
    const size_t cpu_step = row % (cpu_steps_.size() + 1);
    for (const TypicalPod& pod : typical) {
      const bool allowed =
          pod.models == 0 || ((pod.models >> (row / (cpu_steps_.size() + 1))) & 1U) != 0;
      const bool has_cpu = cpu_step > 0 && pod.cpu_milli <= cpu_steps_[cpu_step - 1];
      if (pod.devices == 0 || !allowed || !has_cpu) continue;
      int64_t* sums = pod.devices == 1 ? &parts_[row * size_steps_] : &several_[row * kCounts];
      const size_t end = pod.devices == 1 ? size_steps_ : kCounts;
      const size_t from = pod.devices == 1 ? sizes_[static_cast<size_t>(pod.device_milli)]
                                           : static_cast<size_t>(pod.devices);
      for (size_t step = from; step < end; ++step) sums[step] += pod.count;
    }
  }
}

Fragmentation::Sums Fragmentation::sums(int32_t model, int64_t cpu_milli) const {
  const auto step = static_cast<size_t>(
      std::upper_bound(cpu_steps_.begin(), cpu_steps_.end(), cpu_milli) - cpu_steps_.begin());
  const size_t row = static_cast<size_t>(model) * (cpu_steps_.size() + 1) + step;
  Sums sums;
  sums.parts_ = &parts_[row * size_steps_];
  sums.several_ = &several_[row * (kDevicesMax + 1)];
  sums.sizes_ = sizes_.data();
  return sums;
}

int64_t Fragmentation::usable(const NodeState& node) const {
  const Sums sums = this->sums(node.model, node.cpu_milli);
  int64_t usable = sums.of_whole(node.devices_with(kWhole));
  for (int32_t i = 0; i < node.devices; ++i) usable += sums.of_part(node.free_of(i));
  return usable;
}

}  // namespace berth::sim::openb
