#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/gpujob.h"
#include "base/clock.h"
#include "translate/pod.h"

// How one attempt of a gang goes, read off its pods. Pure.
namespace berth::control {

enum class EndCause {
  Completed,
  Failed,            // a worker failed in a way that may go better next time
  NonRetriableExit,  // a worker says that its configuration is wrong: exit 64
  Preempted,         // somebody took a worker away, or it was asked to checkpoint: exit 42
  PlanFailed,        // a worker could not start where it was planned; not the job's fault
  DeadlineExceeded,  // of limits.maxRuntimeSeconds
  CostExceeded,      // of limits.maxMicroUsd
  Suspended,
  Resized,  // an elastic gang goes on with another number of workers
};
std::string_view name_of(EndCause cause);
std::optional<EndCause> end_cause(std::string_view name);

struct Verdict {
  std::optional<EndCause> end;         // nothing while the attempt goes on
  std::string message;                 // why it ended, with the pod and the code
  int64_t ready = 0;                   // workers that are ready or already done
  std::vector<std::string> bad_nodes;  // of a failed plan
};

struct AttemptFacts {
  const api::GpuJob& job;  // has a placement
  // By index; nullptr where there is no pod. Pods of this attempt only.
  std::vector<const translate::Pod*> workers;
  std::vector<std::string> missing_nodes;  // of the placement, that no longer exist
  Instant start_counts_from;  // admission, or later when no scheduler was alive meanwhile
  Instant now;
};

// The worst of what the workers say decides, in this order: a wrong configuration, a worker taken
// away, a plan that failed, a failure. So the peers of a worker that was drained, which fail for
// lack of it, do not make the drain look like their failure.
Verdict judge(const AttemptFacts& facts);

// Seconds of running over all attempts, the current one included.
int64_t seconds_run(const api::GpuJob& job, Instant now);

}  // namespace berth::control
