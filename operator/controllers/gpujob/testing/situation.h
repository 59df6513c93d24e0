#pragma once
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "api/gpujob.h"
#include "operator/controllers/gpujob/gpujob_plan.h"
#include "translate/pod.h"

// Builders for tests about one GpuJob, spoken as sentences:
//   Situation().workers(2).placed({"a", "b"}).pod(0, running()).plan()
namespace berth::control {

inline constexpr const char* kTestClass = "nvidia-h200";
inline const Instant kTestStart = Instant{Millis{1'800'000'000'000}};

// How a worker's pod stands.
struct PodState {
  translate::PodPhase phase = translate::PodPhase::Pending;
  bool ready = false;
  bool started = false;
  std::optional<int32_t> exit_code;
  std::string reason;
  std::string detail;
  bool disrupted = false;
  bool deleting = false;
  std::string said;  // the termination message

  PodState because(std::string why) const {
    return with([&](PodState& s) { s.reason = why; });
  }
  PodState detailed(std::string text) const {
    return with([&](PodState& s) { s.detail = text; });
  }
  PodState taken_away() const {
    return with([](PodState& s) { s.disrupted = true; });
  }
  PodState being_deleted() const {
    return with([](PodState& s) { s.deleting = true; });
  }
  PodState saying(std::string text) const {
    return with([&](PodState& s) { s.said = text; });
  }

 private:
  template <class Change>
  PodState with(Change change) const {
    PodState changed = *this;
    change(changed);
    return changed;
  }
};

inline PodState pending() { return {}; }
inline PodState running() {
  return {.phase = translate::PodPhase::Running, .ready = true, .started = true};
}
inline PodState starting() { return {.phase = translate::PodPhase::Running, .started = true}; }
inline PodState exited(int32_t code) {
  return {.phase = code == 0 ? translate::PodPhase::Succeeded : translate::PodPhase::Failed,
          .started = true,
          .exit_code = code};
}
inline PodState rejected(std::string reason) {
  return {.phase = translate::PodPhase::Failed, .reason = std::move(reason)};
}

inline translate::Pod worker_of(const api::GpuJob& job, const std::string& name, std::string node,
                                const PodState& state) {
  translate::Pod pod;
  pod.meta.name = name;
  pod.meta.name_space = job.meta.name_space;
  pod.meta.uid = "uid-" + name;
  pod.meta.owners = {{.api_version = "berth.dev/v1alpha1",
                      .kind = "GpuJob",
                      .name = job.meta.name,
                      .uid = job.meta.uid,
                      .controller = true}};
  pod.node = std::move(node);
  pod.phase = state.phase;
  pod.ready = state.ready;
  pod.started = state.started;
  pod.exit_code = state.exit_code;
  pod.reason = state.reason;
  pod.detail = state.detail;
  pod.disrupted = state.disrupted;
  pod.termination_message = state.said;
  if (state.deleting) pod.meta.deletion = kTestStart;
  return pod;
}

inline api::Placement placement_on(const std::vector<std::string>& nodes, int64_t attempt,
                                   int64_t devices) {
  api::Placement placement{.attempt = attempt, .workers = {}};
  for (const std::string& node : nodes)
    placement.workers.push_back({"", node, kTestClass, devices});
  return placement;
}

// A job, its pods and what the scheduler says, as the plan sees them.
struct Situation {
  api::GpuJob job;
  std::deque<translate::Pod> pods;  // addresses stay
  std::optional<api::Placement> granted;
  std::optional<HoldFacts> held;
  std::optional<std::string> waits_for_job;
  std::optional<NominatedFacts> nominated;
  std::optional<StopFacts> has_to_stop;
  std::vector<std::string> missing;
  Violations violations;
  bool in_doubt = false;  // a pod may be there that was not seen
  bool service = true;
  std::vector<const Named*> slices;
  std::optional<LastWord> last_word;
  Instant now = kTestStart;
  Settings settings;

  // One worker with one device, seen by the operator before.
  Situation() {
    job.meta.name = "train";
    job.meta.name_space = "blue";
    job.meta.uid = "uid-train";
    job.meta.generation = 1;
    job.meta.resource_version = "7";
    job.meta.finalizers = {std::string(kFinalizer)};
    job.spec.worker.image = "example/trainer:1";
    job.spec.worker.devices = {{.device_class = kTestClass, .count = 1}};
    job.status.observed_generation = 1;
  }

  template <class Change>
  Situation& with(Change change) {
    change(*this);
    return *this;
  }
  Situation& workers(int64_t count, int64_t devices = 1) {
    job.spec.workers = {count, count};
    job.spec.worker.devices.front().count = devices;
    return *this;
  }
  Situation& no_finalizer() {
    job.meta.finalizers.clear();
    return *this;
  }
  Situation& deleted() {
    job.meta.deletion = now;
    return *this;
  }
  Situation& suspended(bool on = true) {
    job.spec.suspend = on;
    return *this;
  }
  Situation& grant(const std::vector<std::string>& nodes) {
    granted = placement_on(nodes, job.status.attempt + 1, job.spec.worker.devices.front().count);
    return *this;
  }
  Situation& hold(sched::Reason reason, std::string message, Millis age,
                  Millis since_written = Millis::max()) {
    held = HoldFacts{{{job.meta.uid}, reason, std::move(message)}, age, since_written};
    return *this;
  }
  Situation& nominate(const std::vector<std::string>& nodes, std::string message) {
    const int64_t devices = job.spec.worker.devices.front().count;
    nominated = {placement_on(nodes, job.status.attempt + 1, devices), std::move(message)};
    return *this;
  }
  Situation& after(Millis time) {
    now += time;
    return *this;
  }
  // Admitted on these nodes, one per worker, and stored.
  Situation& placed(const std::vector<std::string>& nodes, int64_t attempt = 1) {
    const auto count = static_cast<int64_t>(nodes.size());
    workers(count, job.spec.worker.devices.front().count);
    job.status.attempt = attempt - 1;
    grant(nodes);
    job.status = decide(facts()).status.value();
    granted.reset();
    return *this;
  }
  // All workers run and are ready, and the status says so.
  Situation& started() {
    for (size_t i = 0; i < job.status.placement->workers.size(); ++i) {
      pod(static_cast<int64_t>(i), running());
    }
    job.status = decide(facts()).status.value();
    return *this;
  }
  // The worker's pod of the placed attempt, in the place of the one before.
  Situation& pod(int64_t index, const PodState& state) {
    const api::Placement& placement = *job.status.placement;
    const auto& worker = placement.workers[static_cast<size_t>(index)];
    return pod_named(
        job.meta.name + "-" + std::to_string(placement.attempt) + "-" + std::to_string(index),
        state, worker.node);
  }
  Situation& pod_named(const std::string& name, const PodState& state, std::string node = "a") {
    no_pod(name);
    pods.push_back(worker_of(job, name, std::move(node), state));
    return *this;
  }
  Situation& no_pod(const std::string& name) {
    std::erase_if(pods, [&](const translate::Pod& pod) { return pod.meta.name == name; });
    return *this;
  }
  Situation& no_pods() {
    pods.clear();
    return *this;
  }

  JobFacts facts() const {
    JobFacts facts{.job = job,
                   .pods = {},
                   .pods_in_doubt = in_doubt,
                   .violations = violations,
                   .granted = granted,
                   .hold = held,
                   .waits_for_job = waits_for_job,
                   .nominated = nominated,
                   .has_to_stop = has_to_stop,
                   .missing_nodes = missing,
                   .has_service = service,
                   .slices = slices,
                   .progress = {},
                   .checkpoint = {},
                   .last_word = last_word,
                   .now = now,
                   .settings = settings};
    for (const translate::Pod& pod : pods) facts.pods.push_back(&pod);
    return facts;
  }
  JobPlan plan() const { return decide(facts()); }
  // What the API server does with the plan's status; nothing when the plan writes none.
  JobPlan store() {
    JobPlan plan = decide(facts());
    if (plan.status) job.status = *plan.status;
    return plan;
  }
};

inline const api::Condition* condition(const api::GpuJob& job, std::string_view type) {
  return api::find_condition(job.status.conditions, type);
}
// "True Admitted", "False OverQuota"; "absent" without the condition.
inline std::string said(const api::GpuJob& job, std::string_view type) {
  const api::Condition* found = condition(job, type);
  if (found == nullptr) return "absent";
  return std::string(found->is_true() ? "True " : "False ") + found->reason;
}

}  // namespace berth::control
