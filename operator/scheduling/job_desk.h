#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "operator/controllers/gpujob/gpujob_plan.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/coverage.h"
#include "operator/scheduling/reservation_desk.h"
#include "operator/scheduling/scheduler.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"

namespace berth::control {

// GpuJobs on their way through the pass.
//
//   waiting --Admit----> granted (in the books) --charges covered--> told (placement in the status)
//           --Preempt--> nominated (in the status) --devices free--> granted
//           --Hold-----> held, with the reason
class JobDesk final : public AskSource {
 public:
  JobDesk(Stores& stores, Books& books, const Coverage& coverage, const WorldFeed& feed,
          Nominations& nominations, const ReservationDesk& reservations, Scheduler& scheduler,
          const Settings& settings, const Clock& clock);
  JobDesk(const JobDesk&) = delete;
  JobDesk& operator=(const JobDesk&) = delete;

  // Called for every job that there is something new to do for.
  std::function<void(const runtime::ObjectKey&)> wake;
  // How long a job may still wait by its tier's promises.
  std::function<Millis(const std::string& uid)> slack_of;

  std::optional<Instant> collect(Instant now, std::vector<const sched::Ask*>& asks) override;
  void admitted(const sched::Admit& admit) override;
  void held(const sched::Hold& hold) override;
  void nominated(const Nomination& nomination) override;
  bool has(const sched::WorkloadId& id) const override;

  // The placement that a job waits for, and for whom.
  std::optional<NominatedFacts> nominated(const api::GpuJob& job) const;
  // Why a running job has to end its attempt; nothing while it may stay.
  std::optional<StopFacts> has_to_stop(const std::string& uid) const;
  // The placement of a job whose charges are all written.
  std::optional<api::Placement> granted(const api::GpuJob& job) const;
  // More charges are written: wakes the jobs that can be told now.
  void wake_granted();

  std::optional<HoldFacts> hold(const std::string& uid) const;
  void hold_written(const std::string& uid);
  // Keeps the job off those nodes for a while.
  void avoid(const std::string& uid, const std::vector<std::string>& nodes);

 private:
  struct Held {
    sched::Hold hold;
    Monotonic since;
    Monotonic written = Monotonic::min();
  };

  void on_job(const api::GpuJob* before, const api::GpuJob* after);
  void follow_nomination(const api::GpuJob& job);
  void wake_dependents(const api::GpuJob& first);
  bool is_resizing(const api::GpuJob& job) const;
  std::optional<Instant> collect_growing(Instant now, std::vector<const sched::Ask*>& asks);
  sched::Ask ask_for(const api::GpuJob& job);
  std::optional<sched::Ask> growth_ask(const api::GpuJob& job) const;
  void renew(const api::GpuJob& job);
  void renew_all();
  void renew_growing();
  std::string waits_for(const Nomination& nomination) const;
  std::set<sched::NodeId> avoided(const std::string& uid);

  Stores& stores_;
  Books& books_;
  const Coverage& coverage_;
  const WorldFeed& feed_;
  Nominations& nominations_;
  const ReservationDesk& reservations_;
  Scheduler& scheduler_;
  const Settings& settings_;
  const Clock& clock_;
  uint64_t learned_ = 0;  // runs, when the asks were last made anew
  Monotonic next_renewal_ = Monotonic::min();
  bool is_pooling_old_ = false;                // a pool has changed since the asks were made
  std::map<std::string, sched::Ask> waiting_;  // by UID
  std::map<std::string, sched::Ask> growing_;  // by UID
  std::set<std::string> dependents_;           // UIDs of waiting jobs with dependsOn
  std::map<std::string, Held> held_;           // by UID
  std::map<std::string, std::map<sched::NodeId, Monotonic>> avoided_;  // by UID, until when
};

}  // namespace berth::control
