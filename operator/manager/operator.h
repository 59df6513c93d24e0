#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "decisionlog/recorded_world.h"
#include "kube/transport.h"
#include "operator/controllers/capacitypool/capacitypool_controller.h"
#include "operator/controllers/foreignpod/foreignpod_controller.h"
#include "operator/controllers/gpujob/gpujob_controller.h"
#include "operator/controllers/gpujob/progress_reader.h"
#include "operator/controllers/namespace/namespace_controller.h"
#include "operator/controllers/placementpolicy/placementpolicy_controller.h"
#include "operator/controllers/quota/quota_controller.h"
#include "operator/controllers/reservation/reservation_controller.h"
#include "operator/controllers/slatier/slatier_controller.h"
#include "operator/manager/feeds.h"
#include "operator/manager/serving.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/endpoint_costs.h"
#include "operator/scheduling/outlook_desk.h"
#include "operator/scheduling/recent_use.h"
#include "operator/scheduling/reservation_desk.h"
#include "operator/scheduling/scheduler.h"
#include "operator/scheduling/span.h"
#include "operator/scheduling/spending.h"
#include "operator/scheduling/tier_accounts.h"
#include "operator/world/epoch_claim.h"
#include "operator/world/scheduler_pulse.h"
#include "runtime/controller.h"
#include "runtime/effects.h"
#include "runtime/election.h"
#include "runtime/health.h"
#include "runtime/recorder.h"
#include "translate/class_values.h"

namespace berth::control {

// What the outside may want to count; all optional.
struct Observers {
  runtime::OnReconciled on_reconciled;
  std::function<void(const PassReport&)> on_pass;
  std::function<void(const std::string& cause)> on_attempt_end;
  std::function<void(const api::Quota&)> on_quota;                 // its stored status is new
  std::function<void(const api::PlacementPolicy&)> on_policy;      // the same
  std::function<void(const api::CapacityPool&)> on_pool;           // the same
  std::function<void(const api::SlaTier&, bool is_gone)> on_tier;  // as on_quota
  std::function<void(const std::string& tier)> on_overdue;  // a job waits longer than it allows
  std::function<void(bool leads)> on_leading;
  decisionlog::DecisionLog* decision_log = nullptr;  // has to outlive the operator
};

// The whole operator over one transport: election, claim of the epoch, informers, pass,
// controllers.
//
//   Following --elected--> Claiming --epoch on every Quota--> Listing --synced--> Leading
//       any state --Lease lost--> over, and the process has to end
//
// One thread calls tick() and drives the transport between two ticks. No clock, no socket and no
// randomness of its own: on the in-memory server it is a deterministic function of its inputs.
class Operator {
 public:
  // `fetcher` reads the progress of workers; without one, only their last message tells.
  Operator(kube::Transport& transport, const Clock& clock, Settings settings, Log& log,
           const Observers& observers = {}, MetricsFetcher* fetcher = nullptr);
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  // Does what is due; returns when to call again at the latest.
  Monotonic tick();

  bool is_leading() const { return state_ == State::Leading; }
  // The Lease is lost, or another may lead: the process has to end.
  bool is_over() const { return elector_.election().over() || quota_.is_superseded(); }
  // Why, for logs; empty while it is not over.
  std::string why_over() const;
  // Graceful stop: decides nothing more; once idle() the Lease can be given up with release().
  void stop() { is_stopping_ = true; }
  bool is_idle() const { return effects_.pending() == 0; }
  void release() { elector_.election().release(); }

  runtime::Health live() const;   // the loop turns
  runtime::Health ready() const;  // leading and synced, or waiting to take over
  const Stores& stores() const { return stores_; }
  const Books& books() const { return books_; }

 private:
  enum class State { Following, Claiming, Listing, Leading };

  void wire(const Observers& observers);
  void wire_jobs();
  void wire_accounts(const Observers& observers);
  void value_classes();
  Monotonic keep_accounts();
  void wire_reservations();
  void advance(Monotonic now);
  Monotonic lead();
  void wake_all();

  Settings settings_;
  const Clock& clock_;
  Log& log_;
  State state_ = State::Following;
  bool is_stopping_ = false;
  std::function<void(bool leads)> on_leading_;
  Monotonic forgive_at_ = Monotonic::max();  // one lease after the first accepted write
  // One more: by then all that the leader before could still write was seen, too.
  Monotonic settled_at_ = Monotonic::max();

  Stores stores_;
  Books books_;
  Coverage coverage_;
  WorldFeed feed_;
  Nominations nominations_;
  ReservationDesk reservation_desk_;
  Scheduler scheduler_;
  OutlookDesk outlook_desk_;
  Spans spans_{clock_};
  Spending spending_;
  EndpointCosts endpoint_costs_{stores_, books_, settings_, clock_};
  RecentUse recent_use_;
  translate::ClassValues class_values_;  // as the world was last told
  JobDesk job_desk_;
  TierAccounts tier_accounts_;
  ForeignDesk foreign_desk_;
  runtime::Effects effects_;
  runtime::Recorder recorder_;
  runtime::Elector elector_;
  SchedulerPulse pulse_;
  EpochClaim claim_;
  QuotaController quota_;
  GpuJobController gpujob_;
  ForeignPodController foreignpod_;
  NamespaceController name_space_;
  PlacementPolicyController policy_;
  SlaTierController slatier_;
  CapacityPoolController capacity_;
  ReservationController reservation_;
  runtime::Controller claims_;
  runtime::Controller quotas_;  // at no pace: every admission waits for a charge
  runtime::Controller jobs_;
  runtime::Controller foreign_pods_;
  runtime::Controller namespaces_;
  runtime::Controller policies_;
  runtime::Controller tiers_;
  runtime::Controller pools_;
  runtime::Controller reservations_;
  Serving serving_;
  Feeds feeds_;
  std::optional<ProgressReader> progress_;
};

}  // namespace berth::control
