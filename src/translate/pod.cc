#include "translate/pod.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/saturating.h"
#include "json/describe.h"
#include "json/time.h"
#include "kube/quantity.h"
#include "kube/resource.h"
#include "sched/bounds.h"
#include "translate/read_json.h"

namespace berth::translate {
namespace {

// A quantity that the API server accepted and we cannot read counts as nothing, rather than hide
// the whole pod.
int64_t units(const Json& quantity) {
  if (quantity.is_number_integer()) return quantity.get<int64_t>();
  if (!quantity.is_string()) return 0;
  const auto parsed = kube::parse_quantity(quantity.get_ref<const std::string&>());
  return parsed ? *parsed : 0;
}

int64_t milli(const Json& quantity) {
  if (quantity.is_number_integer()) return multiply_saturating(quantity.get<int64_t>(), 1000);
  if (!quantity.is_string()) return 0;
  const auto parsed = kube::parse_milli(quantity.get_ref<const std::string&>());
  return parsed ? *parsed : 0;
}

PodRequests of_container(const Json& container, const Accelerators& accelerators) {
  const Json& resources = object_at(container, "resources");
  PodRequests out;
  const auto take = [&](const Json& amounts) {
    for (const auto& [name, quantity] : amounts.items()) {
      if (name == "cpu")
        out.room.cpu_milli = milli(quantity);
      else if (name == "memory")
        out.room.memory_bytes = units(quantity);
      else if (accelerators.contains(name))
        out.devices[name] = units(quantity);
    }
  };
  take(object_at(resources, "limits"));  // a limit without a request is also the request
  take(object_at(resources, "requests"));
  return out;
}

void add(PodRequests& to, const PodRequests& more) {
  to.room.cpu_milli = add_saturating(to.room.cpu_milli, more.room.cpu_milli);
  to.room.memory_bytes = add_saturating(to.room.memory_bytes, more.room.memory_bytes);
  for (const auto& [name, count] : more.devices) {
    to.devices[name] = add_saturating(to.devices[name], count);
  }
}

void at_least(PodRequests& to, const PodRequests& other) {
  to.room.cpu_milli = std::max(to.room.cpu_milli, other.room.cpu_milli);
  to.room.memory_bytes = std::max(to.room.memory_bytes, other.room.memory_bytes);
  for (const auto& [name, count] : other.devices) {
    to.devices[name] = std::max(to.devices[name], count);
  }
}

PodPhase phase_of(const std::string& text) {
  if (text == "Pending" || text.empty()) return PodPhase::Pending;
  if (text == "Running") return PodPhase::Running;
  if (text == "Succeeded") return PodPhase::Succeeded;
  if (text == "Failed") return PodPhase::Failed;
  return PodPhase::Unknown;
}

// A pod is pinned when every required term names the same single node.
std::string pinned_to(const NodeDemands& demands) {
  std::string node;
  for (const auto& term : demands.terms) {
    const auto by_name = std::find_if(term.begin(), term.end(), [](const Requirement& wants) {
      return wants.on_name && wants.key == "metadata.name" && wants.op == "In" &&
             wants.values.size() == 1;
    });
    if (by_name == term.end()) return {};
    if (!node.empty() && node != by_name->values.front()) return {};
    node = by_name->values.front();
  }
  return node;
}

std::map<std::string, std::string> own_of(const std::map<std::string, std::string>& notes) {
  std::map<std::string, std::string> own;
  for (const auto& note : notes) {
    if (note.first.starts_with("berth.dev/")) own.insert(note);
  }
  return own;
}

void read_spec(const Json& spec, const Accelerators& accelerators, Pod& pod) {
  pod.node = text_at(spec, "nodeName");
  pod.scheduler = text_at(spec, "schedulerName");
  size_t place = 0;
  for (const Json& gate : array_at(spec, "schedulingGates")) {
    const bool is_ours = text_at(gate, "name") == kGate;
    (is_ours ? pod.gated : pod.other_gates) = true;
    if (is_ours) pod.gate_place = place;
    ++place;
  }
  pod.requests = requests_of(spec, accelerators);
  NodeDemands demands = demands_of(spec);
  pod.pinned_node = pinned_to(demands);
  if (pod.gated) pod.demands = std::move(demands);
}

void read_container(const Json& container, Pod& pod) {
  const Json& state = object_at(container, "state");
  const Json& ended = object_at(state, "terminated");
  const Json& waiting = object_at(state, "waiting");
  if (!ended.empty() || state.contains("running") ||
      units(value_at(container, "restartCount")) > 0) {
    pod.started = true;
  }
  if (!waiting.empty() && pod.detail.empty()) {
    const std::string message = text_at(waiting, "message");
    pod.detail = text_at(waiting, "reason") + (message.empty() ? "" : ": " + message);
  }
  if (ended.empty()) return;
  const auto code = static_cast<int32_t>(units(value_at(ended, "exitCode")));
  if (!pod.exit_code || (*pod.exit_code == 0 && code != 0)) {
    pod.exit_code = code;
    pod.termination_message = text_at(ended, "message");
  }
}

void read_status(const Json& status, Pod& pod) {
  pod.phase = phase_of(text_at(status, "phase"));
  pod.reason = text_at(status, "reason");
  pod.detail = text_at(status, "message");
  pod.ip = text_at(status, "podIP");
  if (const auto start = parse_time(text_at(status, "startTime"))) pod.started_at = *start;
  for (const Json& condition : array_at(status, "conditions")) {
    const bool holds = text_at(condition, "status") == "True";
    const std::string type = text_at(condition, "type");
    if (type == "Ready") pod.ready = holds;
    if (type == "DisruptionTarget" && holds) pod.disrupted = true;
    if (type == "PodScheduled" && !holds && pod.detail.empty()) {
      pod.detail = text_at(condition, "message");
    }
  }
  for (const Json& container : array_at(status, "containerStatuses")) {
    read_container(container, pod);
  }
}

}  // namespace

// Sidecars (init containers that always restart) run beside the containers and beside every init
// container that comes after them: KEP-753.
PodRequests requests_of(const Json& spec, const Accelerators& accelerators) {
  PodRequests sidecars;
  PodRequests starting;
  for (const Json& container : array_at(spec, "initContainers")) {
    const PodRequests own = of_container(container, accelerators);
    if (text_at(container, "restartPolicy") == "Always") {
      add(sidecars, own);
      at_least(starting, sidecars);
    } else {
      PodRequests step = sidecars;
      add(step, own);
      at_least(starting, step);
    }
  }
  PodRequests sum = sidecars;
  for (const Json& container : array_at(spec, "containers")) {
    add(sum, of_container(container, accelerators));
  }
  at_least(sum, starting);
  add(sum,
      of_container(Json{{"resources", {{"requests", object_at(spec, "overhead")}}}}, accelerators));
  for (auto& [name, count] : sum.devices) count = sched::bounded_devices(count);
  std::erase_if(sum.devices, [](const auto& device) { return device.second == 0; });
  sum.room = sched::bounded(sum.room);
  return sum;
}

std::string owner_job(const Pod& pod) {
  const OwnerRef* owner = pod.meta.controller();
  const bool is_ours = owner != nullptr && owner->kind == kube::kGpuJobs.kind &&
                       owner->api_version.starts_with(std::string(kube::kGpuJobs.group) + "/");
  return is_ours ? owner->uid : std::string();
}

ReadMembers pod_members() {
  const std::vector<std::string_view> of_container = {"resources", "restartPolicy"};
  return {{"spec",
           {"nodeName", "schedulerName", "schedulingGates", "containers", "initContainers",
            "overhead", "nodeSelector", "affinity", "tolerations"}},
          {"containers", of_container},
          {"initContainers", of_container},
          {"status",
           {"phase", "reason", "message", "podIP", "startTime", "conditions", "containerStatuses"}},
          {"containerStatuses", {"state", "restartCount"}}};
}

Result<Pod> decode_pod(const Json& json, const Accelerators& accelerators) {
  Pod pod;
  BERTH_TRY(decode(object_at(json, "metadata"), pod.meta, Path("metadata")));
  if (pod.meta.name.empty()) return Error{Code::Invalid, "metadata.name: required"};
  pod.meta.annotations = own_of(pod.meta.annotations);
  std::erase_if(pod.meta.owners, [](const OwnerRef& owner) { return !owner.controller; });
  read_spec(object_at(json, "spec"), accelerators, pod);
  // Policies select foreign accelerator pods by any label.
  if (pod.requests.devices.empty() || !owner_job(pod).empty()) {
    pod.meta.labels = own_of(pod.meta.labels);
  }
  read_status(object_at(json, "status"), pod);
  return pod;
}

}  // namespace berth::translate
