#include <nlohmann/json.hpp>
#include <set>

#include "json/parse.h"
#include "operator/extender/objects.h"
#include "operator/extender/verbs.h"
#include "tests/fuzz/targets.h"
#include "translate/read_json.h"

namespace berth::fuzz {
namespace {

const translate::Accelerators kAccelerators{{"nvidia.com/gpu", "amd.com/gpu"}};

// Feeds a view as the caches do.
class Feed {
 public:
  void take(const Json& json, bool is_gone) {
    const std::string kind = translate::text_at(json, "kind");
    if (kind == "Pod") take_pod(json, is_gone);
    if (kind == "Node") take_node(json, is_gone);
    if (kind == "Quota") take_quota(json, is_gone);
    if (kind == "GpuJob") take_workload(json, is_gone);
  }

  // Whatever the view was told, it promises no more than there is, and answers.
  void check() {
    for (const auto& [name, devices] : nodes_) {
      const auto free = view_.free_devices(name, devices.resource, {});
      require(!free || *free <= devices.allocatable, "more is free than there is");
    }
    for (const extender::PodFacts& pod : pods_) {
      extender::FilterArgs args{.pod = pod};
      for (const auto& [name, devices] : nodes_) args.node_names.push_back(name);
      (void)extender::filter(args, view_, {.owner = true, .pod = true});
      (void)extender::bind({pod.name, pod.name_space, pod.uid, "n1"}, view_,
                           {.owner = true, .pod = true});
    }
  }

 private:
  void take_pod(const Json& json, bool is_gone) {
    const auto pod = extender::cached_pod(json, kAccelerators);
    if (!pod) return;
    if (is_gone) return view_.erase_pod(pod->meta.name_space, pod->meta.name);
    view_.set_pod(pod->facts);
    pods_.push_back(pod->facts);
  }
  void take_node(const Json& json, bool is_gone) {
    const auto node = extender::cached_node(json, kAccelerators);
    if (!node) return;
    nodes_.erase(node->meta.name);
    view_.set_node(node->meta.name, is_gone ? std::nullopt : node->devices);
    if (!is_gone && node->devices) nodes_.emplace(node->meta.name, *node->devices);
  }
  void take_quota(const Json& json, bool is_gone) {
    const auto quota = extender::cached_quota(json);
    if (!quota) return;
    view_.set_quota(quota->meta.name, is_gone ? std::vector<std::string>() : quota->namespaces);
  }
  void take_workload(const Json& json, bool is_gone) {
    const auto workload = extender::cached_workload(json);
    if (!workload) return;
    if (is_gone || !workload->plan) return view_.erase_plan(workload->meta.uid);
    view_.set_plan(*workload->plan);
  }

  extender::View view_;
  std::map<std::string, extender::NodeDevices> nodes_;
  std::vector<extender::PodFacts> pods_;
};

}  // namespace

// What the extender watches, an object per line; with a minus before it the object is gone.
void extender_objects(std::string_view input) {
  Feed feed;
  while (!input.empty()) {
    std::string_view line = take_until(input, '\n');
    const bool is_gone = line.starts_with('-');
    if (is_gone) line.remove_prefix(1);
    const Json json = parse_json(line);
    if (json.is_object()) feed.take(json, is_gone);
  }
  feed.check();
}

}  // namespace berth::fuzz
