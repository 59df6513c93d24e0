#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "sched/ids.h"

namespace berth::sched {

// What a tier promises to each of its workloads: so much of the device time that it asks for.
struct TierPromise {
  int64_t percent = 0;  // 0 promises nothing
  Millis window{0};
  bool operator==(const TierPromise&) const = default;
};

// How much a workload asked for and held in a time. Device-milliseconds; `eligible` milliseconds.
struct DeviceTime {
  int64_t asked = 0;
  int64_t held = 0;  // never more than asked
  int64_t eligible = 0;
  int64_t lost() const { return asked - held; }
  bool operator==(const DeviceTime&) const = default;
};

// One workload's account of device time against its tier's promise, over a window that slides.
//
// Only time in which it is eligible counts: queued or running, and not stopped by its user or held
// by its own quota. What counts is min(held, asked). A workload younger than the window is taken as
// served for the rest of it: it may lose (100 - percent)% of a whole window from the start, and
// does not break its promise by queueing for a second. With a full window this is
// held / asked < percent, the fraction of Singularity (arXiv 2202.07848), section 2.
//
// The window is its latest 60 buckets, the open one included, so it reaches back between 59/60 and
// all of its length. About 1.5 KiB each. Nothing ticks: advance() is called when something changes
// or when somebody looks, and costs O(1) amortised: a bucket is touched once.
class SlaAccount {
 public:
  static constexpr size_t kBuckets = 60;

  explicit SlaAccount(TierPromise promise);

  // It held `held` devices and asked for `asked` in all of [from, until). Time that was told before
  // is not counted again, so a clock that is stepped back stops the account until it has caught up.
  void advance(Instant from, Instant until, int64_t held, int64_t asked, bool eligible);

  // All that lies in the window at the latest instant told.
  const DeviceTime& in_window() const { return window_sum_; }
  // Share of the asked device time that was held, 10000 when nothing was asked.
  int64_t attained_basis_points() const;

  // How long it may be without any device from the latest instant told on and still keep its
  // promise; 0 when it has broken it; Millis::max() when nothing is promised or asked.
  // `still_wanted` is the run time that it still needs: work that will soon end has less time to
  // make up for a loss.
  Millis slack(int64_t asked, Millis still_wanted = Millis::max()) const;
  bool kept(int64_t asked, Millis still_wanted = Millis::max()) const;

  // The error budget is the device time that the window may lose. Share of it that is left;
  // negative: overspent; 10000 when nothing is promised.
  int64_t budget_left_basis_points(int64_t asked) const;
  // How fast it was spent in the latest buckets that make up `span`: 100 spends exactly all of it
  // in a window, 1000 in a tenth. 0 when nothing is promised. (Google SRE workbook, chapter 5.)
  int64_t burn_percent(Millis span) const;

  // Job-windows: windows from its first eligible instant on, one after the other, that were judged
  // by held / asked at their end. close() judges the last one, when the workload ends.
  int64_t windows() const { return windows_; }
  int64_t windows_met() const { return windows_met_; }
  void close();

 private:
  struct Ahead;
  void count(Instant from, Instant until, int64_t held, int64_t asked);
  void turn_to(int64_t bucket);
  void open_job_window(Instant at);
  DeviceTime& bucket(int64_t index);
  const DeviceTime& bucket(int64_t index) const;
  bool breaks(const Ahead& ahead, int64_t waited_ms) const;
  Millis last_kept(const Ahead& ahead, int64_t kept_ms, int64_t broken_ms) const;

  TierPromise promise_;
  int64_t width_ms_ = 1;  // of a bucket
  std::array<DeviceTime, kBuckets> buckets_{};
  DeviceTime window_sum_;
  int64_t latest_bucket_ = 0;
  Instant told_ = Instant::min();  // everything before it is accounted for

  DeviceTime judged_;  // of the job-window that is open
  Instant judged_until_ = Instant::min();
  int64_t windows_ = 0;
  int64_t windows_met_ = 0;
};

// A workload as its tier sees it.
struct TierMember {
  WorkloadId id;
  const SlaAccount* account = nullptr;
  int64_t asked = 0;
  Millis still_wanted = Millis::max();
};

struct AtRisk {
  WorkloadId id;
  Millis slack{0};
  bool operator==(const AtRisk&) const = default;
};

struct TierReport {
  int64_t workloads = 0;
  int64_t kept = 0;
  int64_t windows = 0;
  int64_t windows_met = 0;
  std::vector<AtRisk> at_risk;  // least slack first, then by id

  int64_t attainment_percent() const { return workloads == 0 ? 100 : kept * 100 / workloads; }
  int64_t windows_met_percent() const { return windows == 0 ? 100 : windows_met * 100 / windows; }
};

// How one tier's promise is kept. At risk is who has less slack than `bound`. O(n log n).
TierReport report(const std::vector<TierMember>& tier, Millis bound);

}  // namespace berth::sched
