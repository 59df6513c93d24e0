#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operator/extender/pod_facts.h"

// Everything the verbs answer from: a small, always current excerpt of the cluster. Plain maps
// without a lock; SharedView (caches.h) guards it.
namespace berth::extender {

struct PlannedWorker {
  std::string node;
  int64_t devices = 0;

  bool operator==(const PlannedWorker&) const = default;
};

// The placement in the status of a GpuJob, or the one it is nominated for.
// Worker i is the pod NAME-ATTEMPT-i.
struct Plan {
  std::string uid;
  std::string name_space;
  std::string name;
  int64_t attempt = 0;
  std::vector<PlannedWorker> workers;
  bool is_nominated = false;  // proved, but still waits for devices: holds them, binds nothing
  bool is_over = false;       // its end is stored: holds them until they are given back, likewise

  // The worker that `pod_name` is; null when it is none of this attempt.
  const PlannedWorker* worker(std::string_view pod_name) const;
  bool operator==(const Plan&) const = default;
};

// The devices of a node; Berth manages one resource per node.
struct NodeDevices {
  size_t resource = 0;  // index in the list of accelerator resources
  int64_t allocatable = 0;

  bool operator==(const NodeDevices&) const = default;
};

class View {
 public:
  // What the watches tell.
  void set_plan(Plan plan);
  void erase_plan(std::string_view uid);
  void set_pod(PodFacts pod);
  void erase_pod(std::string_view name_space, std::string_view name);
  void set_node(const std::string& name, std::optional<NodeDevices> devices);
  void set_quota(const std::string& quota, std::vector<std::string> namespaces);
  void set_synced(bool synced) { is_synced_ = synced; }

  // What /bind tells: this pod is on its way to that node, which the watch shows later. Undone when
  // the API server says that it is not.
  void commit(const PodFacts& pod, const std::string& node);
  void take_back(const PodFacts& pod);

  // What the verbs ask.
  bool is_synced() const { return is_synced_; }
  const Plan* plan(std::string_view uid) const;
  const PodFacts* pod(std::string_view name_space, std::string_view name) const;
  bool has_quota(std::string_view name_space) const;
  // Devices of that resource on the node that nobody holds and nobody was promised, where what
  // `asking` itself holds counts as free. Nothing when the node is not known to have any.
  std::optional<int64_t> free_devices(std::string_view node, size_t resource,
                                      const PodFacts& asking) const;

 private:
  // One worker's or pod's hold on a node: its plan until the pod is bound, then the pod.
  struct Hold {
    std::optional<PlannedWorker> planned;
    std::optional<PodFacts> pod;
  };
  struct NodeUse {
    std::optional<NodeDevices> devices;
    Devices held{};
    int64_t planned = 0;  // devices of workers that are not bound yet

    bool is_empty() const { return !devices && planned == 0 && !any_device(held); }
  };
  using Key = std::pair<std::string, std::string>;  // namespace, pod name

  void plan_workers(const Plan& plan, bool is_there);
  template <class Change>
  void change(const Key& key, Change&& change);
  void charge(const Hold& hold, int64_t sign);
  void drop_if_empty(const std::string& node);

  bool is_synced_ = false;
  std::map<std::string, Plan, std::less<>> plans_;  // by uid
  std::map<Key, Hold, std::less<>> holds_;
  std::map<std::string, NodeUse, std::less<>> nodes_;
  std::map<std::string, std::vector<std::string>> quotas_;
  std::map<std::string, int, std::less<>> namespaces_;  // how many Quotas claim it
};

// "NAME-ATTEMPT-INDEX"
std::string worker_pod_name(const Plan& plan, size_t index);

}  // namespace berth::extender
