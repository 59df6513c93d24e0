#include "sim/queue/core_policy.h"

#include <algorithm>

#include "sched/core/pass.h"

namespace berth::sim::queue {
namespace {

constexpr const char* kClass = "device";
constexpr int64_t kFutures = 5;                         // of a forecast
constexpr Millis kLookAgain = std::chrono::minutes(5);  // while something waits, time alone tells

std::string padded(int64_t number) {
  std::string digits = std::to_string(number);
  return std::string(8 - std::min<size_t>(8, digits.size()), '0') + digits;
}

// Without limits a tenant may use whatever is there, as its own if it could not give it back.
sched::Limit limit_of(const Tenant& tenant, const sched::Tier& tier, int64_t capacity) {
  if (tenant.guaranteed == 0 && tenant.borrowing_limit == 0) {
    if (!tier.preemptible) return {.guaranteed = capacity};
    return {.borrowing = capacity};
  }
  return {.guaranteed = tenant.guaranteed,
          .borrowing = tenant.borrowing_limit,
          .lending = tenant.lending_limit.value_or(kUnlimited)};
}

// A gang of n devices is one worker while n fits on a node, else whole nodes and one with the rest.
std::vector<int64_t> counts_of(int64_t devices, int64_t per_node) {
  std::vector<int64_t> counts(static_cast<size_t>(devices / per_node), per_node);
  if (devices % per_node > 0) counts.push_back(devices % per_node);
  return counts;
}

}  // namespace

void CorePolicy::set_up(const View& view) {
  if (is_set_up_) return;
  is_set_up_ = true;
  const ClusterShape& shape = view.free.shape();
  for (int32_t n = 0; n < shape.nodes; ++n) nodes_.push_back({"", "n" + padded(n)});
  is_up_.assign(nodes_.size(), false);
  // The tiers that the chart installs, but that they promise nothing to the pass: no policy that
  // this one is compared with refuses work for the sake of promises. How they are kept is measured.
  for (const Tier& tier : view.tiers) {
    tiers_[tier.name] = {.order = tier.order,
                         .window = tier.window,
                         .max_queue = tier.max_queue,
                         .preemptible = tier.preemptible,
                         .min_runtime = tier.min_runtime};
  }
  for (const Tenant& tenant : view.tenants) {
    const sched::Tier& tier = tiers_.try_emplace(tenant.tier, sched::no_tier()).first->second;
    quotas_.push_back({.id = {tenant.name},
                       .parent = {},
                       .limits = {{kClass, limit_of(tenant, tier, shape.devices())}},
                       .weight = tenant.weight});
  }
  world_.set_quotas(quotas_);
  world_.set_tiers(tiers_);
  known_.resize(view.jobs.size());
}

// Devices that are neither free nor held are on nodes that have failed.
void CorePolicy::follow_nodes(const View& view) {
  const int32_t devices = view.free.shape().devices_per_node;
  std::vector<int32_t> there(nodes_.size(), 0);
  for (const JobId job : view.running) {
    for (const Worker& worker : view.of(job).placement) {
      there[static_cast<size_t>(worker.node)] += worker.devices;
    }
  }
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const bool is_up = there[n] + view.free.on(static_cast<int32_t>(n)) == devices;
    if (is_up == is_up_[n]) continue;
    is_up_[n] = is_up;
    world_.set_node({.id = nodes_[n],
                     .device_class = kClass,
                     .devices = devices,
                     .room = {},
                     .workers = devices,
                     .usable = is_up});
  }
}

void CorePolicy::follow_runs(const View& view, Instant now) {
  for (const JobId job : running_) {
    Known& known = known_[static_cast<size_t>(job)];
    const Progress& at = view.of(job);
    if (at.phase == Phase::Running && at.attempt == known.attempt) continue;
    world_.remove_holder(known.id.uid);
    known.attempt = -1;
  }
  for (const JobId job : view.running) {
    Known& known = known_[static_cast<size_t>(job)];
    if (known.attempt == view.of(job).attempt && known.ends > now) continue;
    known.attempt = view.of(job).attempt;
    world_.set_holder(holder_of(view, job, now));
  }
  running_.assign(view.running.begin(), view.running.end());
}

sched::Holder CorePolicy::holder_of(const View& view, JobId job, Instant now) {
  Known& known = known_[static_cast<size_t>(job)];
  const VisibleJob& facts = view.job(job);
  const Tenant& tenant = view.tenants[static_cast<size_t>(facts.tenant)];
  const Progress& at = view.of(job);
  known.ends = now + view.expected_left(job, now);
  sched::Holder holder{.source = known.id.uid, .charges = {}, .run = {}};
  for (const Worker& worker : at.placement) {
    holder.charges.push_back({.node = nodes_[static_cast<size_t>(worker.node)],
                              .device_class = kClass,
                              .devices = worker.devices,
                              .room = {},
                              .kind = sched::ChargeKind::Admitted,
                              .quota = {tenant.name}});
  }
  const sched::Tier& tier = world_.tier(tenant.tier);
  holder.run = sched::Run{.job = {.id = known.id,
                                  .devices = facts.devices,
                                  .started = at.since + at.stall,
                                  .last_checkpoint = {},
                                  .saves_on_notice = true,
                                  .save = view.checkpoint.save,
                                  .restore = view.checkpoint.restore,
                                  .preemptible = tier.preemptible,
                                  .min_runtime = tier.min_runtime},
                          .tier = tenant.tier,
                          .ran_before = at.saved,
                          .ends = known.ends};
  return holder;
}

const sched::Ask& CorePolicy::ask_of(const View& view, JobId job, Instant now) {
  Known& known = known_[static_cast<size_t>(job)];
  sched::Ask& ask = known.ask;
  if (known.id.uid.empty()) {
    const VisibleJob& facts = view.job(job);
    const Tenant& tenant = view.tenants[static_cast<size_t>(facts.tenant)];
    known.id.uid = padded(job);
    ask.id = known.id;
    ask.name = known.id.uid;
    ask.quota = sched::QuotaId{tenant.name};
    ask.tier = tenant.tier;
    ask.created = facts.submitted;
    ask.alternatives = {{kClass, counts_of(facts.devices, view.free.shape().devices_per_node)}};
    ask.rooms.resize(ask.alternatives[0].counts.size());
  }
  const Millis ran = view.of(job).ran(now);
  const Millis expected = view.expected_left(job, now);
  if (ask.shape.empty() || ask.expected != expected || ask.ran != ran) {
    ask.ran = ran;
    ask.expected = expected;
    ask.shape = sched::shape_of(ask);
  }
  return ask;
}

JobId CorePolicy::job_of(const sched::WorkloadId& id) const {
  return static_cast<JobId>(std::stoll(id.uid));
}

void CorePolicy::start(JobId job, const sched::Admit& admit, Decision& decision) const {
  Placement placement;
  for (size_t i = 0; i < admit.nodes.size(); ++i) {
    const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), admit.nodes[i]);
    placement.push_back(
        {static_cast<int32_t>(at - nodes_.begin()), static_cast<int32_t>(admit.counts[i])});
  }
  decision.actions.push_back(Start{job, std::move(placement)});
}

void CorePolicy::add(const View&, const sched::Decision& made, Decision& decision) const {
  if (const auto* admit = std::get_if<sched::Admit>(&made)) {
    start(job_of(admit->id), *admit, decision);
  } else if (const auto* preempt = std::get_if<sched::Preempt>(&made)) {
    for (const sched::Victim& victim : preempt->victims) {
      decision.actions.push_back(Preempt{job_of(victim.id), job_of(preempt->id)});
    }
    start(job_of(preempt->id), preempt->placement, decision);
  }
}

Decision CorePolicy::decide(const View& view, Instant now) {
  set_up(view);
  follow_nodes(view);
  follow_runs(view, now);
  Decision decision;
  if (view.waiting.empty()) return decision;
  std::vector<const sched::Ask*> asks;
  asks.reserve(view.waiting.size());
  for (const JobId job : view.waiting) asks.push_back(&ask_of(view, job, now));
  size_t started = 0;
  for (const sched::Decision& made : sched::run_pass(world_, asks, now)) {
    add(view, made, decision);
    const auto* hold = std::get_if<sched::Hold>(&made);
    started += hold != nullptr ? 0 : 1;
    if (hold != nullptr && on_held_) on_held_(job_of(hold->id), Facts(*this, view, now));
  }
  // Where nothing runs, nothing will change by itself.
  const bool goes_on = started > 0 || !view.running.empty();
  if (goes_on && started < view.waiting.size()) decision.again_at = now + kLookAgain;
  return decision;
}

std::vector<Millis> CorePolicy::Facts::quantiles(JobId job) const {
  std::vector<Millis> left;
  for (int64_t value = 0; value < kFutures; ++value) {
    const int64_t basis_points = (2 * value + 1) * 10'000 / (2 * kFutures);
    left.push_back(view_.estimator.left(view_.job(job), view_.of(job).ran(now_), basis_points));
  }
  return left;
}

sched::Scene CorePolicy::Facts::scene() const {
  sched::Scene scene{.settings = policy_.world_.settings(),
                     .quotas = policy_.quotas_,
                     .tiers = policy_.tiers_,
                     .fairness = {},
                     .outlook = {},
                     .nodes = {},
                     .running = {},
                     .waiting = {},
                     .now = now_,
                     .is_expected_learnt = true};
  for (const auto& [id, node] : policy_.world_.nodes()) scene.nodes.push_back(node);
  for (const auto& [source, held] : policy_.world_.holders()) {
    sched::Running running{.holder = held.facts, .name = source, .since = {}};
    running.since = held.facts.run->job.started;
    for (const Millis left : quantiles(policy_.job_of({source}))) {
      running.ends.push_back(std::max(now_, running.since) + left);
    }
    scene.running.push_back(std::move(running));
  }
  for (const JobId job : view_.waiting) {
    scene.waiting.push_back(policy_.known_[static_cast<size_t>(job)].ask);
    scene.run_times.emplace(scene.waiting.back().id, quantiles(job));
  }
  return scene;
}

}  // namespace berth::sim::queue
