#include "operator/scheduling/dependencies.h"

namespace berth::control {

std::optional<std::string> waits_for_job(const Stores& stores, const api::GpuJob& job) {
  for (const std::string& name : job.spec.depends_on) {
    const api::GpuJob* first = stores.jobs.find({job.meta.name_space, name});
    if (first == nullptr) return "GpuJob " + name + " does not exist";
    const api::Condition* complete = api::find_condition(first->status.conditions, "Complete");
    if (complete != nullptr && complete->is_true()) continue;
    return is_finished(*first) ? "GpuJob " + name + " failed"
                               : "waits for GpuJob " + name + " to complete";
  }
  return std::nullopt;
}

}  // namespace berth::control
