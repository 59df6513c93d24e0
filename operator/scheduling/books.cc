#include "operator/scheduling/books.h"

#include <algorithm>
#include <utility>

#include "translate/charges.h"
#include "translate/worker_name.h"

namespace berth::control {
namespace {

// The ledger's name for what a Quota charges without a reason.
std::string unexplained_source(const ObjectMeta& quota) { return "unexplained:" + quota.uid; }

// A node's heartbeats come every few seconds and say nothing new to the pass.
bool looks_the_same(const translate::Node& before, const translate::Node& after) {
  return to_sched(before) == to_sched(after) && before.resource == after.resource &&
         before.installed == after.installed && before.meta.labels == after.meta.labels &&
         before.taints == after.taints;
}

}  // namespace

Books::Books(Stores& stores, const Settings& settings) : stores_(stores), settings_(settings) {
  stores.quotas.subscribe([this](const auto* a, const auto* b) { on_quota(a, b); });
  stores.jobs.subscribe([this](const auto* a, const auto* b) { on_job(a, b); });
  stores.pods.subscribe([this](const auto* a, const auto* b) { on_pod(a, b); });
  stores.nodes.subscribe([this](const auto* a, const auto* b) { on_node(a, b); });
}

void Books::grant(const api::GpuJob& job, api::Placement placement, const sched::QuotaId& quota) {
  grants_.insert_or_assign(job.meta.uid, Grant{std::move(placement), quota, ++newest_grant_});
  touched_.insert(
      quota);  // also by work on CPU alone, which charges nothing but waits to be covered
  enter(job);
}

void Books::revoke(const std::string& job_uid) {
  if (grants_.erase(job_uid) == 0) return;
  if (const api::GpuJob* job = stores_.jobs.find_uid(job_uid)) {
    enter(*job);
  } else {
    set(job_uid, {});
  }
}

const Grant* Books::find(const std::string& job_uid) const {
  const auto at = grants_.find(job_uid);
  return at == grants_.end() ? nullptr : &at->second;
}

void Books::keep_unexplained() {
  for (const api::Quota& quota : stores_.quotas.all()) {
    if (quota.spec.namespaces.empty()) continue;  // its charges are those of the leaves below
    std::vector<sched::Charge> charges = unexplained(quota);
    if (!charges.empty()) set(unexplained_source(quota.meta), std::move(charges));
  }
}

// What is in a region counts in its class too.
std::vector<sched::Charge> Books::unexplained(const api::Quota& quota) const {
  const sched::QuotaId id{quota.meta.name};
  const sched::QuotaUse& explained = ledger_.of(id);
  std::map<sched::DeviceClass, int64_t> in_regions;
  std::vector<sched::Charge> charges;
  const auto add = [&](const api::QuotaUse& use, const auto& sums, int64_t counted) {
    const auto at = sums.find(sched::column_of(use.device_class, use.region));
    const int64_t extra = use.used - (at == sums.end() ? 0 : at->second) - counted;
    if (extra <= 0) return;
    if (!use.region.empty()) in_regions[use.device_class] += extra;
    charges.push_back({.node = {},
                       .device_class = use.device_class,
                       .devices = extra,
                       .room = {},
                       .kind = sched::ChargeKind::Admitted,
                       .quota = id,
                       .region = use.region});
  };
  for (const api::QuotaUse& use : quota.status.limits) {
    if (!use.region.empty()) add(use, explained.admitted_in, 0);
  }
  for (const api::QuotaUse& use : quota.status.limits) {
    if (use.region.empty()) add(use, explained.admitted, in_regions[use.device_class]);
  }
  return charges;
}

void Books::forgive_unexplained() {
  for (const api::Quota& quota : stores_.quotas.all()) set(unexplained_source(quota.meta), {});
}

void Books::plan(const translate::Pod& pod, std::string node, const sched::QuotaId& quota) {
  std::string device_class = translate::class_for(pod, stores_.nodes.find({"", node}));
  plans_.insert_or_assign(pod.meta.uid, PodPlan{.node = std::move(node),
                                                .device_class = std::move(device_class),
                                                .quota = quota,
                                                .number = ++newest_grant_});
  enter(pod);
}

void Books::drop_plan(const std::string& pod_uid) {
  if (plans_.erase(pod_uid) == 0) return;
  if (const translate::Pod* pod = stores_.pods.find_uid(pod_uid)) enter(*pod);
}

const PodPlan* Books::find_plan(const std::string& pod_uid) const {
  const auto at = plans_.find(pod_uid);
  return at == plans_.end() ? nullptr : &at->second;
}

void Books::reserve(const std::string& uid, ReservedCharge charge) {
  const auto [at, is_new] = reserved_.try_emplace(uid, charge);
  if (!is_new && at->second == charge) return;
  at->second = std::move(charge);
  enter_reserved(uid, at->second);
}

void Books::drop_reserved(const std::string& uid) {
  if (reserved_.erase(uid) > 0) charge(uid, {});
}

void Books::enter_reserved(const std::string& uid, const ReservedCharge& reserved) {
  int64_t left = reserved.devices;
  std::map<std::string, int64_t> used;  // by region
  const auto& [name_space, name] = reserved.reservation;
  for (const api::GpuJob* job : stores_.jobs.by(stores_.jobs_by_namespace, name_space)) {
    if (job->spec.reservation != name) continue;
    for (const sched::Charge& held : ledger_.held_by(job->meta.uid)) {
      left -= held.devices;
      used[ledger_.region_of(held)] += held.devices;
    }
  }
  std::vector<sched::Charge> charges;
  const auto add = [&](const std::string& region, int64_t devices) {
    if (devices <= 0) return;
    left -= devices;
    charges.push_back({.node = {},
                       .device_class = reserved.device_class,
                       .devices = devices,
                       .room = {},
                       .kind = sched::ChargeKind::Admitted,
                       .quota = reserved.quota,
                       .region = region});
  };
  for (const auto& [region, devices] : reserved.in_regions) {
    add(region, std::min(left, devices - used[region]));
  }
  add("", left);
  charge(uid, std::move(charges));
}

void Books::enter_reserved_for(const api::GpuJob& user) {
  if (user.spec.reservation.empty()) return;
  const runtime::ObjectKey key{user.meta.name_space, user.spec.reservation};
  for (const auto& [uid, reserved] : reserved_) {
    if (reserved.reservation == key) enter_reserved(uid, reserved);
  }
}

std::set<sched::QuotaId> Books::take_touched() { return std::exchange(touched_, {}); }

void Books::on_quota(const api::Quota* before, const api::Quota* after) {
  if (after == nullptr) set(unexplained_source(before->meta), {});
  const bool is_known = before != nullptr && after != nullptr && before->spec == after->spec &&
                        before->meta.deletion == after->meta.deletion;
  if (!is_known) settle();
}

// A namespace that changes hands takes its charges along, so everything is entered again. Rare. A
// Quota that is being deleted counts as gone: nobody writes its charges any more.
void Books::settle() {
  std::vector<const api::Quota*> quotas;
  for (const api::Quota& quota : stores_.quotas.all()) {
    if (!quota.meta.deletion) quotas.push_back(&quota);
  }
  translate::Tenancy settled = translate::settle(std::move(quotas), settings_.exempt_namespaces);
  ++version_;
  for (const sched::Quota& quota : settled.quotas) touched_.insert(quota.id);
  const bool moved = settled.quota_of != tenancy_.quota_of;
  tenancy_ = std::move(settled);
  if (on_quotas) on_quotas(tenancy_.quotas);
  if (!moved) return;
  revoke_moved();
  for (const api::GpuJob& job : stores_.jobs.all()) enter(job);
  for (const translate::Pod& pod : stores_.pods.all()) enter(pod);
}

// What was granted on the account of another Quota than the one that would be charged now: the pass
// decides anew.
void Books::revoke_moved() {
  const auto is_moved = [&](const std::string& name_space, const sched::QuotaId& granted_by) {
    const sched::QuotaId* pays = tenancy_.find(name_space);
    return pays == nullptr || *pays != granted_by;
  };
  std::erase_if(grants_, [&](const auto& grant) {
    const api::GpuJob* job = stores_.jobs.find_uid(grant.first);
    return job == nullptr || is_moved(job->meta.name_space, grant.second.quota);
  });
  std::erase_if(plans_, [&](const auto& plan) {
    const translate::Pod* pod = stores_.pods.find_uid(plan.first);
    return pod == nullptr || is_moved(pod->meta.name_space, plan.second.quota);
  });
}

void Books::on_job(const api::GpuJob* before, const api::GpuJob* after) {
  if (after == nullptr) {
    grants_.erase(before->meta.uid);
    set(before->meta.uid, {});
    enter_reserved_for(*before);
  } else {
    // The write that carried the grant has arrived: from here on the status says it.
    if (after->status.placement) grants_.erase(after->meta.uid);
    enter(*after);
  }
  const auto& uid = after != nullptr ? after->meta.uid : before->meta.uid;
  for (const translate::Pod* pod : stores_.pods.by(stores_.pods_by_owner, uid)) enter(*pod);
}

void Books::on_pod(const translate::Pod* before, const translate::Pod* after) {
  if (after == nullptr) {
    plans_.erase(before->meta.uid);
    return set(before->meta.uid, {});
  }
  // The annotation has arrived, or somebody ended the pod: from here on the pod says it.
  if (!planned_node(*after).empty() || !after->gated || after->is_terminal()) {
    plans_.erase(after->meta.uid);
  }
  enter(*after);
}

void Books::on_node(const translate::Node* before, const translate::Node* after) {
  if (before != nullptr && after != nullptr && looks_the_same(*before, *after)) return;
  ++version_;
  const std::string was_in = before != nullptr ? before->terms.region : std::string();
  const std::string is_in = after != nullptr ? after->terms.region : std::string();
  if (was_in != is_in) {
    ledger_.set_region({"", after != nullptr ? after->meta.name : before->meta.name}, is_in);
    // Whoever has work there is charged in another region.
    for (const auto& [leaf, use] : ledger_.quotas()) touched_.insert(leaf);
  }
  const std::string had = before != nullptr ? before->device_class : std::string();
  const std::string has = after != nullptr ? after->device_class : std::string();
  if (had == has) return;
  const std::string& name = after != nullptr ? after->meta.name : before->meta.name;
  for (const translate::Pod* pod : stores_.pods.by(stores_.pods_by_node, name)) enter(*pod);
}

void Books::enter(const api::GpuJob& job) {
  const Grant* granted = find(job.meta.uid);
  if (job.status.placement) {
    set(job.meta.uid, charges_of(job, *job.status.placement, tenancy_));
  } else if (granted != nullptr) {
    set(job.meta.uid, charges_of(job, granted->placement, tenancy_));
  } else {
    set(job.meta.uid, {});
  }
  enter_reserved_for(job);
}

void Books::enter(const translate::Pod& pod) {
  if (is_covered(pod)) return set(pod.meta.uid, {});
  if (const PodPlan* planned = find_plan(pod.meta.uid)) {
    translate::Pod as_planned = pod;
    as_planned.meta.annotations[std::string(translate::kPlanAnnotation)] = planned->node;
    as_planned.meta.annotations[std::string(translate::kClassAnnotation)] = planned->device_class;
    return set(pod.meta.uid, charges_of(as_planned, class_for(as_planned), false, tenancy_));
  }
  const bool exempt = settings_.exempt_namespaces.contains(pod.meta.name_space);
  auto charges = charges_of(pod, class_for(pod), exempt, tenancy_);
  // A worker whose placement is gone still runs on its tenant's account until it has ended.
  if (!owner_job(pod).empty()) {
    for (sched::Charge& charge : charges) {
      if (charge.kind == sched::ChargeKind::Unadmitted) charge.kind = sched::ChargeKind::Admitted;
    }
  }
  set(pod.meta.uid, std::move(charges));
}

// The placement of its job already holds what this pod holds.
bool Books::is_covered(const translate::Pod& pod) const {
  const std::string owner = owner_job(pod);
  if (owner.empty()) return false;
  const api::GpuJob* job = stores_.jobs.find_uid(owner);
  if (job == nullptr || !job->status.placement) return false;
  const auto worker = translate::parse_worker_name(job->meta.name, pod.meta.name);
  return worker && worker->attempt == job->status.placement->attempt;
}

std::string Books::class_for(const translate::Pod& pod) const {
  const std::string where = pod.where().empty() ? planned_node(pod) : pod.where();
  return translate::class_for(pod, stores_.nodes.find({"", where}));
}

void Books::set(const std::string& source, std::vector<sched::Charge> charges) {
  if (on_held && ledger_.held_by(source) != charges) on_held(source, charges);
  charge(source, std::move(charges));
}

// In the ledger alone.
void Books::charge(const std::string& source, std::vector<sched::Charge> charges) {
  const std::vector<sched::Charge>& held = ledger_.held_by(source);
  if (held == charges) return;
  ++version_;
  for (const auto* list : {&held, &std::as_const(charges)}) {
    for (const sched::Charge& charge : *list) {
      if (charge.kind != sched::ChargeKind::Unmanaged) touched_.insert(charge.quota);
    }
  }
  ledger_.set(source, std::move(charges));
}

}  // namespace berth::control
