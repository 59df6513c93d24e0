#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"

namespace berth::sched {

// Devices held over a time: [from, until). Instant::max() as `until` is without end.
struct Use {
  Instant from;
  Instant until;
  int64_t devices = 0;
  bool operator==(const Use&) const = default;
};

// From `at` until the next step so many devices are free.
struct Step {
  Instant at;
  int64_t free = 0;
  bool operator==(const Step&) const = default;
};

// How many devices of one pool will be free when: a step function from Instant::min() to
// Instant::max(), in the fewest steps there can be, so that equal functions are equal values.
// Free may be negative: more is promised than there is, and nothing fits until that is over.
//
// What-if: copy it, or take() and then give() the same use back, which restores it exactly.
// EASY backfill with k reserved heads (Lifka 1995; Mu'alem and Feitelson 2001): take() each head at
// its first_fit(); an ask starts now if least_free(now, now + its estimate) still covers it.
class Profile {
 public:
  explicit Profile(int64_t free = 0) : steps_{{Instant::min(), free}} {}
  // `devices` less all uses. O(n log n), where taking one by one is O(n^2).
  static Profile of(int64_t devices, std::span<const Use> uses);

  // Adds `devices` (negative: takes) to what is free in [from, until). O(n), n steps.
  void add(Instant from, Instant until, int64_t devices);
  void take(const Use& use) { add(use.from, use.until, -use.devices); }
  void give(const Use& use) { add(use.from, use.until, use.devices); }

  int64_t free_at(Instant at) const;  // O(log n)
  // The least that is free in [from, until); at `from` when that is empty. O(log n + steps
  // between).
  int64_t least_free(Instant from, Instant until) const;
  // The earliest instant from `not_before` on at which `devices` are free for the whole duration;
  // Instant::max() when never. Millis::max() is a duration without end. O(n).
  Instant first_fit(int64_t devices, Millis duration, Instant not_before) const;

  const std::vector<Step>& steps() const { return steps_; }
  bool operator==(const Profile&) const = default;

 private:
  size_t step_of(Instant at) const;
  size_t split(Instant at);
  void merge(size_t index);

  std::vector<Step> steps_;  // by instant, the first at Instant::min(), neighbours differ
};

// The instant so much later; Instant::max() when that is past the end of time.
Instant later(Instant at, Millis by);

}  // namespace berth::sched
