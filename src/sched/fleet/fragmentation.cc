#include "sched/fleet/fragmentation.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace berth::sched {
namespace {

constexpr size_t kLanes = 8;  // 16-bit products that one instruction sums on every x86-64 and arm64

int16_t in_lane(int32_t milli) {
  return static_cast<int16_t>(std::min<int32_t>(milli, std::numeric_limits<int16_t>::max()));
}

// Shares of kScale by largest remainder, so that they sum to it exactly.
std::vector<int32_t> apportion(const std::vector<DemandClass>& mix) {
  int64_t total = 0;
  for (const DemandClass& demand : mix) total += demand.weight;
  std::vector<int32_t> shares;
  std::vector<std::pair<int64_t, size_t>> remainders;
  int32_t given = 0;
  for (size_t i = 0; i < mix.size(); ++i) {
    const int64_t scaled = mix[i].weight * Fragmentation::kScale;
    shares.push_back(static_cast<int32_t>(scaled / total));
    given += shares.back();
    remainders.emplace_back(-(scaled % total), i);
  }
  std::sort(remainders.begin(), remainders.end());
  for (size_t i = 0; given < Fragmentation::kScale; ++i, ++given) ++shares[remainders[i].second];
  return shares;
}

}  // namespace

Fragmentation::Fragmentation(FreeSets& sets, const Outlook& outlook)
    : sets_(sets),
      waste_(outlook.waste),
      waste_weight_(static_cast<int16_t>(outlook.weights.waste * kScale / kWholeDevice)) {
  const std::vector<DemandClass>& mix = outlook.mix;
  std::map<uint32_t, size_t> group_of;
  std::set<int64_t> levels;
  const std::vector<int32_t> shares = mix.empty() ? std::vector<int32_t>{} : apportion(mix);
  for (size_t i = 0; i < mix.size(); ++i) {
    const uint32_t need = sets.need(mix[i].need);
    const auto [at, is_new] = group_of.try_emplace(need, groups_.size());
    if (is_new) groups_.push_back(need);
    levels.insert(mix[i].cpu_milli);
    classes_.push_back({mix[i], at->second, shares[i]});
  }
  for (size_t i = 0; i < groups_.size(); ++i) {
    by_milli_.push_back(step_of(i, sets.need_of(groups_[i])));
  }
  std::sort(by_milli_.begin(), by_milli_.end(),
            [](const Step& a, const Step& b) { return a.milli < b.milli; });
  cpu_levels_.assign(levels.begin(), levels.end());
  width_ = (groups_.size() + 2 + kLanes - 1) / kLanes * kLanes;
}

Fragmentation::Step Fragmentation::step_of(size_t group, const Need& need) {
  Step step{.group = group, .milli = need.milli};
  if (need.is_none()) {
    step.devices = kMostDevicesPerNode + 1;  // so that it can use nothing of what is free
  } else if (need.profile < 0 && (need.is_whole() || need.devices == 1)) {
    step.devices = static_cast<size_t>(need.devices);
  }
  return step;
}

uint32_t Fragmentation::rank(int64_t cpu_milli) const {
  const auto at = std::upper_bound(cpu_levels_.begin(), cpu_levels_.end(), cpu_milli);
  return static_cast<uint32_t>(at - cpu_levels_.begin());
}

uint32_t Fragmentation::signature(const DeviceClass& device_class) {
  std::vector<bool> allowed;
  for (const Class& c : classes_) {
    const auto& classes = c.demand.classes;
    allowed.push_back(classes.empty() ||
                      std::binary_search(classes.begin(), classes.end(), device_class));
  }
  const auto next = static_cast<uint32_t>(allowed_.size());
  const auto [at, is_new] = by_allowed_.try_emplace(allowed, next);
  if (is_new) {
    allowed_.push_back(std::move(allowed));
    add_table(next);
  }
  return at->second;
}

// For each rank of CPU: the weight of every group that can run, and of all that cannot.
void Fragmentation::add_table(uint32_t signature) {
  for (size_t rank = 0; rank <= cpu_levels_.size(); ++rank) {
    std::vector<int16_t> row(width_, 0);
    int32_t left = kScale;
    for (size_t i = 0; i < classes_.size(); ++i) {
      const bool has_cpu = rank > 0 && classes_[i].demand.cpu_milli <= cpu_levels_[rank - 1];
      if (!has_cpu || !allowed_[signature][i]) continue;
      int16_t& weight = row[classes_[i].group];
      weight = static_cast<int16_t>(weight + classes_[i].weight);
      left -= classes_[i].weight;
    }
    row[groups_.size()] = static_cast<int16_t>(left);
    row[groups_.size() + 1] = waste_weight_;
    weights_.insert(weights_.end(), row.begin(), row.end());
  }
}

int32_t Fragmentation::waste_of(FreeSetId set) const {
  if (waste_.empty() || sets_.is_cut(set)) return 0;
  int32_t sum = 0;
  for (const DeviceState state : sets_.devices(set)) sum += waste_[static_cast<size_t>(state)];
  return sum;
}

const int16_t* Fragmentation::stranded(FreeSetId set) {
  if (set >= is_known_.size()) {
    is_known_.resize(sets_.size(), false);
    stranded_.resize(sets_.size() * width_, 0);
  }
  int16_t* row = &stranded_[set * width_];
  if (!is_known_[set]) {
    sets_.is_cut(set) ? strand_slices(set, row) : strand(set, row);
    row[groups_.size()] = in_lane(sets_.milli(set));
    row[groups_.size() + 1] = in_lane(waste_of(set));
    is_known_[set] = true;
  }
  return row;
}

void Fragmentation::strand_slices(FreeSetId set, int16_t* row) const {
  for (size_t i = 0; i < groups_.size(); ++i) row[i] = in_lane(sets_.stranded(set, groups_[i]));
}

// What strand_slices() finds group by group, in one walk: the devices too small for a group are too
// small for all that want more of each.
void Fragmentation::strand(FreeSetId set, int16_t* row) const {
  const std::vector<DeviceState>& devices = sets_.devices(set);
  size_t small = 0;
  int32_t lost = 0;
  for (const Step& step : by_milli_) {
    while (small < devices.size() && devices[small] < step.milli) lost += devices[small++];
    const bool fits = step.devices > 0 ? devices.size() - small >= step.devices
                                       : sets_.fits(set, groups_[step.group]);
    row[step.group] = in_lane(fits ? lost : sets_.milli(set));
  }
}

int32_t Fragmentation::expected(uint32_t signature, uint32_t rank, FreeSetId set) {
  const int16_t* lost = stranded(set);
  const int16_t* weight = &weights_[(signature * (cpu_levels_.size() + 1) + rank) * width_];
  std::array<int32_t, kLanes> sums{};
  for (size_t at = 0; at < width_; at += kLanes) {  // lanes, so that compilers use vectors
    for (size_t i = 0; i < kLanes; ++i) sums[i] += int32_t{weight[at + i]} * int32_t{lost[at + i]};
  }
  return std::accumulate(sums.begin(), sums.end(), 0);
}

}  // namespace berth::sched
