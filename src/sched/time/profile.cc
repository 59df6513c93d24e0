#include "sched/time/profile.h"

#include <algorithm>

#include "base/saturating.h"

namespace berth::sched {

Instant later(Instant at, Millis by) {
  return Instant{Millis{add_saturating(at.time_since_epoch().count(), by.count())}};
}

Profile Profile::of(int64_t devices, std::span<const Use> uses) {
  std::vector<Step> changes;
  changes.reserve(uses.size() * 2);
  for (const Use& use : uses) {
    if (use.from >= use.until) continue;
    changes.push_back({use.from, -use.devices});
    if (use.until != Instant::max()) changes.push_back({use.until, use.devices});
  }
  std::sort(changes.begin(), changes.end(),
            [](const Step& a, const Step& b) { return a.at < b.at; });
  Profile profile(devices);
  int64_t free = devices;
  for (size_t i = 0; i < changes.size(); ++i) {
    free = add_saturating(free, changes[i].free);
    if (i + 1 < changes.size() && changes[i + 1].at == changes[i].at) continue;
    if (changes[i].at == Instant::min()) {
      profile.steps_.front().free = free;
    } else if (free != profile.steps_.back().free) {
      profile.steps_.push_back({changes[i].at, free});
    }
  }
  return profile;
}

size_t Profile::step_of(Instant at) const {
  const auto after = std::upper_bound(steps_.begin(), steps_.end(), at,
                                      [](Instant t, const Step& step) { return t < step.at; });
  return static_cast<size_t>(after - steps_.begin()) - 1;
}

// The index of the step that begins exactly at `at`, which is made when there is none.
size_t Profile::split(Instant at) {
  const size_t index = step_of(at);
  if (steps_[index].at == at) return index;
  steps_.insert(steps_.begin() + static_cast<ptrdiff_t>(index) + 1, {at, steps_[index].free});
  return index + 1;
}

void Profile::merge(size_t index) {
  if (index == 0 || index >= steps_.size() || steps_[index].free != steps_[index - 1].free) return;
  steps_.erase(steps_.begin() + static_cast<ptrdiff_t>(index));
}

void Profile::add(Instant from, Instant until, int64_t devices) {
  if (from >= until || devices == 0) return;
  const size_t first = split(from);
  const size_t end = until == Instant::max() ? steps_.size() : split(until);
  for (size_t i = first; i < end; ++i) steps_[i].free = add_saturating(steps_[i].free, devices);
  merge(end);  // within the range all differences stay
  merge(first);
}

int64_t Profile::free_at(Instant at) const { return steps_[step_of(at)].free; }

int64_t Profile::least_free(Instant from, Instant until) const {
  size_t index = step_of(from);
  int64_t least = steps_[index].free;
  for (++index; index < steps_.size() && steps_[index].at < until; ++index) {
    least = std::min(least, steps_[index].free);
  }
  return least;
}

Instant Profile::first_fit(int64_t devices, Millis duration, Instant not_before) const {
  Instant start = not_before;
  Instant end = later(start, duration);
  for (size_t index = step_of(not_before); index < steps_.size(); ++index) {
    const bool last = index + 1 == steps_.size();
    if (steps_[index].free < devices) {
      if (last) return Instant::max();
      start = steps_[index + 1].at;
      end = later(start, duration);
    } else if (last || steps_[index + 1].at >= end) {
      return start;
    }
  }
  return Instant::max();
}

}  // namespace berth::sched
