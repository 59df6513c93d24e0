#include "operator/scheduling/foreign_desk.h"

#include <algorithm>
#include <charconv>

#include "runtime/ownership.h"
#include "translate/charges.h"
#include "translate/node_match.h"

namespace berth::control {
namespace {

constexpr std::string_view kGroupPrefix = "group/";
constexpr std::string_view kPodPrefix = "pod/";

int64_t size_label(const translate::Pod& pod) {
  const auto label = pod.meta.labels.find(std::string(translate::kGroupSizeLabel));
  if (label == pod.meta.labels.end()) return 1;
  int64_t size = 1;
  const char* end = label->second.data() + label->second.size();
  const auto [at, error] = std::from_chars(label->second.data(), end, size);
  return error == std::errc() && at == end ? std::max<int64_t>(1, size) : 1;
}

// What the pass is told a unit is called; its pods' namespace and the unit's own name.
sched::WorkloadId id_of(const runtime::ObjectKey& key) {
  return {"foreign:" + key.name_space + "/" + key.name};
}

runtime::ObjectKey key_of_id(const sched::WorkloadId& id) {
  const std::string rest = id.uid.substr(std::string_view("foreign:").size());
  const size_t slash = rest.find('/');
  return {rest.substr(0, slash), rest.substr(slash + 1)};
}

std::vector<const translate::Pod*> unplanned(const ForeignUnit& unit) {
  std::vector<const translate::Pod*> pods;
  for (const translate::Pod* pod : unit.gated) {
    if (planned_node(*pod).empty()) pods.push_back(pod);
  }
  return pods;
}

}  // namespace

bool is_foreign(const translate::Pod& pod) {
  return !pod.requests.devices.empty() && owner_job(pod).empty();
}

runtime::ObjectKey unit_key(const translate::Pod& pod) {
  const auto group = pod.meta.labels.find(std::string(translate::kGroupLabel));
  if (group != pod.meta.labels.end() && !group->second.empty()) {
    return {pod.meta.name_space, std::string(kGroupPrefix) + group->second};
  }
  return {pod.meta.name_space, std::string(kPodPrefix) + pod.meta.name};
}

ForeignDesk::ForeignDesk(Stores& stores, Books& books, const Coverage& coverage,
                         Nominations& nominations, Scheduler& scheduler, const Settings& settings)
    : stores_(stores),
      books_(books),
      coverage_(coverage),
      nominations_(nominations),
      scheduler_(scheduler),
      settings_(settings) {
  scheduler.add(*this);
  stores.pods.subscribe([this](const auto* a, const auto* b) { on_pod(a, b); });
}

void ForeignDesk::on_pod(const translate::Pod* before, const translate::Pod* after) {
  const translate::Pod& pod = after != nullptr ? *after : *before;
  if (!is_foreign(pod)) return;
  const runtime::ObjectKey key = unit_key(pod);
  const ForeignUnit now = unit(key);
  if (unplanned(now).empty()) {
    waiting_.erase(key);
    held_.erase(key);
    nominations_.withdraw(id_of(key));
  } else if (waiting_.insert(key).second || before == nullptr || after == nullptr) {
    nominations_.withdraw(id_of(key));  // it was for another number of pods
    scheduler_.mark_dirty();
  }
  if (wake) wake(key);
}

ForeignUnit ForeignDesk::unit(const runtime::ObjectKey& key) const {
  ForeignUnit unit{.key = key, .gated = {}, .pinned = {}, .size = 1};
  const auto add = [&](const translate::Pod& pod) {
    if (!is_foreign(pod) || pod.is_terminal() || pod.meta.deletion) return;
    (pod.gated ? unit.gated : unit.pinned).push_back(&pod);
    unit.size = std::max(unit.size, size_label(pod));
  };
  if (key.name.starts_with(kGroupPrefix)) {
    const std::string group = key.name_space + "/" + key.name.substr(kGroupPrefix.size());
    for (const auto* pod : stores_.pods.by(stores_.pods_by_group, group)) add(*pod);
  } else if (const auto* pod =
                 stores_.pods.find({key.name_space, key.name.substr(kPodPrefix.size())})) {
    add(*pod);
  }
  return unit;
}

std::optional<Instant> ForeignDesk::collect(Instant, std::vector<const sched::Ask*>& asks) {
  asks_.clear();
  for (const runtime::ObjectKey& key : waiting_) {
    if (settings_.exempt_namespaces.contains(key.name_space)) continue;
    if (stores_.is_terminating(key.name_space)) continue;
    const ForeignUnit waits = unit(key);
    const bool others_hold = std::any_of(waits.gated.begin(), waits.gated.end(),
                                         [](const auto* pod) { return pod->other_gates; });
    if (!waits.is_whole() || others_hold || nominations_.find(id_of(key))) continue;
    if (auto ask = ask_for(waits)) asks_.push_back(*std::move(ask));
  }
  for (const sched::Ask& ask : asks_) asks.push_back(&ask);
  return std::nullopt;
}

std::optional<sched::Ask> ForeignDesk::ask_for(const ForeignUnit& unit) const {
  std::vector<const translate::Pod*> pods;
  for (const translate::Pod* pod : unplanned(unit)) {
    if (books_.find_plan(pod->meta.uid) == nullptr) pods.push_back(pod);
  }
  if (pods.empty()) return std::nullopt;
  sched::Ask ask{.id = id_of(unit.key), .name = runtime::to_string(unit.key)};
  ask.name_space = unit.key.name_space;
  ask.labels = pods.front()->meta.labels;
  ask.created = pods.front()->meta.creation.value_or(Instant{});
  for (const translate::Pod* pod : pods) {
    ask.created = std::min(ask.created, pod->meta.creation.value_or(Instant{}));
    ask.rooms.push_back(pod->requests.room);
  }
  if (const sched::QuotaId* quota = books_.tenancy().find(unit.key.name_space)) ask.quota = *quota;
  add_alternatives(unit, pods, ask);
  ask.only = allowed_nodes(pods);
  return ask;
}

// A foreign pod names a resource, not a class: it tries the classes of its Quota that have that
// resource, in the order in which the Quota lists them.
void ForeignDesk::add_alternatives(const ForeignUnit& unit,
                                   const std::vector<const translate::Pod*>& pods,
                                   sched::Ask& ask) const {
  const std::string& resource = pods.front()->requests.devices.begin()->first;
  sched::Alternative wants;
  for (const translate::Pod* pod : pods) {
    const auto count = pod->requests.devices.find(resource);
    if (pod->requests.devices.size() != 1 || count == pod->requests.devices.end()) return;
    wants.counts.push_back(count->second);
  }
  const sched::QuotaId* leaf = books_.tenancy().find(unit.key.name_space);
  const api::Quota* quota = leaf == nullptr ? nullptr : stores_.quotas.find({"", leaf->name});
  if (quota == nullptr) return;
  for (const api::QuotaLimit& limit : quota->spec.limits) {
    if (!stores_.pooling.has(settings_.accelerators, limit.device_class, resource)) continue;
    const auto& all = ask.alternatives;
    const bool is_known = std::any_of(all.begin(), all.end(), [&](const sched::Alternative& known) {
      return known.device_class == limit.device_class;
    });
    if (is_known) continue;  // listed for several regions
    wants.device_class = limit.device_class;
    ask.alternatives.push_back(wants);
  }
}

// Nodes that every one of the pods may be on, by its selectors and tolerations.
std::set<sched::NodeId> ForeignDesk::allowed_nodes(
    const std::vector<const translate::Pod*>& pods) const {
  std::set<sched::NodeId> nodes;
  for (const translate::Node& node : stores_.nodes.all()) {
    if (node.device_class.empty()) continue;
    const bool fits = std::all_of(pods.begin(), pods.end(), [&](const translate::Pod* pod) {
      return translate::matches(pod->demands, node.meta.name, node.meta.labels) &&
             translate::tolerates(pod->demands.tolerations, node.taints);
    });
    if (fits) nodes.insert({"", node.meta.name});
  }
  return nodes;
}

void ForeignDesk::admitted(const sched::Admit& admit) {
  const runtime::ObjectKey key = key_of_id(admit.id);
  held_.erase(key);
  size_t worker = 0;
  for (const translate::Pod* pod : unplanned(unit(key))) {
    if (books_.find_plan(pod->meta.uid) != nullptr) continue;
    if (worker == admit.nodes.size()) return;
    books_.plan(*pod, admit.nodes[worker++].name, admit.quota);
  }
}

// Pods have no status of ours to write it to.
void ForeignDesk::nominated(const Nomination& nomination) {
  held_.erase(key_of_id(nomination.made.id));
  nominations_.told(nomination.made.id);
}

void ForeignDesk::held(const sched::Hold& hold) {
  const runtime::ObjectKey key = key_of_id(hold.id);
  const auto at = held_.find(key);
  if (at != held_.end() && at->second == hold) return;
  held_.insert_or_assign(key, hold);
  if (wake) wake(key);
}

std::optional<std::string> ForeignDesk::granted(const translate::Pod& pod) const {
  const PodPlan* plan = books_.find_plan(pod.meta.uid);
  if (plan == nullptr) return std::nullopt;
  if (!coverage_.is_covered(books_.tenancy().path(plan->quota), plan->number)) return std::nullopt;
  return plan->node;
}

void ForeignDesk::wake_granted() {
  for (const auto& [uid, plan] : books_.plans()) {
    const translate::Pod* pod = stores_.pods.find_uid(uid);
    if (pod != nullptr && wake && granted(*pod)) wake(unit_key(*pod));
  }
}

const sched::Hold* ForeignDesk::hold(const runtime::ObjectKey& key) const {
  const auto at = held_.find(key);
  return at == held_.end() ? nullptr : &at->second;
}

}  // namespace berth::control
