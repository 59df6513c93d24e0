#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "operator/controllers/gpujob/gpujob_plan.h"
#include "operator/controllers/gpujob/worker_pod.h"
#include "operator/scheduling/job_desk.h"
#include "operator/world/scheduler_pulse.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"
#include "runtime/recorder.h"

namespace berth::control {

// Brings GpuJobs on: gathers the facts of one from the stores, decides, sends the writes.
class GpuJobController final : public runtime::Reconciler {
 public:
  GpuJobController(Stores& stores, JobDesk& desk, const SchedulerPulse& pulse,
                   runtime::Recorder& recorder, const Settings& settings, const Clock& clock);

  // Called for every attempt whose end is written down, with its cause.
  std::function<void(const std::string& cause)> on_attempt_end;

  // Whether by now no other leader's pods can be on their way, nor be unseen. By the clock at the
  // moment of the call.
  std::function<bool()> is_settled;

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

  // What the workers of a job said; written with its next status.
  struct Report {
    api::Progress progress;
    std::optional<api::CheckpointStatus> checkpoint;
  };
  void report(const std::string& job_uid, Report report);

 private:
  JobFacts gather(const api::GpuJob& job) const;
  void pace_publishing(const api::GpuJob& job, JobPlan& plan);
  void apply(const api::GpuJob& job, const JobPlan& plan, runtime::Writes& writes);
  void write_status(const api::GpuJob& job, const JobPlan& plan, runtime::Writes& writes);
  void arrange(const api::GpuJob& job, const Rendezvous& plan, runtime::Writes& writes);
  void create_workers(const api::GpuJob& job, const JobPlan& plan, runtime::Writes& writes);
  void delete_pods(const JobPlan& plan, runtime::Writes& writes);
  bool is_in_doubt(const api::GpuJob& job) const;
  void list_pods(const api::GpuJob& job, runtime::Writes& writes);
  void patch_finalizer(const api::GpuJob& job, const Json& patch, runtime::Writes& writes);
  void tell(const api::GpuJob& job, const std::vector<Note>& notes);
  void keep_last_word(const translate::Pod& pod);
  DeviceNames names_for(const api::PlacedWorker& worker) const;
  // Micro-dollars per hour; nothing where one of its nodes has no price.
  std::optional<int64_t> price_of(const api::Placement& placement) const;

  Stores& stores_;
  JobDesk& desk_;
  const SchedulerPulse& pulse_;
  runtime::Recorder& recorder_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<std::string, Report> reports_;       // by the job's UID
  std::map<std::string, LastWord> last_words_;  // likewise
  // Pods that were to be made and about which no answer came, by the job's UID.
  std::map<std::string, std::set<std::string>> unanswered_;
  std::map<std::string, int64_t> listed_;  // attempts whose pods were asked for, likewise
  // When the addresses of an attempt were last published, likewise.
  std::map<std::string, std::pair<int64_t, Monotonic>> published_;
};

}  // namespace berth::control
