#include "operator/extender/view.h"

#include <algorithm>
#include <charconv>

namespace berth::extender {

std::string worker_pod_name(const Plan& plan, size_t index) {
  return plan.name + "-" + std::to_string(plan.attempt) + "-" + std::to_string(index);
}

const PlannedWorker* Plan::worker(std::string_view pod_name) const {
  const std::string prefix = name + "-" + std::to_string(attempt) + "-";
  if (!pod_name.starts_with(prefix)) return nullptr;
  const std::string_view digits = pod_name.substr(prefix.size());
  size_t index = 0;
  const auto end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end || index >= workers.size()) return nullptr;
  if (digits.size() > 1 && digits.front() == '0') return nullptr;  // "-01" is not worker 1
  return &workers[index];
}

void View::charge(const Hold& hold, int64_t sign) {
  const bool is_bound = hold.pod && !hold.pod->node.empty();
  if (!is_bound && hold.planned) {
    nodes_[hold.planned->node].planned += sign * hold.planned->devices;
    return drop_if_empty(hold.planned->node);
  }
  if (!hold.pod || hold.pod->is_finished || !any_device(hold.pod->devices)) return;
  const std::string& node = is_bound ? hold.pod->node : hold.pod->pin;
  if (node.empty()) return;
  for (size_t i = 0; i < kAcceleratorsMax; ++i) {
    nodes_[node].held[i] += sign * hold.pod->devices[i];
  }
  drop_if_empty(node);
}

void View::drop_if_empty(const std::string& node) {
  const auto found = nodes_.find(node);
  if (found != nodes_.end() && found->second.is_empty()) nodes_.erase(found);
}

// Takes the hold's charge off, lets `change` change it, puts the charge of what it is now on.
template <class Change>
void View::change(const Key& key, Change&& change) {
  Hold& hold = holds_[key];
  charge(hold, -1);
  change(hold);
  charge(hold, +1);
  if (!hold.planned && !hold.pod) holds_.erase(key);
}

void View::plan_workers(const Plan& plan, bool is_there) {
  for (size_t i = 0; i < plan.workers.size(); ++i) {
    change({plan.name_space, worker_pod_name(plan, i)}, [&](Hold& hold) {
      hold.planned = is_there ? std::optional(plan.workers[i]) : std::nullopt;
    });
  }
}

void View::set_plan(Plan plan) {
  const auto known = plans_.find(plan.uid);
  if (known != plans_.end() && known->second == plan) return;
  if (known != plans_.end()) plan_workers(known->second, false);
  plan_workers(plan, true);
  plans_.insert_or_assign(plan.uid, std::move(plan));
}

void View::erase_plan(std::string_view uid) {
  const auto known = plans_.find(uid);
  if (known == plans_.end()) return;
  plan_workers(known->second, false);
  plans_.erase(known);
}

void View::set_pod(PodFacts pod) {
  change({pod.name_space, pod.name}, [&](Hold& hold) {
    // A node is never taken from a pod; an event without one is older than our own commit.
    if (hold.pod && hold.pod->uid == pod.uid && pod.node.empty()) pod.node = hold.pod->node;
    hold.pod = std::move(pod);
  });
}

void View::erase_pod(std::string_view name_space, std::string_view name) {
  change({std::string(name_space), std::string(name)}, [](Hold& hold) { hold.pod.reset(); });
}

void View::set_node(const std::string& name, std::optional<NodeDevices> devices) {
  nodes_[name].devices = devices;
  drop_if_empty(name);
}

void View::set_quota(const std::string& quota, std::vector<std::string> namespaces) {
  std::vector<std::string>& claimed = quotas_[quota];
  for (const std::string& name : claimed) {
    if (--namespaces_[name] == 0) namespaces_.erase(name);
  }
  for (const std::string& name : namespaces) ++namespaces_[name];
  claimed = std::move(namespaces);
  if (claimed.empty()) quotas_.erase(quota);
}

void View::commit(const PodFacts& pod, const std::string& node) {
  PodFacts bound = pod;
  bound.node = node;
  set_pod(std::move(bound));
}

void View::take_back(const PodFacts& pod) {
  const PodFacts* known = this->pod(pod.name_space, pod.name);
  if (known == nullptr || known->uid != pod.uid) return;
  change({pod.name_space, pod.name}, [](Hold& hold) { hold.pod->node.clear(); });
}

const Plan* View::plan(std::string_view uid) const {
  const auto found = plans_.find(uid);
  return found == plans_.end() ? nullptr : &found->second;
}

const PodFacts* View::pod(std::string_view name_space, std::string_view name) const {
  const auto found = holds_.find(Key{name_space, name});
  return found == holds_.end() || !found->second.pod ? nullptr : &*found->second.pod;
}

bool View::has_quota(std::string_view name_space) const { return namespaces_.contains(name_space); }

std::optional<int64_t> View::free_devices(std::string_view node, size_t resource,
                                          const PodFacts& asking) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end() || !found->second.devices) return std::nullopt;
  const NodeUse& use = found->second;
  if (use.devices->resource != resource) return std::nullopt;
  int64_t free = use.devices->allocatable - use.held[resource] - use.planned;
  const PodFacts* own = pod(asking.name_space, asking.name);
  if (own != nullptr && own->uid == asking.uid && own->node == node && !own->is_finished) {
    free += own->devices[resource];
  }
  return free;
}

}  // namespace berth::extender
