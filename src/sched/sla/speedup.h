#pragma once
#include <cstdint>
#include <vector>

namespace berth::sched {

// So much work a second is done by so many workers. Thousandths of any unit that one job keeps to.
struct RatePoint {
  int64_t workers = 0;
  int64_t rate_milli = 0;
  bool operator==(const RatePoint&) const = default;
};

// How fast a job is with how many workers: straight lines between measured or declared points,
// through zero below the first, flat beyond the last, because nobody has seen more. Without points
// a guess: w workers do w * 65 / (64 + w) times the work of one (1% of the work is not shared).
class Speedup {
 public:
  Speedup() = default;
  // Points in any order; of two with the same workers the slower stands. Points without workers and
  // negative rates are left out.
  explicit Speedup(std::vector<RatePoint> points);

  int64_t rate_milli(int64_t workers) const;  // O(log points)

  // Counts worth trying between two others, both included: on straight lines the best average slope
  // ends in a point.
  std::vector<int64_t> counts_between(int64_t low, int64_t high) const;
  bool operator==(const Speedup&) const = default;

 private:
  std::vector<RatePoint> points_;
};

}  // namespace berth::sched
