#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/saturating.h"
#include "sched/ids.h"

namespace berth::sched {

// A running job, as far as taking its devices away concerns it.
struct RunningJob {
  WorkloadId id;
  int64_t devices = 0;
  Instant started;                         // of this attempt
  std::optional<Instant> last_checkpoint;  // of this attempt; absent: all its work since the start
  bool saves_on_notice = false;            // its grace period is long enough for a checkpoint
  Millis save{0};                          // estimates
  Millis restore{0};
  Millis requeue{0};
  bool preemptible = false;
  Millis min_runtime{0};                  // of its tier
  Millis slack = Millis::max();           // of its SLA account
  int64_t preemptions_left = kUnlimited;  // that its retry policy forgives
};

enum class Unpreemptible { NotPreemptible, TooYoung, PreemptedTooOften };
std::string_view name(Unpreemptible why);

// What is lost by taking a job's devices now. All in device-milliseconds.
struct VictimCost {
  int64_t work = 0;     // done since the last checkpoint, to be done again
  int64_t restart = 0;  // devices that save, wait and load and do no work
  int64_t breach = 0;   // a promise that would not be kept
  int64_t total() const;
  bool operator==(const VictimCost&) const = default;
};

struct VictimSettings {
  // What a broken promise is held to cost, per device: a day's work, so that one is broken only
  // where the alternative costs more than that.
  Millis breach = std::chrono::hours{24};
};

// Whether its devices may be taken at all, from `now` on.
std::optional<Unpreemptible> unpreemptible(const RunningJob& job, Instant now);

// The cost of preempting all of the job (a gang is one job: its cost counts once, however many of
// its nodes are wanted). O(1). Victims are taken by least total(), ties by id.
VictimCost preemption_cost(const RunningJob& job, Instant now, const VictimSettings& settings = {});

// The cost of a set: a job that is in it twice counts once.
int64_t total_cost(std::span<const RunningJob* const> victims, Instant now,
                   const VictimSettings& settings = {});

// The cost of stopping it where it goes on with some of its devices, in their place: those stand
// still while it saves and loads, and nobody waits. Never above preemption_cost().
VictimCost shrink_cost(const RunningJob& job, int64_t devices_kept, Instant now,
                       const VictimSettings& settings = {});

// Whether waiting for the next checkpoint is cheaper than taking the devices now: what the job
// still does until then is kept, what the preemptor would have done meanwhile is not.
bool is_cheaper_after_checkpoint(const RunningJob& job, Instant now, Instant next_checkpoint,
                                 int64_t devices_wanted);

}  // namespace berth::sched
