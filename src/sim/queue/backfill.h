#pragma once
#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "sim/queue/policy.h"

namespace berth::sim::queue {

// When running jobs are expected to end, kept from decision to decision: a guess is made once when
// the job starts and again when it has proved too short.
class ExpectedEnds {
 public:
  using Ends = std::set<std::pair<Instant, JobId>>;
  // Drops what has ended, adds what has started. Cost: O(running), O(log n) per change.
  const Ends& at(const View& view, Instant now);

 private:
  struct Known {
    int32_t attempt = 0;
    Instant end;
  };
  Ends ends_;
  std::vector<Known> known_;  // by job
};

// One decision of EASY backfill (Lifka 1995) on nodes instead of totals. Jobs are offered in the
// policy's order. The first that does not fit becomes the head: it is promised the nodes that it
// gets at its shadow time, the first expected end at which it can be placed. A later job starts if
// it is expected to end by then, or on devices that the head does not need at that time.
class Backfill {
 public:
  Backfill(const View& view, Instant now, ExpectedEnds& ends);
  // Whether the job starts; it is then among the actions.
  bool offer(JobId job);
  // Nothing that is offered from here on can start.
  bool is_full() const { return now_free_.total() == 0; }
  Decision take() { return std::move(decision_); }

 private:
  void promise(int64_t devices);
  bool start(JobId job, Placement placement, bool outlasts_shadow);
  void update_spare(const Placement& placement);

  const View& view_;
  const Instant now_;
  const ExpectedEnds::Ends& ends_;
  FreeDevices now_free_;
  bool has_head_ = false;
  Instant shadow_;
  FreeDevices at_shadow_;  // free at that time, less what the head needs
  FreeDevices spare_;      // free both now and then
  int64_t too_wide_ = std::numeric_limits<int64_t>::max();        // fits on now_free_ no more
  int64_t too_wide_spare_ = std::numeric_limits<int64_t>::max();  // fits on spare_ no more
  Decision decision_;
  std::vector<std::pair<Instant, size_t>> started_;  // expected end, index of the action
};

}  // namespace berth::sim::queue
