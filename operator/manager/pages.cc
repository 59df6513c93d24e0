#include "operator/manager/pages.h"

#include <array>

namespace berth::control {
namespace {

constexpr Millis kLoopLimit{30'000};  // a loop that has not turned for so long hangs

std::optional<std::string> problem_of(const runtime::Health& health) {
  if (health.ok()) return std::nullopt;
  return health.text();
}

void show_quota(const api::Quota& quota, http::Metrics& metrics) {
  const std::string& name = quota.meta.name;
  metrics.set("berth_quota_epoch", {name}, static_cast<double>(quota.status.epoch));
  for (const api::QuotaUse& use : quota.status.limits) {
    const auto set = [&](std::string_view metric, int64_t devices) {
      const std::string column = sched::column_of(use.device_class, use.region);
      metrics.set(metric, {name, column}, static_cast<double>(devices));
    };
    set("berth_quota_used_devices", use.used);
    set("berth_quota_borrowed_devices", use.borrowed);
    set("berth_quota_lent_devices", use.lent);
    set("berth_quota_pending_devices", use.pending);
    set("berth_quota_unadmitted_devices", use.unadmitted);
  }
  const api::QuotaStatus& status = quota.status;
  if (status.share_of_fair_basis_points) {
    metrics.set("berth_quota_share_of_fair_ratio", {name},
                static_cast<double>(*status.share_of_fair_basis_points) / 10'000);
  }
  const std::array kBudget = {"berth_quota_budget_spent_device_seconds",
                              "berth_quota_budget_spent_usd", "berth_quota_budget_exhausted"};
  if (!status.budget_used) {
    for (const std::string_view metric : kBudget) metrics.forget(metric, {name});
    return;
  }
  const api::Condition* spent = api::find_condition(status.conditions, "BudgetSpent");
  metrics.set(kBudget[0], {name},
              static_cast<double>(status.budget_used->device_milliseconds) / 1'000);
  metrics.set(kBudget[1], {name}, static_cast<double>(status.budget_used->micro_usd) / 1'000'000);
  metrics.set(kBudget[2], {name}, spent != nullptr && spent->is_true() ? 1 : 0);
}

void show_pass(const PassReport& report, http::Metrics& metrics) {
  metrics.observe("berth_pass_duration_seconds", {},
                  static_cast<double>(report.took.count()) / 1000);
  metrics.add("berth_pass_admitted_total", {}, static_cast<double>(report.admitted));
  metrics.set("berth_pass_asks", {}, static_cast<double>(report.asks));
  for (const sched::Reason reason : sched::kReasons) {
    const auto held = report.held.find(reason);
    metrics.set("berth_held_workloads", {sched::name_of(reason)},
                held == report.held.end() ? 0 : static_cast<double>(held->second));
  }
}

void show_tier(const api::SlaTier& tier, bool is_gone, http::Metrics& metrics) {
  const std::string& name = tier.meta.name;
  const auto& attained = tier.status.attainment_percent;
  if (is_gone || !attained) {
    metrics.forget("berth_tier_attainment_ratio", {name});
  } else {
    metrics.set("berth_tier_attainment_ratio", {name}, static_cast<double>(*attained) / 100);
  }
  if (is_gone) return metrics.forget("berth_tier_jobs_at_risk", {name});
  metrics.set("berth_tier_jobs_at_risk", {name}, static_cast<double>(tier.status.jobs_at_risk));
}

void show_policy(const api::PlacementPolicy& policy, http::Metrics& metrics) {
  const std::string& name = policy.meta.name;
  const api::Condition* conflict = api::find_condition(policy.status.conditions, "Conflicting");
  metrics.set("berth_policy_matched_workloads", {name}, static_cast<double>(policy.status.matched));
  metrics.set("berth_policy_would_change_placements", {name},
              static_cast<double>(policy.status.would_change));
  metrics.set("berth_policy_conflicting", {name},
              conflict != nullptr && conflict->is_true() ? 1 : 0);
}

void show_pool(const api::CapacityPool& pool, http::Metrics& metrics) {
  const std::string& name = pool.meta.name;
  const auto set = [&](std::string_view metric, int64_t value) {
    metrics.set(metric, {name}, static_cast<double>(value));
  };
  set("berth_pool_capacity_devices", pool.status.capacity);
  set("berth_pool_healthy_devices", pool.status.healthy);
  set("berth_pool_allocated_devices", pool.status.allocated);
  set("berth_pool_fragmentation_percent", pool.status.fragmentation_percent.value_or(0));
  for (const api::LevelGang& gang : pool.status.largest_gang) {
    metrics.set("berth_pool_largest_gang_devices", {name, gang.level},
                static_cast<double>(gang.devices));
  }
}

}  // namespace

void Pages::show(const runtime::Health& live, const runtime::Health& ready, Monotonic now) {
  const std::lock_guard lock(mutex_);
  shown_at_ = now;
  live_ = live;
  ready_ = ready;
}

http::StatusPages Pages::served(const http::Metrics& metrics) {
  return {.metrics = [&metrics] { return metrics.text(); },
          .live = [this] { return live(); },
          .ready = [this] { return ready(); }};
}

std::optional<std::string> Pages::live() const {
  const std::lock_guard lock(mutex_);
  if (!shown_at_) return std::nullopt;  // still starting
  runtime::Health health = live_;
  health.checks.push_back(
      runtime::check_heartbeat("loop", *shown_at_, clock_.monotonic(), kLoopLimit));
  return problem_of(health);
}

std::optional<std::string> Pages::ready() const {
  const std::lock_guard lock(mutex_);
  if (!shown_at_) return "starting";
  return problem_of(ready_);
}

Observers observers(http::Metrics& metrics) {
  return {
      .on_reconciled =
          [&metrics](std::string_view controller, const std::optional<Error>& error) {
            // Another writer was first: the newer state is on its way, nothing is wrong.
            const std::string_view outcome = !error                          ? "done"
                                             : error->code == Code::Conflict ? "conflict"
                                                                             : "error";
            metrics.add("berth_reconcile_total", {controller, outcome});
          },
      .on_pass = [&metrics](const PassReport& report) { show_pass(report, metrics); },
      .on_attempt_end =
          [&metrics](const std::string& cause) {
            metrics.add("berth_gpujob_attempts_total", {cause});
          },
      .on_quota = [&metrics](const api::Quota& quota) { show_quota(quota, metrics); },
      .on_policy = [&metrics](const api::PlacementPolicy& policy) { show_policy(policy, metrics); },
      .on_pool = [&metrics](const api::CapacityPool& pool) { show_pool(pool, metrics); },
      .on_tier = [&metrics](const api::SlaTier& tier,
                            bool is_gone) { show_tier(tier, is_gone, metrics); },
      .on_overdue =
          [&metrics](const std::string& tier) {
            metrics.add("berth_tier_queue_missed_total", {tier});
          },
      .on_leading = [&metrics](bool leads) { metrics.set("berth_leader", {}, leads ? 1 : 0); }};
}

}  // namespace berth::control
