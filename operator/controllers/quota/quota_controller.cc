#include "operator/controllers/quota/quota_controller.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "api/codec.h"
#include "kube/request.h"
#include "operator/world/status_write.h"

namespace berth::control {

QuotaController::QuotaController(Stores& stores, Books& books, const Scheduler& scheduler,
                                 Coverage& coverage, Spending& spending, const Settings& settings,
                                 const Clock& clock)
    : stores_(stores),
      books_(books),
      scheduler_(scheduler),
      coverage_(coverage),
      spending_(spending),
      settings_(settings),
      clock_(clock),
      tree_(stores, books) {}

std::set<std::string> QuotaController::take_touched() {
  std::set<std::string> names;
  for (const sched::QuotaId& leaf : books_.take_touched()) {
    for (const sched::QuotaId& id : books_.tenancy().path(leaf)) names.insert(id.name);
  }
  is_lending_old_ = is_lending_old_ || !names.empty();
  const Monotonic now = clock_.monotonic();
  if (is_lending_old_ && now >= next_lending_) {
    for (const std::string& name : lenders()) names.insert(name);
    is_lending_old_ = false;
    next_lending_ = now + settings_.quota_refresh;
  }
  return names;
}

// The Quotas whose `lent` is not what is stored: it changes with what others use.
std::vector<std::string> QuotaController::lenders() {
  const auto& quotas = stores_.quotas.all();
  const bool any_borrows = std::any_of(quotas.begin(), quotas.end(), [](const api::Quota& quota) {
    const auto& limits = quota.spec.limits;
    return std::any_of(limits.begin(), limits.end(),
                       [](const api::QuotaLimit& limit) { return limit.borrowing_limit > 0; });
  });
  std::vector<std::string> names;
  if (!any_borrows) return names;
  for (const api::Quota& quota : quotas) {
    const auto& uses = quota.status.limits;
    const bool is_old = std::any_of(uses.begin(), uses.end(), [&](const api::QuotaUse& use) {
      return tree_.get().lent({quota.meta.name}, sched::column_of(use.device_class, use.region)) !=
             use.lent;
    });
    if (is_old) names.push_back(quota.meta.name);
  }
  return names;
}

runtime::Next QuotaController::reconcile(const runtime::ObjectKey& key, runtime::Writes writes) {
  const api::Quota* quota = stores_.quotas.find(key);
  if (quota == nullptr || quota->meta.deletion) return {};
  // Never with the newer leader's epoch: that would make our writes look like its own.
  if (quota->status.epoch > epoch_) is_superseded_ = true;
  if (is_superseded_) return {};
  const uint64_t newest = books_.newest_grant();
  const QuotaPlan plan = decide(gather(*quota));
  // The limit fell under a decision: its charge cannot be written, so nobody may be told.
  if (take_back_uncharged({key.name}, plan.too_much)) return {};
  if (plan.is_urgent || !is_certain(*quota)) return write(*quota, plan.status, newest, writes);
  cover(key.name, newest);
  if (!plan.is_changed) return {};
  const Monotonic now = clock_.monotonic();
  const auto last = written_.find(key.name);
  if (last != written_.end() && now < last->second + settings_.quota_refresh) {
    return {clock_.now() + (last->second + settings_.quota_refresh - now)};
  }
  return write(*quota, plan.status, newest, writes);
}

runtime::Next QuotaController::write(const api::Quota& quota, api::QuotaStatus status,
                                     uint64_t newest, runtime::Writes& writes) {
  // A write that changes nothing makes no new version, and what is still under way is refused only
  // because of one. The text for people comes back with the next refresh.
  if (is_in_doubt(quota) && status == quota.status) status.summary.clear();
  const std::string name = quota.meta.name;
  written_[name] = clock_.monotonic();
  unanswered_[name] = quota.meta.resource_version;
  api::Quota wanted = quota;
  wanted.status = std::move(status);
  writes.send(status_write(kube::kQuotas, quota.meta, api::to_json(wanted)),
              [this, name, newest](Json&& reply) {
                unanswered_.erase(name);
                if (auto stored = api::from_json<api::Quota>(reply)) {
                  stores_.quotas.upsert(*std::move(stored));
                }
                spending_.written(name);
                cover(name, newest);
              });
  return {};
}

// A write of ours that was decided on this version has no answer: it may be stored, or be yet. Once
// another version is seen it is in there, or will never be.
bool QuotaController::is_in_doubt(const api::Quota& quota) const {
  const auto at = unanswered_.find(quota.meta.name);
  return at != unanswered_.end() && at->second == quota.meta.resource_version;
}

// Whether `used` as seen is `used` as stored, now that everything granted is counted. Only leaders
// write it. Our own writes are answered, so they are in what we see; and the next leader cannot
// have begun before our Lease ran out. What comes after is harmless: it finds the charge there, and
// keeps what it cannot explain for a whole lease. That the clock is read here, after all was
// decided, and not at the beginning of the tick, is what makes a process that stands still safe.
bool QuotaController::is_certain(const api::Quota& quota) const {
  return !is_in_doubt(quota) && leads && leads();
}

void QuotaController::cover(const std::string& quota, uint64_t number) {
  coverage_.covered({quota}, number);
  if (on_covered) on_covered();
}

// Revokes what was granted in those columns on `quota`, or below it, and is not charged there yet;
// the pass decides it anew. Returns whether there was anything.
bool QuotaController::take_back_uncharged(const sched::QuotaId& quota,
                                          const std::set<sched::Column>& columns) {
  if (columns.empty()) return false;
  const auto is_meant = [&](const std::string& uid, const sched::QuotaId& leaf, uint64_t number) {
    const auto path = books_.tenancy().path(leaf);
    if (std::find(path.begin(), path.end(), quota) == path.end()) return false;
    if (coverage_.is_covered({quota}, number)) return false;
    const auto& held = books_.ledger().held_by(uid);
    return std::any_of(held.begin(), held.end(), [&](const sched::Charge& charge) {
      const std::string& region = books_.ledger().region_of(charge);
      return columns.contains(charge.device_class) ||
             columns.contains(sched::column_of(charge.device_class, region));
    });
  };
  std::vector<std::string> jobs;
  for (const auto& [uid, grant] : books_.grants()) {
    if (is_meant(uid, grant.quota, grant.number)) jobs.push_back(uid);
  }
  std::vector<std::string> pods;
  for (const auto& [uid, plan] : books_.plans()) {
    if (is_meant(uid, plan.quota, plan.number)) pods.push_back(uid);
  }
  for (const std::string& uid : jobs) books_.revoke(uid);
  for (const std::string& uid : pods) books_.drop_plan(uid);
  return !jobs.empty() || !pods.empty();
}

QuotaFacts QuotaController::gather(const api::Quota& quota) {
  const sched::QuotaId id{quota.meta.name};
  QuotaFacts facts{
      .quota = quota, .classes = {}, .problem = {}, .epoch = epoch_, .now = clock_.now()};
  facts.budget = spending_.of(quota.meta.name);
  facts.budget_is_due = spending_.is_due(quota.meta.name);
  const auto problem = books_.tenancy().problems.find(quota.meta.name);
  if (problem != books_.tenancy().problems.end()) facts.problem = problem->second;
  const sched::QuotaTree& all = tree_.get();
  if (const auto node = all.find(id)) {
    facts.share_of_fair_basis_points = sched::share_of_fair_basis_points(tree_.fair_share(), *node);
  }
  const sched::QuotaUse& own = books_.ledger().of(id);
  const auto pending = scheduler_.pending().find(id);
  const std::set<sched::Column> columns = columns_of(quota);
  for (const sched::Column& column : columns) {
    const bool is_in = sched::is_regional(column);
    ClassUse& use = facts.classes[column];
    use = {.used = all.used(id, column),
           .guaranteed_below = all.guaranteed_below(id, column),
           .borrowed = all.borrowed(id, column),
           .lent = all.lent(id, column)};
    const auto& unadmitted = is_in ? own.unadmitted_in : own.unadmitted;
    const auto loose = unadmitted.find(column);
    if (loose != unadmitted.end()) use.unadmitted = loose->second;
    // A leaf without its parent is not in the tree, but its work runs on.
    const auto& admitted = is_in ? own.admitted_in : own.admitted;
    const auto held = admitted.find(column);
    if (held != admitted.end()) use.used = std::max(use.used, held->second);
    if (pending == scheduler_.pending().end()) continue;
    // In which region it will be, nobody knows.
    const sched::DeviceClass of = sched::class_in(column);
    const auto waits = pending->second.find(of);
    const bool is_told = !is_in || !columns.contains(of);
    if (waits != pending->second.end() && is_told) use.pending = waits->second;
  }
  return facts;
}

// Those that it lists, and those of which it or who is below it holds anything. What it limits by
// region alone is told by region alone: the API server lets no entry grow that has no limit.
std::set<sched::Column> QuotaController::columns_of(const api::Quota& quota) {
  const sched::QuotaId id{quota.meta.name};
  const sched::QuotaTree& all = tree_.get();
  std::set<sched::Column> columns;
  std::set<sched::DeviceClass> by_region;
  for (const api::QuotaLimit& limit : quota.spec.limits) {
    columns.insert(sched::column_of(limit.device_class, limit.region));
    if (!limit.region.empty()) by_region.insert(limit.device_class);
  }
  const std::set<sched::Column> listed = columns;
  const auto add = [&](const sched::DeviceClass& of) {
    if (listed.contains(of) || !by_region.contains(of)) columns.insert(of);
  };
  for (const auto& [leaf, use] : books_.ledger().quotas()) {
    for (const auto& [device_class, devices] : use.admitted) {
      if (all.used(id, device_class) > 0) add(device_class);
    }
  }
  const sched::QuotaUse& own = books_.ledger().of(id);
  for (const auto* held : {&own.admitted, &own.unadmitted}) {
    for (const auto& [device_class, devices] : *held) add(device_class);
  }
  for (const auto* held : {&own.admitted_in, &own.unadmitted_in}) {
    for (const auto& [column, devices] : *held) {
      const sched::DeviceClass of = sched::class_in(column);
      if (by_region.contains(of) && !listed.contains(of)) columns.insert(column);
    }
  }
  return columns;
}

}  // namespace berth::control
