#pragma once
#include <optional>
#include <string>

#include "api/gpujob.h"
#include "sched/explain/explain.h"

namespace berth::cli {

// What is said about one GpuJob.
struct JobStory {
  const api::GpuJob* job = nullptr;
  std::optional<std::string> quota;           // nothing: no Quota pays for its namespace
  std::optional<sched::Explanation> explain;  // nothing: it does not wait
  Instant now;
};

// Waiting, Admitted, Suspended, Finished or Deleting.
std::string state_of(const api::GpuJob& job);

std::string explain_json(const JobStory& story);
std::string explain_text(const JobStory& story);

}  // namespace berth::cli
