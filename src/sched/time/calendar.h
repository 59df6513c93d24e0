#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace berth::sched {

enum class Every { Once, Day, Week };

// When devices are set aside. All of it in UTC: a day has 24 hours, summer time does not exist.
struct Recurring {
  Instant start;  // the first occurrence is at this instant or on the first listed day after it
  Millis duration{0};
  Every every = Every::Once;
  // Bit 0 is Monday. None set: each day (Day), or the start's own day of the week (Week).
  uint8_t weekdays = 0;
  std::optional<Instant> until;  // no occurrence starts after this; absent: for ever
  bool operator==(const Recurring&) const = default;
};

// One time that devices are set aside: [from, until). `from` names it among its calendar's.
struct Occurrence {
  Instant from;
  Instant until;
  bool holds(Instant at) const { return from <= at && at < until; }
  bool operator==(const Occurrence&) const = default;
};

// The occurrences of one reservation. Every answer is a function of the instant asked about and of
// nothing asked before, so a clock that is stepped back or forth neither skips one nor doubles it.
class Calendar {
 public:
  // Errors: Invalid when nothing would last, when `until` is before every occurrence, or when an
  // occurrence would start before the one before it has ended.
  static Result<Calendar> of(const Recurring& recurring);

  // The first that starts at `at` or later. O(1).
  std::optional<Occurrence> next(Instant at) const;
  // The one that holds `at`. O(1).
  std::optional<Occurrence> active(Instant at) const;
  // The active one, else the next: what a status shows.
  std::optional<Occurrence> active_or_next(Instant at) const;
  // Those that have an instant in [from, until), oldest first, at most `most`.
  std::vector<Occurrence> within(Instant from, Instant until, size_t most = 4096) const;

 private:
  explicit Calendar(const Recurring& recurring);
  bool falls_on(int64_t day) const;
  Occurrence on(int64_t day) const;

  int64_t first_day_ = 0;  // days since 1970-01-01
  int64_t last_day_ = 0;
  int64_t offset_ms_ = 0;  // from midnight to the start
  int64_t duration_ms_ = 0;
  uint8_t weekdays_ = 0;
};

}  // namespace berth::sched
