#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace berth::scaling {

// What replicas carried between two scrapes, the same ones ready all the while.
struct TargetSample {
  // Others were starting: what is late says nothing about what one carries, and only the rate
  // counts.
  bool is_starting = false;
  int64_t replicas = 0;
  Millis span{0};
  int64_t in_flight_milli = 0;  // of all of them together on average, in thousandths
  int64_t answered = 0;
  int64_t late = 0;  // of those, not within the latency objective; errors do not count
};

// How many requests in flight a replica carries within its latency objective, learned from what was
// measured: the target of `decide` where the user gives none.
//
// Samples are sorted by load per replica into steps of an eighth. The share of late requests is
// taken not to fall with the load: where it seems to, neighbouring steps are pooled until it does
// not (pool adjacent violators; Ayer et al. 1955), so that a few late requests at little load do
// not count against the many at more. Then
//
//   kept   = the highest step whose share of late requests is allowed
//   target = the upper end of kept, and one step more while nothing above is known: an eighth at a
//            time, and only after `kEnough` requests at the step before
//   rate   = requests per second and replica at kept; before there is one, the highest that was
//   seen
//            while others were starting
//
// Where even the lowest known step is late it goes one step below that, never below a quarter of
// the start: what is late at little load does not get faster by more replicas. All steps are halved
// when they hold `kRemembered` requests, so what was too much is tried again after a while, at the
// cost of about kEnough requests of every kRemembered / 2.
class LearnedTarget {
 public:
  static constexpr int64_t kEnough = 500;
  static constexpr int64_t kRemembered = 200'000;
  static constexpr size_t kSteps = 72;  // from a quarter of the start to a thousand times the start

  struct Settings {
    int64_t start_milli = 1000;       // where nothing is known; half of the largest batch is safe
    int64_t most_milli = 1'000'000;   // the largest batch: above it requests only wait
    int64_t late_basis_points = 100;  // of requests that may be late: 10000 less the objective
    bool operator==(const Settings&) const = default;
  };
  explicit LearnedTarget(Settings settings);

  // Cost: O(1), seldom O(kSteps).
  void observe(const TargetSample& sample);

  // In thousandths of a request, at most `most_milli`. Cost: O(kSteps).
  int64_t target_milli() const;
  std::optional<int64_t> rate_milli() const;
  // Whether kEnough requests were seen at any step; else the target is the start.
  bool is_learned() const;

  // A text of at most 8 KiB, of which decode() makes one that has learned the same.
  std::string encode() const;
  // Errors: Invalid, with what is wrong, also where it was learned with other settings: then other
  // requests were late. A text that was cut or changed is never half taken.
  static Result<LearnedTarget> decode(std::string_view text, const Settings& settings);

 private:
  struct Step {
    int64_t answered = 0;
    int64_t late = 0;
    int64_t replica_ms = 0;
  };
  // Steps that are pooled: [first, last], known ones at both ends.
  struct Pool {
    size_t first = 0;
    size_t last = 0;
    int64_t answered = 0;
    int64_t late = 0;
  };
  struct Found {
    std::optional<size_t> kept;
    std::optional<size_t> late;  // the lowest known step above kept
  };

  Status decode_step(std::string_view text);
  size_t step_of(int64_t in_flight_milli) const;
  Found find() const;
  void halve();

  int64_t unbounded_milli() const;

  Settings settings_;
  std::array<int64_t, kSteps> upper_milli_{};
  std::array<Step, kSteps> steps_{};
  int64_t remembered_ = 0;
  std::optional<int64_t> highest_rate_milli_;  // while others were starting
};

}  // namespace berth::scaling
