#include "operator/scheduling/world_feed.h"

#include <algorithm>
#include <map>

#include "translate/runs.h"

namespace berth::control {

WorldFeed::WorldFeed(Stores& stores, Books& books, const Settings& settings, const Clock& clock)
    : stores_(stores),
      books_(books),
      clock_(clock),
      world_({.resize = {.settle = settings.resize_settle}}),
      policies_(stores, books, world_, [this] { ++version_; }) {
  books.on_held = [this](const std::string& source, const std::vector<sched::Charge>& charges) {
    set_held(source, charges);
  };
  books.on_quotas = [this](const std::vector<sched::Quota>& quotas) { world_.set_quotas(quotas); };
  stores.nodes.subscribe([this](const auto* before, const auto* after) { on_node(before, after); });
  stores.jobs.subscribe([this](const auto* before, const auto* after) { on_job(before, after); });
  stores.reservations.subscribe([this](const auto* before, const auto* after) {
    if (before == nullptr || after == nullptr) on_reservation();
  });
  stores.tiers.subscribe([this](const auto* before, const auto* after) {
    if (before == nullptr || after == nullptr || before->spec != after->spec) on_tier();
  });
}

decisionlog::RecordedWorld& WorldFeed::at(Instant now) {
  std::vector<std::string> overdue;
  for (auto at = ends_.begin(); at != ends_.end() && at->first <= now; ++at) {
    overdue.push_back(at->second);
  }
  for (const std::string& source : overdue) set_run(source, now);
  return world_;
}

void WorldFeed::on_node(const translate::Node* before, const translate::Node* after) {
  if (after != nullptr) {  // also one without devices: work may run on CPU alone
    world_.set_node(translate::to_sched(*after));
  } else if (before != nullptr) {
    world_.remove_node({"", before->meta.name});
  }
}

void WorldFeed::on_job(const api::GpuJob* before, const api::GpuJob* after) {
  if (after == nullptr) return;
  const auto ran = translate::whole_run(*after);
  if (ran && (before == nullptr || !translate::whole_run(*before))) {
    const auto& devices = after->spec.worker.devices;
    if (!devices.empty()) {
      estimates_.learn(translate::run_key(*after, devices.front().device_class), *ran);
    }
    ++learned_;
  }
  set_run(after->meta.uid, clock_.now());
}

void WorldFeed::set_run(const std::string& source, Instant now) {
  if (!world_.holders().contains(source)) return;
  auto run = run_of(source, now);
  expect(source, run);
  world_.set_run(source, std::move(run));
}

void WorldFeed::on_tier() {
  std::map<std::string, sched::Tier> tiers;
  for (const api::SlaTier& tier : stores_.tiers.all()) {
    tiers.emplace(tier.meta.name, translate::tier_of(tier));
  }
  world_.set_tiers(std::move(tiers));
  ++version_;
  for (const api::GpuJob& job : stores_.jobs.all()) {
    if (job.status.placement) set_run(job.meta.uid, clock_.now());
  }
}

void WorldFeed::set_held(const std::string& source, const std::vector<sched::Charge>& charges) {
  const auto known = world_.holders().find(source);
  const bool leaving = known != world_.holders().end() && known->second.facts.leaving;
  auto run = run_of(source, clock_.now());
  expect(source, run);
  world_.set_holder({.source = source,
                     .charges = charges,
                     .run = std::move(run),
                     .reservation = reservation_of(source),
                     .leaving = leaving});
}

// A job keeps the name of its Reservation; which object that is may change.
void WorldFeed::on_reservation() {
  for (const api::GpuJob& job : stores_.jobs.all()) {
    if (job.spec.reservation.empty()) continue;
    const auto held = world_.holders().find(job.meta.uid);
    if (held != world_.holders().end())
      set_held(job.meta.uid, std::vector(held->second.facts.charges));
  }
}

std::string WorldFeed::reservation_of(const std::string& source) const {
  const api::GpuJob* job = stores_.jobs.find_uid(source);
  return job == nullptr ? std::string() : used_reservation(stores_, *job).value_or(std::string());
}

// Only placed GpuJobs can be asked to give way.
std::optional<sched::Run> WorldFeed::run_of(const std::string& source, Instant now) {
  const api::GpuJob* job = stores_.jobs.find_uid(source);
  if (job == nullptr || !job->status.placement || job->status.placement->workers.empty()) {
    return std::nullopt;
  }
  const std::string tier = translate::tier_name(*job, books_.tenancy());
  sched::Run run = translate::run_of(*job, tier, world_.tier(tier), estimates_, now);
  if (slack_of) run.job.slack = slack_of(source);
  return run;
}

void WorldFeed::expect(const std::string& source, const std::optional<sched::Run>& run) {
  const auto known = world_.holders().find(source);
  if (known != world_.holders().end() && known->second.facts.run) {
    ends_.erase({known->second.facts.run->ends, source});
  }
  if (run && run->ends != Instant::max()) ends_.emplace(run->ends, source);
}

}  // namespace berth::control
