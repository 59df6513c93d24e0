#include "operator/controllers/quota/quota_controller.h"

#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "kube/request.h"
#include "operator/world/status_write.h"

namespace berth::control {

QuotaController::QuotaController(Stores& stores, Books& books, const Scheduler& scheduler,
                                 Coverage& coverage, const Settings& settings, const Clock& clock)
    : stores_(stores),
      books_(books),
      scheduler_(scheduler),
      coverage_(coverage),
      settings_(settings),
      clock_(clock) {}

std::set<std::string> QuotaController::take_touched() {
  std::set<std::string> names;
  for (const sched::QuotaId& leaf : books_.take_touched()) {
    for (const sched::QuotaId& id : books_.tenancy().path(leaf)) names.insert(id.name);
  }
  return names;
}

runtime::Next QuotaController::reconcile(const runtime::ObjectKey& key, runtime::Writes writes) {
  const api::Quota* quota = stores_.quotas.find(key);
  if (quota == nullptr || quota->meta.deletion) return {};
  const uint64_t newest = books_.newest_grant();
  const QuotaPlan plan = decide(gather(*quota));
  if (!plan.is_urgent) cover(key.name, newest);
  if (!plan.is_changed) return {};
  const Monotonic now = clock_.monotonic();
  const auto last = written_.find(key.name);
  if (!plan.is_urgent && last != written_.end() && now < last->second + settings_.quota_refresh) {
    return {clock_.now() + (last->second + settings_.quota_refresh - now)};
  }
  written_[key.name] = now;
  api::Quota wanted = *quota;
  wanted.status = plan.status;
  writes.send(status_write(kube::kQuotas, quota->meta, api::to_json(wanted)),
              [this, key, newest](Json&& reply) {
                if (auto stored = api::from_json<api::Quota>(reply)) {
                  stores_.quotas.upsert(*std::move(stored));
                }
                cover(key.name, newest);
              });
  return {};
}

void QuotaController::cover(const std::string& quota, uint64_t number) {
  coverage_.covered({quota}, number);
  if (on_covered) on_covered();
}

// Rebuilt when anything that it is made of has changed.
const sched::QuotaTree& QuotaController::tree() {
  if (tree_ && tree_version_ == books_.version()) return *tree_;
  std::map<sched::DeviceClass, int64_t> capacity;
  for (const translate::Node& node : stores_.nodes.all()) {
    if (node.is_usable() && !node.device_class.empty()) capacity[node.device_class] += node.devices;
  }
  tree_.emplace(books_.tenancy().quotas, capacity);
  for (const auto& [leaf, use] : books_.ledger().quotas()) {
    for (const auto& [device_class, devices] : use.admitted) {
      tree_->use(leaf, device_class, devices);
    }
  }
  tree_version_ = books_.version();
  return *tree_;
}

QuotaFacts QuotaController::gather(const api::Quota& quota) {
  const sched::QuotaId id{quota.meta.name};
  QuotaFacts facts{
      .quota = quota, .classes = {}, .problem = {}, .epoch = epoch_, .now = clock_.now()};
  const auto problem = books_.tenancy().problems.find(quota.meta.name);
  if (problem != books_.tenancy().problems.end()) facts.problem = problem->second;
  const sched::QuotaTree& all = tree();
  std::set<sched::DeviceClass> classes;
  for (const api::QuotaLimit& limit : quota.spec.limits) classes.insert(limit.device_class);
  for (const auto& [leaf, use] : books_.ledger().quotas()) {
    for (const auto& [device_class, devices] : use.admitted) {
      if (all.used(id, device_class) > 0) classes.insert(device_class);
    }
  }
  const sched::QuotaUse& own = books_.ledger().of(id);
  for (const auto& [device_class, devices] : own.unadmitted) classes.insert(device_class);
  const auto pending = scheduler_.pending().find(id);
  for (const sched::DeviceClass& device_class : classes) {
    ClassUse& use = facts.classes[device_class];
    use = {.used = all.used(id, device_class),
           .guaranteed_below = all.guaranteed_below(id, device_class),
           .borrowed = all.borrowed(id, device_class),
           .lent = all.lent(id, device_class)};
    const auto loose = own.unadmitted.find(device_class);
    if (loose != own.unadmitted.end()) use.unadmitted = loose->second;
    if (pending == scheduler_.pending().end()) continue;
    const auto waits = pending->second.find(device_class);
    if (waits != pending->second.end()) use.pending = waits->second;
  }
  return facts;
}

}  // namespace berth::control
