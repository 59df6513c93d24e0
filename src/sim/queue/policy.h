#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "sched/core/world.h"
#include "sim/queue/estimator.h"
#include "sim/queue/free_devices.h"
#include "sim/queue/job.h"

namespace berth::sim::queue {

// What it costs a job to be stopped and to go on. Stopped on purpose it saves all it has done, on
// devices that the job after it can use only then; a node that fails takes what was done since the
// last checkpoint.
struct CheckpointCost {
  Millis every = std::chrono::seconds(600);
  Millis save = std::chrono::seconds(30);
  Millis restore = std::chrono::seconds(60);
};

enum class Phase { Unsubmitted, Waiting, Running, Ended };

struct Progress {
  Phase phase = Phase::Unsubmitted;
  int32_t attempt = 0;  // how often it was started
  Instant since;        // when this attempt started
  Millis stall{};       // until its first step: another's save, its own restore
  Millis saved{};       // useful run of the attempts before
  Placement placement;  // while it runs

  // Useful run until now, this attempt's with it.
  Millis ran(Instant now) const {
    if (phase != Phase::Running) return saved;
    return saved + std::max(Millis{}, now - since - stall);
  }
};

// What a policy sees. Spans of jobs are by JobId; lives as long as the decision.
struct View {
  std::span<const VisibleJob> jobs;
  std::span<const Progress> progress;
  std::span<const JobId> waiting;  // ascending, so by time of submission
  std::span<const JobId> running;  // ascending
  std::span<const Tenant> tenants;
  std::span<const Tier> tiers;
  const FreeDevices& free;  // devices of failed nodes are not free
  const Estimator& estimator;
  CheckpointCost checkpoint;

  const VisibleJob& job(JobId id) const { return jobs[static_cast<size_t>(id)]; }
  const Progress& of(JobId id) const { return progress[static_cast<size_t>(id)]; }
  // Until the end of a job that runs, or that would start now; at least a millisecond.
  Millis expected_left(JobId id, Instant now) const;
};

struct Start {
  JobId job = 0;
  Placement placement;
  bool operator==(const Start&) const = default;
};
// Stops `job` for the sake of `beneficiary`, which has to start in the same decision.
struct Preempt {
  JobId job = 0;
  JobId beneficiary = 0;
  bool operator==(const Preempt&) const = default;
};
using Action = std::variant<Start, Preempt>;

struct Decision {
  std::vector<Action> actions;           // carried out in this order
  std::optional<Instant> again_at = {};  // asked then, even if nothing happens before
};

// Asked whenever jobs came or ended, nodes failed or came back, or it wanted to be.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual Decision decide(const View& view, Instant now) = 0;
};

// fifo, easy, las, drf, berth. `core` is for berth alone. Errors: Invalid for any other name.
Result<std::unique_ptr<Policy>> make_policy(std::string_view name,
                                            const sched::CoreSettings& core = {});

}  // namespace berth::sim::queue
