#pragma once
#include <algorithm>
#include <array>
#include <string_view>

#include "api/gpujob_spec.h"
#include "api/gpujob_status.h"
#include "api/kind.h"
#include "json/object_meta.h"

namespace berth::api {

// A gang of workers that trains together: all of them run or none does.
struct GpuJob {
  ObjectMeta meta;
  GpuJobSpec spec;
  GpuJobStatus status;

  static constexpr KindFacts kKind{.kind = "GpuJob",
                                   .plural = "gpujobs",
                                   .singular = "gpujob",
                                   .short_name = "gj",
                                   .namespaced = true,
                                   .doc = "A gang of workers on devices: all of them run or none."};
  static constexpr std::array kColumns{
      Column{"Admitted", "string", ".status.conditions[?(@.type=='Admitted')].reason",
             "Admitted, or why it waits."},
      Column{"Ready", "integer", ".status.workers.ready", "Workers that are ready."},
      Column{"Workers", "integer", ".spec.workers.max", "Workers asked for."},
      Column{"Attempt", "integer", ".status.attempt", "Number of the running attempt."},
      Column{"Percent", "integer", ".status.progress.percent", "Progress."},
      Column{"Complete", "string", ".status.conditions[?(@.type=='Complete')].status",
             "True when it ended well."},
      Column{"Failed", "string", ".status.conditions[?(@.type=='Failed')].reason",
             "Why it ended badly."},
      Column{"Step", "integer", ".status.progress.step", "Step that the worker reported.", true},
      Column{"Checkpoint", "integer", ".status.checkpoint.step", "Step of the newest checkpoint.",
             true},
      Column{"Why", "string", ".status.conditions[?(@.type=='Admitted')].message",
             "What admission says.", true},
      Column{"Age", "date", ".metadata.creationTimestamp", "Time since creation."},
  };

  template <class V>
  static void describe(V& v) {
    // Pods and their host names are JOB-ATTEMPT-INDEX, so the name is a DNS label with room left.
    v.field("metadata", &GpuJob::meta, {.max_length = kJobNameLength, .pattern = kDnsLabelPattern},
            "Metadata.");
    v.field("spec", &GpuJob::spec, {.required = true},
            "What to run. Immutable but for suspend, priority and workers.max.");
    v.field("status", &GpuJob::status, {}, "How it goes.");
    v.rule(
        "!has(self.spec.dependsOn) || !(self.metadata.name in self.spec.dependsOn)",
        "a GpuJob cannot wait for itself",
        [](const GpuJob& job) {
          const auto& names = job.spec.depends_on;
          return std::find(names.begin(), names.end(), job.meta.name) == names.end();
        },
        ".spec.dependsOn");
  }
  bool operator==(const GpuJob&) const = default;
};

inline bool is_finished(const GpuJob& job) {
  const auto holds = [&](std::string_view type) {
    const Condition* condition = find_condition(job.status.conditions, type);
    return condition != nullptr && condition->is_true();
  };
  return holds("Complete") || holds("Failed");
}

// The end of the placed attempt is written down, its pods may still be there.
inline bool is_ending(const GpuJobStatus& status) {
  return status.placement && !status.attempts.empty() &&
         status.attempts.back().attempt == status.placement->attempt;
}

// Waits for the pass: nothing placed, nothing running, not suspended, not over.
inline bool is_waiting(const GpuJob& job) {
  return !job.meta.deletion && !job.spec.suspend && !job.status.placement && !is_finished(job);
}

}  // namespace berth::api
