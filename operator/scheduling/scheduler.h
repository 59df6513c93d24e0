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
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "sched/pass.h"

namespace berth::control {

// What one pass did, for metrics and logs.
struct PassReport {
  Millis took{};
  size_t asks = 0;
  size_t admitted = 0;
  std::map<sched::Reason, int64_t> held;
};

// Runs the pass when something changed, and remembers what it said until it is done.
//
//   asked --Admit--> granted (in the books) --charges written--> told (placement in the status)
//         --Hold---> held, with the reason
class Scheduler {
 public:
  Scheduler(Stores& stores, Books& books, const Settings& settings, const Clock& clock);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Called for every job whose decision is new, and for every Quota that has to be written.
  std::function<void(const runtime::ObjectKey&)> wake_job;
  std::function<void(const PassReport&)> on_pass;

  // Runs a pass if one is due; returns when to call again at the latest.
  Monotonic tick();
  void mark_dirty() { dirty_ = true; }

  // The placement of a job whose charges are all written.
  std::optional<api::Placement> granted(const api::GpuJob& job) const;
  // Every charge of every grant up to `number` is in the stored status of `quota`.
  void covered(const sched::QuotaId& quota, uint64_t number);

  std::optional<HoldFacts> hold(const std::string& job_uid) const;
  void hold_written(const std::string& job_uid);
  void avoid(const std::string& job_uid, const std::vector<std::string>& nodes);
  // Devices that held work asks for, by leaf and class of its first choice.
  const std::map<sched::QuotaId, std::map<sched::DeviceClass, int64_t>>& pending() const {
    return pending_;
  }

 private:
  struct Held {
    sched::Hold hold;
    Monotonic since;
    Monotonic written = Monotonic::min();
  };

  void on_job(const api::GpuJob* before, const api::GpuJob* after);
  void run();
  sched::Snapshot gather();
  std::set<sched::NodeId> avoided(const std::string& job_uid);
  void take(const sched::Admit& admit);
  void take(const sched::Hold& hold);
  void count_pending(const std::vector<sched::Ask>& asks);

  Stores& stores_;
  Books& books_;
  const Settings& settings_;
  const Clock& clock_;
  bool dirty_ = true;
  uint64_t seen_version_ = 0;
  Monotonic next_pass_ = Monotonic::min();
  std::optional<Instant> next_backoff_;  // when a job that backs off may ask again
  std::set<std::string> waiting_;        // UIDs of jobs that are to be asked for
  std::map<std::string, Held> held_;     // by UID
  std::map<sched::QuotaId, uint64_t> covered_;
  std::map<sched::QuotaId, std::map<sched::DeviceClass, int64_t>> pending_;
  std::map<std::string, std::map<sched::NodeId, Monotonic>> avoided_;  // by UID, until when
};

}  // namespace berth::control
