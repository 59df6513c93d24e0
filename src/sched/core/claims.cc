#include "sched/core/claims.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sched/time/profile.h"

namespace berth::sched {

bool Claims::may_plan(const DeviceClass& device_class) const {
  const auto heads = std::count_if(claims_.begin(), claims_.end(), [&](const Claim& claim) {
    return claim.device_class == device_class;
  });
  return heads < world_.settings().heads;
}

void Claims::gather_endings() {
  if (std::exchange(has_endings_, true)) return;
  for (const auto& [source, held] : world_.holders()) {
    if (!held.facts.run || gone_.contains(&held)) continue;
    const Run& run = *held.facts.run;
    // Whoever has outlived his end may be there as long again as he has been.
    const Instant ends =
        run.ends > now_ ? run.ends : later(now_, std::max(Millis{1}, now_ - run.job.started));
    Ending ending{&held, ends, {}};
    for (size_t i = 0; i < held.spots.size(); ++i) {
      if (!held.is_placed[i] || trial_.is_promised(held, held.spots[i].node)) continue;
      ending.spots.push_back(held.spots[i]);
    }
    endings_.push_back(std::move(ending));
  }
  std::stable_sort(endings_.begin(), endings_.end(),
                   [](const Ending& a, const Ending& b) { return a.at < b.at; });
}

void Claims::started(const std::vector<Spot>& spots, Instant ends) {
  const auto at = std::upper_bound(endings_.begin(), endings_.end(), ends,
                                   [](Instant t, const Ending& e) { return t < e.at; });
  endings_.insert(at, Ending{nullptr, ends, spots});
}

void Claims::gone(const World::Held* held) {
  gone_.insert(held);
  std::erase_if(endings_, [&](const Ending& ending) { return ending.held == held; });
}

Claims::Free Claims::free_on(NodeIndex node) {
  const Fleet& fleet = world_.fleet();
  return {fleet.whole_free(node), fleet.free_cpu(node), fleet.free_memory(node)};
}

// What ends until then is left out of the trial, and the gang is in it.
std::optional<Claims::Start> Claims::find_start(const DeviceClass& device_class, const Gang& gang,
                                                int64_t devices) {
  gather_endings();
  size_t claim = 0;  // those up to here have begun
  for (size_t i = 0; i < endings_.size(); ++i) {
    for (; claim < claims_.size() && claims_[claim].from <= endings_[i].at; ++claim) {
      for (const Spot& spot : claims_[claim].spots) trial_.give(spot);
      for (const auto& [shape, node] : claims_[claim].workers) trial_.force(shape, node);
    }
    for (const Spot& spot : endings_[i].spots) trial_.give(spot);
    const bool is_last_then = i + 1 == endings_.size() || endings_[i + 1].at > endings_[i].at;
    if (!is_last_then || world_.fleet().free_of(device_class) < devices * kWholeDevice) continue;
    if (auto spots = trial_.place(gang)) {
      return Start{std::max(endings_[i].at, now_), *std::move(spots)};
    }
  }
  return std::nullopt;
}

Instant Claims::when(const DeviceClass& device_class, const Gang& gang, int64_t devices) {
  const Trial::Mark mark = trial_.mark();
  const auto start = find_start(device_class, gang, devices);
  trial_.back_to(mark);
  return start ? start->at : Instant::max();
}

Instant Claims::plan(const DeviceClass& device_class, const Gang& gang, int64_t devices) {
  const Trial::Mark mark = trial_.mark();
  const auto start = find_start(device_class, gang, devices);
  if (!start) {
    trial_.back_to(mark);
    return Instant::max();
  }
  Claim made{device_class, start->at, {}, {}};
  for (const Spot& spot : start->spots) made.workers.emplace_back(spot.shape, spot.node);
  std::map<NodeIndex, Free> spare;
  for (const Spot& spot : start->spots) spare.emplace(spot.node, free_on(spot.node));
  trial_.back_to(mark);
  for (const auto& [node, left] : spare) {
    const Free free = free_on(node);
    const auto keep = [](int64_t has, int64_t later) {
      return std::max<int64_t>(0, has - std::max<int64_t>(0, later));
    };
    const Shape shape{.need = {static_cast<int32_t>(keep(free.whole, left.whole))},
                      .cpu_milli = keep(free.cpu, left.cpu),
                      .memory_bytes = keep(free.memory, left.memory)};
    if (shape.need.is_none() && shape.cpu_milli == 0 && shape.memory_bytes == 0) continue;
    made.spots.push_back(trial_.force(world_.fleet().shape(shape), node));
  }
  const auto after = std::upper_bound(claims_.begin(), claims_.end(), made.from,
                                      [](Instant t, const Claim& c) { return t < c.from; });
  claims_.insert(after, std::move(made));
  return start->at;
}

std::optional<std::vector<Spot>> Claims::place_meanwhile(const Gang& gang, Instant ends) {
  const auto first = std::find_if(claims_.begin(), claims_.end(),
                                  [&](const Claim& claim) { return claim.from >= ends; });
  if (first == claims_.end()) return std::nullopt;
  const Trial::Mark mark = trial_.mark();
  for (auto claim = first; claim != claims_.end(); ++claim) {
    for (const Spot& spot : claim->spots) trial_.give(spot);
  }
  auto spots = trial_.place(gang);
  if (!spots) {
    trial_.back_to(mark);
    return spots;
  }
  for (auto claim = first; claim != claims_.end(); ++claim) {
    for (Spot& spot : claim->spots) spot = trial_.force(spot.shape, spot.node);
  }
  return spots;
}

bool Claims::stand_in_the_way(const DeviceClass& device_class, const Gang& gang, int64_t devices) {
  if (claims_.empty()) return false;
  int64_t milli = world_.fleet().free_of(device_class);
  for (const Claim& claim : claims_) {
    for (const Spot& spot : claim.spots) {
      milli += world_.fleet().shape_of(spot.shape).need.total_milli();
    }
  }
  if (milli < devices * kWholeDevice) return false;
  const Trial::Mark mark = trial_.mark();
  for (const Claim& claim : claims_) {
    for (const Spot& spot : claim.spots) trial_.give(spot);
  }
  const bool fits = trial_.place(gang).has_value();
  trial_.back_to(mark);
  return fits;
}

}  // namespace berth::sched
