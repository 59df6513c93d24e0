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

namespace berth::slo {

// Requests that ended in some time.
struct Tally {
  int64_t requests = 0;
  int64_t errors = 0;  // of those, without the answer that was due
  int64_t late = 0;    // of those, not within the bound of the latency objective

  Tally& operator+=(const Tally& more);
  bool operator==(const Tally&) const = default;
};

// What was counted, by time: each request is in one bucket of each of four rings, of 1 minute for
// an hour, 5 minutes for 6 hours, 30 minutes for 3 days and 6 hours for `days`. So a window of any
// of the burn rates is summed from at most 144 buckets and reaches back between all of its length
// and one bucket less. About 15 KiB for 90 days.
class History {
 public:
  static constexpr int64_t kMostDays = 90;
  explicit History(int64_t days = kMostDays);

  // Counted at `at`; errors and late requests beyond `requests` are not. What is older than a ring
  // reaches is not counted in that ring.
  void add(const Tally& tally, Instant at);
  // What was counted in (now - window, now]. Windows longer than the history are cut to it. `now`
  // is not before what was counted last, or the window is cut where its ring has turned on.
  Tally over(Millis window, Instant now) const;

  // A text of at most 24 KiB: what a restart reads back, equal to this.
  std::string encode() const;
  // Errors: Invalid, with what is wrong; a text that was cut or changed is never half taken.
  static Result<History> decode(std::string_view text);

  bool operator==(const History&) const = default;

 private:
  struct Ring {
    Millis width{0};
    std::vector<Tally> buckets;
    int64_t newest = 0;  // index since 1970 of the newest bucket that was counted in

    Tally& at(int64_t index);
    const Tally& at(int64_t index) const;
    void add(const Tally& tally, Instant when);
    Tally sum(Millis window, Instant now) const;
    Millis span() const { return width * static_cast<int64_t>(buckets.size()); }
    bool operator==(const Ring&) const = default;
  };
  static Status decode_ring(std::string_view text, Ring& ring);

  std::array<Ring, 4> rings_;  // finest first
};

}  // namespace berth::slo
