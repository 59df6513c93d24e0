#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace berth::scaling {

// The recent days' load by time of day, and what it lets expect: used to ask for replicas as long
// before as they take to start.
//
//   usual(t)  = median over the kept days of the average load at that time of day, on straight
//   lines
//               between the middles of five minutes
//   trend     = the last half hour's load over what is usual then
//   ahead     = trend x the larger of usual(now) and usual(now + start-up), from 2 days on
//
// It says nothing where today is another day than usual: a trend outside of a half to double.
// Loads in thousandths of a request in flight. About 16 KiB.
class DayShape {
 public:
  static constexpr Millis kBucket{300'000};
  static constexpr size_t kBuckets = 288;  // of a day
  static constexpr size_t kDays = 7;
  static constexpr size_t kFewestDays = 2;

  // The load at a moment; averaged with what else is told of the same five minutes. What is older
  // than the kept days is dropped. A past that is read back is told in the same way.
  void observe(Instant at, int64_t in_flight_milli);

  // 0: it says nothing. Cost: O(kDays).
  int64_t ahead_milli(Instant now, Millis start_up) const;

  // A text of at most 48 KiB, of which decode() makes one that expects the same.
  std::string encode() const;
  // Errors: Invalid, with what is wrong; a text that was cut or changed is never half taken.
  static Result<DayShape> decode(std::string_view text);

 private:
  struct Bucket {
    int64_t sum_milli = 0;
    int64_t samples = 0;
  };
  struct Day {
    int64_t number = 0;  // since 1970
    std::array<Bucket, kBuckets> buckets{};
  };

  static Status decode_day(std::string_view text, Day& day);
  std::optional<int64_t> average(int64_t bucket) const;
  std::optional<int64_t> usual(int64_t bucket) const;
  std::optional<int64_t> usual_at(Instant at) const;

  std::vector<Day> days_;  // oldest first, kDays and the one that goes on
};

}  // namespace berth::scaling
