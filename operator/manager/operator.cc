#include "operator/manager/operator.h"

#include <algorithm>
#include <utility>

#include "runtime/ownership.h"

namespace berth::control {
namespace {

constexpr size_t kWritesInFlight = 64;

}  // namespace

Operator::Operator(kube::Transport& transport, const Clock& clock, Settings settings, Log& log,
                   const Observers& observers, MetricsFetcher* fetcher)
    : settings_(std::move(settings)),
      clock_(clock),
      log_(log),
      books_(stores_, settings_),
      feed_(stores_, books_, settings_, clock),
      nominations_(stores_, books_, feed_, settings_, clock),
      reservation_desk_(stores_, books_, feed_),
      scheduler_(books_, feed_, nominations_, settings_, clock),
      outlook_desk_(stores_, feed_, settings_, clock),
      spending_(stores_, books_, settings_, clock),
      recent_use_(books_, settings_, clock),
      job_desk_(stores_, books_, coverage_, feed_, nominations_, reservation_desk_, scheduler_,
                settings_, clock),
      tier_accounts_(stores_, books_, clock),
      foreign_desk_(stores_, books_, coverage_, nominations_, scheduler_, settings_),
      effects_(transport, kWritesInFlight),
      recorder_(transport, clock,
                {.controller = "berth.dev/operator", .instance = settings_.identity}, log),
      elector_(transport, clock,
               {.name_space = settings_.name_space,
                .lease_name = settings_.lease_name,
                .identity = settings_.identity,
                .lease = settings_.lease,
                .seed = settings_.seed}),
      pulse_(transport, clock, settings_.name_space, settings_.scheduler_lease_name),
      claim_(stores_, clock),
      quota_(stores_, books_, scheduler_, coverage_, spending_, settings_, clock),
      gpujob_(stores_, job_desk_, pulse_, recorder_, settings_, clock),
      foreignpod_(stores_, books_, foreign_desk_, recorder_, settings_, clock),
      name_space_(stores_, books_),
      policy_(stores_, feed_.policies(), recorder_, settings_, clock),
      slatier_(stores_, tier_accounts_, settings_, clock),
      capacity_(stores_, books_, settings_, clock),
      reservation_(stores_, reservation_desk_, recorder_, clock),
      claims_("epoch", claim_, effects_, clock, log, observers.on_reconciled),
      quotas_("quota", quota_, effects_, clock, log, observers.on_reconciled, runtime::Pace(0)),
      jobs_("gpujob", gpujob_, effects_, clock, log, observers.on_reconciled),
      foreign_pods_("foreignpod", foreignpod_, effects_, clock, log, observers.on_reconciled),
      namespaces_("namespace", name_space_, effects_, clock, log, observers.on_reconciled),
      policies_("placementpolicy", policy_, effects_, clock, log, observers.on_reconciled),
      tiers_("slatier", slatier_, effects_, clock, log, observers.on_reconciled),
      pools_("capacitypool", capacity_, effects_, clock, log, observers.on_reconciled),
      reservations_("reservation", reservation_, effects_, clock, log, observers.on_reconciled),
      serving_(stores_, recorder_, effects_, settings_, clock, log, observers.on_reconciled,
               endpoint_costs_, fetcher),
      feeds_(transport, stores_, settings_, log) {
  if (observers.decision_log != nullptr) feed_.world().record_to(*observers.decision_log);
  wire_jobs();
  scheduler_.on_pass = observers.on_pass;
  gpujob_.on_attempt_end = observers.on_attempt_end;
  on_leading_ = observers.on_leading;
  if (fetcher != nullptr) {
    progress_.emplace(stores_, gpujob_, *fetcher, job_desk_.wake, settings_, clock);
  }
  wire(observers);
  wire_accounts(observers);
  wire_reservations();
}

void Operator::wire_reservations() {
  scheduler_.before_pass = [this](Instant now) { return reservation_desk_.book(now); };
  reservation_desk_.wake = [this](const runtime::ObjectKey& key) { reservations_.add(key); };
  reservation_desk_.ask_to_go = nominations_.ask_to_go;
  stores_.reservations.subscribe([this](const api::Reservation* before,
                                        const api::Reservation* after) {
    if (after != nullptr) reservations_.add(runtime::key_of(after->meta));
    const bool is_known = before != nullptr && after != nullptr && before->spec == after->spec &&
                          before->meta.deletion == after->meta.deletion;
    if (!is_known) scheduler_.mark_dirty();
  });
}

void Operator::wire(const Observers& observers) {
  if (observers.on_quota) {
    stores_.quotas.subscribe([show = observers.on_quota](const auto* before, const auto* after) {
      api::Quota gone;
      if (after == nullptr) gone = *before;
      for (api::QuotaUse& use : gone.status.limits) {
        use = {.device_class = use.device_class, .region = use.region};
      }
      show(after != nullptr ? *after : gone);
    });
  }
  if (observers.on_policy) {
    stores_.policies.subscribe([show = observers.on_policy](const auto* before, const auto* after) {
      api::PlacementPolicy gone;
      if (after == nullptr) gone.meta.name = before->meta.name;
      show(after != nullptr ? *after : gone);
    });
  }
  if (observers.on_pool) {
    stores_.pools.subscribe([show = observers.on_pool](const auto* before, const auto* after) {
      api::CapacityPool gone;
      if (after == nullptr) gone.meta.name = before->meta.name;
      show(after != nullptr ? *after : gone);
    });
  }
  stores_.quotas.subscribe([this](const api::Quota* before, const api::Quota* after) {
    const api::Quota& quota = after != nullptr ? *after : *before;
    claims_.add(runtime::key_of(quota.meta));
    quotas_.add(runtime::key_of(quota.meta));
    if (before != nullptr && after != nullptr && before->spec == after->spec) return;
    scheduler_.mark_dirty();
    for (const Named& named : stores_.namespaces.all()) {
      namespaces_.add(runtime::key_of(named.meta));
    }
  });
  if (progress_) {
    progress_->on_replica = [this](const api::GpuJob& replica, const std::string& page) {
      serving_.heard(replica, page);
    };
  }
  feeds_.routes().on_turn = [this] { serving_.wake_all(); };
  stores_.namespaces.subscribe([this](const Named*, const Named* after) {
    if (after != nullptr) namespaces_.add(runtime::key_of(after->meta));
  });
}

void Operator::wire_jobs() {
  job_desk_.wake = [this](const runtime::ObjectKey& key) { jobs_.add(key); };
  foreign_desk_.wake = [this](const runtime::ObjectKey& key) { foreign_pods_.add(key); };
  const auto is_settled = [this] {
    const Monotonic now = clock_.monotonic();
    return now >= settled_at_ && elector_.election().leads(now);
  };
  gpujob_.is_settled = is_settled;
  foreignpod_.is_settled = is_settled;
  nominations_.ask_to_go = [this](const std::string& uid) {
    const api::GpuJob* job = stores_.jobs.find_uid(uid);
    if (job != nullptr) jobs_.add(runtime::key_of(job->meta));
  };
  quota_.leads = [this] { return elector_.election().leads(clock_.monotonic()); };
  quota_.on_covered = [this] {
    job_desk_.wake_granted();
    foreign_desk_.wake_granted();
  };
  stores_.jobs.subscribe([this](const api::GpuJob* before, const api::GpuJob* after) {
    jobs_.add(runtime::key_of(after != nullptr ? after->meta : before->meta));
  });
  stores_.pods.subscribe([this](const translate::Pod* before, const translate::Pod* after) {
    const translate::Pod& pod = after != nullptr ? *after : *before;
    const std::string owner = owner_job(pod);
    if (owner.empty()) return;
    const api::GpuJob* job = stores_.jobs.find_uid(owner);
    if (job == nullptr) return;
    jobs_.add(runtime::key_of(job->meta));
    // The last pod of an earlier attempt is gone: the job may ask again.
    if (after == nullptr || after->is_terminal()) scheduler_.mark_dirty();
  });
  // Also for a new one: most are our own answer, but one may have come back with a backup.
  stores_.slices.subscribe([this](const Named* before, const Named* after) {
    const Named& slice = after != nullptr ? *after : *before;
    const auto owner = runtime::controller_uid(slice.meta, kube::kGpuJobs);
    const api::GpuJob* job = stores_.jobs.find_uid(std::string(owner));
    if (job != nullptr) jobs_.add(runtime::key_of(job->meta));
  });
  stores_.nodes.subscribe([this](const translate::Node*, const translate::Node* after) {
    if (after != nullptr) return;
    for (const api::GpuJob& job : stores_.jobs.all()) {
      if (job.status.placement) jobs_.add(runtime::key_of(job.meta));
    }
  });
}

void Operator::wire_accounts(const Observers& observers) {
  spending_.on_spent = [this](const std::map<sched::QuotaId, sched::SpentBudget>& spent) {
    feed_.world().set_spent(spent);
    scheduler_.mark_dirty();
  };
  tier_accounts_.hold_reason = [this](const std::string& uid) {
    const auto held = job_desk_.hold(uid);
    return held ? std::string(sched::name_of(held->hold.reason)) : std::string();
  };
  tier_accounts_.on_slack = [this](const std::string& uid, Millis slack) {
    feed_.world().set_slack(uid, slack);
  };
  tier_accounts_.on_overdue = observers.on_overdue;
  job_desk_.slack_of = [this](const std::string& uid) { return tier_accounts_.slack(uid); };
  feed_.slack_of = job_desk_.slack_of;
  stores_.tiers.subscribe(
      [this, show = observers.on_tier](const api::SlaTier* before, const api::SlaTier* after) {
        const api::SlaTier& tier = after != nullptr ? *after : *before;
        if (show) show(tier, after == nullptr);
        if (before != nullptr && after != nullptr && before->spec == after->spec) return;
        tiers_.add(runtime::key_of(tier.meta));
      });
}

// What counts as how much, where devices are cut.
void Operator::value_classes() {
  decisionlog::RecordedWorld& world = feed_.world();
  auto values =
      translate::values_of(stores_.pooling, translate::classes_of(world.tree(), world.usable()));
  if (translate::are_same(values, class_values_)) return;
  class_values_ = values;
  sched::FairShareInputs fairness = world.fairness();
  fairness.values = std::move(values);
  world.set_fairness(std::move(fairness));
}

// What is spent, held lately and promised, before the pass asks for it.
Monotonic Operator::keep_accounts() {
  const Span span = spans_.next();
  const Prices prices = prices_of(stores_);
  const Monotonic wake = std::min({spending_.tick(span, prices), endpoint_costs_.tick(span, prices),
                                   tier_accounts_.tick(), outlook_desk_.tick()});
  value_classes();
  if (recent_use_.tick()) {
    sched::FairShareInputs fairness = feed_.world().fairness();
    fairness.lately = recent_use_.inputs().lately;
    fairness.history_permille = recent_use_.inputs().history_permille;
    feed_.world().set_fairness(std::move(fairness));
  }
  for (const std::string& name : spending_.take_due()) quotas_.add({"", name});
  for (const std::string& name : tier_accounts_.take_changed()) tiers_.add({"", name});
  return wake;
}

Monotonic Operator::tick() {
  const Monotonic now = clock_.monotonic();
  Monotonic wake = elector_.tick();
  if (is_over() || is_stopping_) return wake;
  wake = std::min(wake, feeds_.tick(now));
  advance(now);
  if (state_ == State::Claiming) wake = std::min(wake, claims_.tick());
  if (state_ == State::Leading && elector_.election().leads(now)) wake = std::min(wake, lead());
  return wake;
}

void Operator::advance(Monotonic now) {
  switch (state_) {
    case State::Following:
      if (!elector_.election().leads(now)) return;
      log_.info("elected", {{"identity", settings_.identity}});
      feeds_.start_quotas();
      state_ = State::Claiming;
      return;
    case State::Claiming:
      if (!feeds_.quotas_synced()) return;
      if (claim_.epoch() == 0 || claim_.is_overtaken()) {
        claim_.begin(elector_.election().epoch());
        for (const api::Quota& quota : stores_.quotas.all()) {
          claims_.add(runtime::key_of(quota.meta));
        }
      }
      if (!claim_.is_done()) return;
      quota_.set_epoch(claim_.epoch());
      forgive_at_ = claim_.first_accepted().value_or(now) + settings_.lease;
      settled_at_ = forgive_at_ + settings_.lease;
      feeds_.start_rest();
      state_ = State::Listing;
      return;
    case State::Listing:
      if (!feeds_.all_synced()) return;
      log_.info("leading", {{"epoch", std::to_string(claim_.epoch())}});
      state_ = State::Leading;
      if (on_leading_) on_leading_(true);
      books_.keep_unexplained();
      for (const api::Quota& quota : stores_.quotas.all()) quotas_.add(runtime::key_of(quota.meta));
      return;
    case State::Leading: return;
  }
}

Monotonic Operator::lead() {
  if (clock_.monotonic() >= forgive_at_) {
    books_.forgive_unexplained();
    forgive_at_ = Monotonic::max();
  }
  Monotonic wake = keep_accounts();
  wake = std::min({wake, forgive_at_, pulse_.tick(), scheduler_.tick()});
  for (const std::string& name : quota_.take_touched()) quotas_.add({"", name});
  for (const runtime::ObjectKey& key : policy_.due()) policies_.add(key);
  for (const sched::QuotaId& leaf : scheduler_.take_pending_changed()) quotas_.add({"", leaf.name});
  for (const std::string& name : capacity_.take_touched()) pools_.add({"", name});
  wake = std::min({wake, quotas_.tick(), jobs_.tick(), foreign_pods_.tick(), namespaces_.tick()});
  wake = std::min(
      {wake, tiers_.tick(), policies_.tick(), policy_.next(), pools_.tick(), capacity_.wake()});
  wake = std::min({wake, reservations_.tick(), serving_.tick()});
  if (progress_) wake = std::min(wake, progress_->tick());
  return std::min(wake, recorder_.tick());
}

std::string Operator::why_over() const {
  if (elector_.election().over()) return elector_.election().why_over();
  return quota_.is_superseded() ? "a Quota has the epoch of a newer leader" : "";
}

runtime::Health Operator::live() const {
  return {.checks = {{"lease", is_over() ? "lost: this process has to end" : ""}}};
}

runtime::Health Operator::ready() const {
  if (state_ == State::Following) return {.checks = {{"standby", ""}}};
  return {.checks = feeds_.checks()};
}

}  // namespace berth::control
