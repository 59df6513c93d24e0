#include "operator/extender/verbs.h"

#include <algorithm>
#include <optional>

namespace berth::extender {
namespace {

constexpr char kNotSynced[] = "cache not synced";

FilterResult error(std::string message) { return {.error = std::move(message)}; }

std::string title(const PodFacts& pod) { return "pod " + pod.name_space + "/" + pod.name; }

FilterResult nowhere(const FilterArgs& args, std::string_view reason) {
  FilterResult result;
  const size_t count = std::min(args.node_names.size(), kReasonsMax);
  for (size_t i = 0; i < count; ++i) result.unresolvable.push_back({args.node_names[i], reason});
  return result;
}

FilterResult only(const FilterArgs& args, std::string_view node) {
  const auto found = std::find(args.node_names.begin(), args.node_names.end(), node);
  if (found == args.node_names.end()) return nowhere(args, kPlannedElsewhere);
  return {.node_names = {*found}};
}

// The worker that a pod of Berth's own is; or why it cannot be told, which a live read may change.
struct Assigned {
  const PlannedWorker* worker = nullptr;
  std::string error;
};

Assigned assigned_to(const PodFacts& pod, const View& view) {
  const std::string owner = pod.owner.kind + " " + pod.name_space + "/" + pod.owner.name;
  const Plan* plan = view.plan(pod.owner.uid);
  if (plan == nullptr) return {nullptr, owner + " of " + title(pod) + " has no placement"};
  if (plan->name_space != pod.name_space) {
    return {nullptr, title(pod) + " and its owner are in different namespaces"};
  }
  if (plan->is_nominated) return {nullptr, owner + " still waits for its devices"};
  if (plan->is_over) return {nullptr, "the current attempt of " + owner + " has ended"};
  const PlannedWorker* worker = plan->worker(pod.name);
  if (worker == nullptr) {
    return {nullptr, title(pod) + " is no worker of the current attempt of " + owner};
  }
  return {worker, {}};
}

// The one resource that the pod wants devices of, and how many. Nothing when it wants two kinds:
// no node has both.
struct Wanted {
  size_t resource = 0;
  int64_t count = 0;
};

std::optional<Wanted> wanted_by(const PodFacts& pod) {
  std::optional<Wanted> wanted;
  for (size_t i = 0; i < kAcceleratorsMax; ++i) {
    if (pod.devices[i] <= 0) continue;
    if (wanted) return std::nullopt;
    wanted = Wanted{i, pod.devices[i]};
  }
  return wanted;
}

// Fewest devices left over, so that whole nodes stay free for gangs; ties go to the smaller name.
FilterResult tightest(const FilterArgs& args, const View& view) {
  const std::optional<Wanted> wanted = wanted_by(args.pod);
  if (!wanted) return nowhere(args, kDevicesHeld);
  std::optional<std::pair<int64_t, std::string_view>> best;
  for (const std::string_view node : args.node_names) {
    const auto free = view.free_devices(node, wanted->resource, args.pod);
    if (!free || *free < wanted->count) continue;
    const std::pair candidate{*free, node};
    if (!best || candidate < *best) best = candidate;
  }
  if (!best) return nowhere(args, kDevicesHeld);
  return {.node_names = {best->second}};
}

FilterResult filter_foreign(const FilterArgs& args, const View& view) {
  const PodFacts& pod = args.pod;
  if (!any_device(pod.devices)) return {.node_names = args.node_names};
  if (!view.has_quota(pod.name_space)) return tightest(args, view);
  if (pod.pin.empty()) return nowhere(args, kNotAdmitted);
  return only(args, pod.pin);
}

// Why a foreign pod may not go to `node`; empty when it may.
std::string refusal_of_foreign(const PodFacts& pod, const std::string& node, const View& view) {
  if (!any_device(pod.devices)) return {};
  if (view.has_quota(pod.name_space)) {
    if (pod.pin.empty()) return title(pod) + " is not admitted by Berth";
    if (pod.pin != node) return title(pod) + " is admitted to another node than " + node;
    return {};
  }
  const std::optional<Wanted> wanted = wanted_by(pod);
  const auto free = wanted ? view.free_devices(node, wanted->resource, pod) : std::nullopt;
  if (!free || *free < wanted->count) return "devices of " + node + " are held for other work";
  return {};
}

// Refuses, unless a live read of the pod could still show it in another light.
BindAnswer refuse_after_read(const BindingArgs& args, Reads done, std::string error) {
  if (!done.pod) return ReadPod{args.pod_namespace, args.pod_name};
  return Refused{std::move(error)};
}

}  // namespace

FilterAnswer filter(const FilterArgs& args, const View& view, Reads done) {
  if (!view.is_synced()) return error(kNotSynced);
  if (args.has_nodes && args.node_names.empty()) {
    return error("no NodeNames: the extender must be configured with nodeCacheCapable: true");
  }
  if (!args.pod.owner.exists()) return filter_foreign(args, view);
  const Assigned assigned = assigned_to(args.pod, view);
  if (assigned.worker != nullptr) return only(args, assigned.worker->node);
  if (!done.owner) return ReadOwner{args.pod.name_space, args.pod.owner};
  return error(assigned.error);
}

BindAnswer bind(const BindingArgs& args, const View& view, Reads done) {
  if (!view.is_synced()) return Refused{kNotSynced};
  const PodFacts* pod = view.pod(args.pod_namespace, args.pod_name);
  if (pod == nullptr || pod->uid != args.pod_uid) {
    return refuse_after_read(args, done,
                             "pod " + args.pod_namespace + "/" + args.pod_name +
                                 " is gone or another one of the same name");
  }
  if (!pod->owner.exists()) {
    std::string refusal = refusal_of_foreign(*pod, args.node, view);
    if (refusal.empty()) return Bindable{*pod};
    return refuse_after_read(args, done, std::move(refusal));
  }
  const Assigned assigned = assigned_to(*pod, view);
  if (assigned.worker != nullptr && assigned.worker->node == args.node) return Bindable{*pod};
  if (!done.owner) return ReadOwner{pod->name_space, pod->owner};
  if (assigned.worker == nullptr) return Refused{assigned.error};
  return Refused{title(*pod) + " is planned on another node than " + args.node};
}

}  // namespace berth::extender
