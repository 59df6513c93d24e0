#include "tests/integration/kubelets.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "json/time.h"
#include "kube/resource.h"
#include "translate/read_json.h"
#include "translate/worker_name.h"

namespace berth::integration {
namespace {

using translate::object_at;
using translate::text_at;

std::pair<std::string, std::string> key_of(const Json& object) {
  const Json& meta = object_at(object, "metadata");
  return {text_at(meta, "namespace"), text_at(meta, "name")};
}

std::string job_of(const Json& pod) {
  return text_at(object_at(object_at(pod, "metadata"), "labels"), "berth.dev/job");
}

std::string image_of(const Json& pod) {
  const Json& containers = translate::array_at(object_at(pod, "spec"), "containers");
  return containers.empty() ? std::string() : text_at(containers.front(), "image");
}

bool is_ready(const Json& pod) {
  const Json& conditions = translate::array_at(object_at(pod, "status"), "conditions");
  return std::any_of(conditions.begin(), conditions.end(), [](const Json& one) {
    return text_at(one, "type") == "Ready" && text_at(one, "status") == "True";
  });
}

}  // namespace

void Kubelets::behaves(const std::string& job_or_image, Behaviour behaviour) {
  behaviours_[job_or_image] = std::move(behaviour);
  look_at_all();
}

void Kubelets::rejects(const std::string& node, const std::string& reason) {
  nodes_[node].rejects = reason;
  look_at_all();
}

void Kubelets::starts_nothing(const std::string& node, bool on) {
  nodes_[node].starts = !on;
  look_at_all();
}

void Kubelets::ends_nothing(const std::string& node, bool on) {
  nodes_[node].ends = !on;
  look_at_all();
}

void Kubelets::pod_changed(const Json& pod) { touched_.insert(key_of(pod)); }

void Kubelets::look_at_all() {
  for (const Json* pod : server_.list(kube::kPods)) touched_.insert(key_of(*pod));
}

bool Kubelets::turn(const std::function<void()>& after_each) {
  for (const auto& [name, end] : due_) {
    if (end <= clock_.monotonic()) touched_.insert(name);
  }
  const uint64_t before = server_.version();
  for (const Name& name : std::exchange(touched_, {})) {
    tend(name);
    after_each();
  }
  return server_.version() != before;
}

Monotonic Kubelets::next() const {
  Monotonic next = Monotonic::max();
  for (const auto& [name, end] : due_) next = std::min(next, end);
  return next;
}

void Kubelets::tend(const Name& name) {
  due_.erase(name);
  const Json* pod = server_.find(kube::kPods, name.first, name.second);
  if (pod == nullptr) return;
  const std::string phase = text_at(object_at(*pod, "status"), "phase");
  const bool is_deleting = object_at(*pod, "metadata").contains("deletionTimestamp");
  if ((phase == "Succeeded" || phase == "Failed") && !is_deleting) return;
  if (phase == "Running" && !is_deleting) return run(name, *pod);
  const std::string node = text_at(object_at(*pod, "spec"), "nodeName");
  if (node.empty() && !is_deleting) return;  // kube-scheduler's
  tend_bound(name, nodes_[node], *pod);
}

void Kubelets::tend_bound(const Name& name, const Node& node, const Json& pod) {
  if (object_at(pod, "metadata").contains("deletionTimestamp")) {
    if (node.ends) kubelet_.remove(name.first, name.second);
  } else if (!node.rejects.empty()) {
    kubelet_.reject(name.first, name.second, node.rejects);
  } else if (node.starts) {
    start(name, pod);
  }
}

void Kubelets::start(const Name& name, const Json& pod) {
  if (behaviour_of(pod).loads > Millis{0}) {
    kubelet_.begin(name.first, name.second);
  } else {
    kubelet_.start(name.first, name.second);
  }
}

void Kubelets::run(const Name& name, const Json& pod) {
  const Behaviour& behaviour = behaviour_of(pod);
  const Monotonic now = clock_.monotonic();
  const Monotonic end =
      behaviour.runs == Millis{0} ? Monotonic::max() : after_start(pod, behaviour.runs);
  if (end <= now) return finish(name, pod);
  Monotonic due = end;
  if (behaviour.loads > Millis{0} && !is_ready(pod)) {
    const Monotonic ready = after_start(pod, behaviour.loads);
    if (ready <= now) return kubelet_.start(name.first, name.second);
    due = std::min(due, ready);
  }
  if (due != Monotonic::max()) due_[name] = due;
}

void Kubelets::finish(const Name& name, const Json& pod) {
  const auto worker = translate::parse_worker_name(job_of(pod), name.second);
  const std::vector<int>& exits = behaviour_of(pod).exits;
  const auto attempt = static_cast<size_t>(worker ? worker->attempt : 1);
  kubelet_.finish(name.first, name.second, attempt <= exits.size() ? exits[attempt - 1] : 0);
}

const Behaviour& Kubelets::behaviour_of(const Json& pod) const {
  static const Behaviour kRunsForEver;
  auto found = behaviours_.find(job_of(pod));
  if (found == behaviours_.end()) found = behaviours_.find(image_of(pod));
  return found == behaviours_.end() ? kRunsForEver : found->second;
}

Monotonic Kubelets::after_start(const Json& pod, Millis time) const {
  const auto started = parse_time(text_at(object_at(pod, "status"), "startTime"));
  if (!started) return Monotonic::max();
  return clock_.monotonic() + (*started + time - clock_.now());
}

}  // namespace berth::integration
