#include "tests/integration/invariants.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "kube/resource.h"
#include "translate/pod.h"
#include "translate/read_json.h"
#include "translate/worker_name.h"

namespace berth::integration {
namespace {

using translate::array_at;
using translate::object_at;
using translate::text_at;

// Read straight from the JSON: this runs after every step of every test.
struct World {
  std::map<std::string, const Json*> jobs;    // by UID
  std::map<std::string, int64_t> placed;      // devices, by namespace
  std::map<std::string, const Json*> quotas;  // by name
};

std::string uid_of(const Json& object) { return text_at(object_at(object, "metadata"), "uid"); }
std::string named(const Json& object) { return text_at(object_at(object, "metadata"), "name"); }

int64_t whole(const Json& from, const char* name) {
  const Json& value = translate::value_at(from, name);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

bool is_alive(const Json& pod) {
  const std::string phase = text_at(object_at(pod, "status"), "phase");
  return phase != "Succeeded" && phase != "Failed";
}

// The UID of the GpuJob that owns the pod; empty for others.
std::string owner_of(const Json& pod) {
  for (const Json& owner : array_at(object_at(pod, "metadata"), "ownerReferences")) {
    if (text_at(owner, "kind") == "GpuJob") return text_at(owner, "uid");
  }
  return {};
}

int64_t devices_of(const Json& container) {
  const Json& requests = object_at(object_at(container, "resources"), "requests");
  const std::string text = text_at(requests, "nvidia.com/gpu");
  return text.empty() ? 0 : std::stoll(text);
}

// A pod of nobody's counts as placed once it carries the operator's plan, or is pinned and let go.
void add_foreign(const Json& json, World& world) {
  const auto pod = translate::decode_pod(json, translate::well_known_accelerators());
  if (!pod || pod->requests.devices.empty()) return;
  const bool planned = pod->meta.annotations.contains(std::string(translate::kPlanAnnotation));
  if (pod->gated ? !planned : pod->pinned_node.empty()) return;
  world.placed[pod->meta.name_space] += pod->requests.devices.begin()->second;
}

// An active Reservation is charged for what its users do not hold. It is by its own clock, so that
// its status may say so a moment before or after the Quota's.
void add_reserved(const Json& reservation, World& world) {
  const Json& status = object_at(reservation, "status");
  int64_t left = 0;
  for (const Json& condition : array_at(status, "conditions")) {
    if (text_at(condition, "type") != "Active" || text_at(condition, "status") != "True") continue;
    for (const Json& node : array_at(status, "nodes")) left += whole(node, "count");
  }
  const std::string name_space = text_at(object_at(reservation, "metadata"), "namespace");
  for (const auto& [uid, job] : world.jobs) {
    const bool uses = text_at(object_at(*job, "metadata"), "namespace") == name_space &&
                      text_at(object_at(*job, "spec"), "reservation") == named(reservation);
    if (!uses) continue;
    const Json& placement = object_at(object_at(*job, "status"), "placement");
    for (const Json& worker : array_at(placement, "workers")) left -= whole(worker, "count");
  }
  world.placed[name_space] += std::max<int64_t>(0, left);
}

World read(const kube::fake::FakeServer& server) {
  World world;
  for (const Json* job : server.list(kube::kGpuJobs)) {
    world.jobs.emplace(uid_of(*job), job);
    int64_t& devices = world.placed[text_at(object_at(*job, "metadata"), "namespace")];
    const Json& placement = object_at(object_at(*job, "status"), "placement");
    for (const Json& worker : array_at(placement, "workers")) devices += whole(worker, "count");
  }
  for (const Json* pod : server.list(kube::kPods)) {
    if (is_alive(*pod) && owner_of(*pod).empty()) add_foreign(*pod, world);
  }
  for (const Json* quota : server.list(kube::kQuotas)) world.quotas.emplace(named(*quota), quota);
  return world;
}

// Of a Quota in conflict with an older one, namespaces or parent do not count.
bool is_honoured(const Json& quota) {
  for (const Json& condition : array_at(object_at(quota, "status"), "conditions")) {
    if (text_at(condition, "type") == "Ready") return text_at(condition, "status") == "True";
  }
  return true;
}

bool is_below(const World& world, std::string quota, const std::string& ancestor) {
  for (size_t step = 0; step <= world.quotas.size() && !quota.empty(); ++step) {
    if (quota == ancestor) return true;
    const auto at = world.quotas.find(quota);
    if (at == world.quotas.end() || !is_honoured(*at->second)) return false;
    quota = text_at(object_at(*at->second, "spec"), "parent");
  }
  return false;
}

int64_t placed_below(const World& world, const std::string& ancestor) {
  int64_t devices = 0;
  for (const auto& [name, quota] : world.quotas) {
    if (!is_below(world, name, ancestor) || !is_honoured(*quota)) continue;
    for (const Json& name_space : array_at(object_at(*quota, "spec"), "namespaces")) {
      const auto at = world.placed.find(name_space.get<std::string>());
      if (at != world.placed.end()) devices += at->second;
    }
  }
  return devices;
}

// An entry of one region is part of that of all regions, where there is one.
bool is_part(const Json& entry, const Json& entries) {
  if (text_at(entry, "region").empty()) return false;
  return std::any_of(entries.begin(), entries.end(), [&](const Json& other) {
    return text_at(other, "class") == text_at(entry, "class") && text_at(other, "region").empty();
  });
}

int64_t used_by(const Json& quota) {
  int64_t devices = 0;
  const Json& uses = array_at(object_at(quota, "status"), "limits");
  for (const Json& use : uses) {
    if (!is_part(use, uses)) devices += whole(use, "used");
  }
  return devices;
}

void check_quotas(const World& world, bool used_within_limits, std::vector<std::string>& broken) {
  for (const auto& [name, quota] : world.quotas) {
    const int64_t used = used_by(*quota);
    const int64_t placed = placed_below(world, name);
    if (used < placed) {
      broken.push_back("Quota " + name + " uses " + std::to_string(used) + ", but " +
                       std::to_string(placed) + " are placed");
    }
    int64_t limit = 0;
    for (const auto& [below, child] : world.quotas) {
      if (!is_below(world, below, name)) continue;
      const Json& entries = array_at(object_at(*child, "spec"), "limits");
      for (const Json& entry : entries) {
        if (is_part(entry, entries)) continue;
        limit += whole(entry, "guaranteed") + (below == name ? whole(entry, "borrowingLimit") : 0);
      }
    }
    if (used_within_limits && used > limit) {
      broken.push_back("Quota " + name + " uses " + std::to_string(used) + " of " +
                       std::to_string(limit));
    }
  }
}

void check_workers(const kube::fake::FakeServer& server, const World& world,
                   std::vector<std::string>& broken) {
  std::set<std::pair<std::string, int64_t>> seen;  // owner and index
  for (const Json* pod : server.list(kube::kPods)) {
    const auto job = world.jobs.find(owner_of(*pod));
    if (job == world.jobs.end() || !is_alive(*pod)) continue;
    const auto worker = translate::parse_worker_name(named(*job->second), named(*pod));
    const Json& placement = object_at(object_at(*job->second, "status"), "placement");
    if (!worker || worker->attempt != whole(placement, "attempt")) {
      broken.push_back("pod " + named(*pod) + " lives without a placement");
    } else if (!seen.insert({job->first, worker->index}).second) {
      broken.push_back("pod " + named(*pod) + " is the second of its worker");
    }
  }
}

void check_nodes(const kube::fake::FakeServer& server, std::vector<std::string>& broken) {
  std::map<std::string, int64_t> held;
  for (const Json* pod : server.list(kube::kPods)) {
    if (!is_alive(*pod)) continue;
    int64_t& devices = held[text_at(object_at(*pod, "spec"), "nodeName")];
    for (const Json& container : array_at(object_at(*pod, "spec"), "containers")) {
      devices += devices_of(container);
    }
  }
  for (const Json* node : server.list(kube::kNodes)) {
    const Json& allocatable = object_at(object_at(*node, "status"), "allocatable");
    const int64_t has = std::stoll("0" + text_at(allocatable, "nvidia.com/gpu"));
    if (held[named(*node)] > has) broken.push_back("node " + named(*node) + " is overcommitted");
  }
}

void check_job(const Json& job, std::vector<std::string>& broken) {
  const Json& status = object_at(job, "status");
  std::set<std::string> ended;
  int64_t before = 0;
  for (const Json& condition : array_at(status, "conditions")) {
    if (text_at(condition, "status") == "True") ended.insert(text_at(condition, "type"));
  }
  if (ended.contains("Complete") && ended.contains("Failed")) {
    broken.push_back("job " + named(job) + " both completed and failed");
  }
  std::map<std::string, int64_t> causes;
  for (const Json& attempt : array_at(status, "attempts")) {
    const int64_t number = whole(attempt, "attempt");
    if (number <= before) broken.push_back("job " + named(job) + " counts an attempt twice");
    before = number;
    ++causes[text_at(attempt, "cause")];
  }
  if (array_at(status, "attempts").size() >= 10) return;  // older ones are forgotten
  if (whole(status, "failures") != causes["Failed"] + causes["NonRetriableExit"] ||
      whole(status, "preemptions") != causes["Preempted"]) {
    broken.push_back("job " + named(job) + " has counters that its attempts do not explain");
  }
}

}  // namespace

std::vector<std::string> broken_rules(const kube::fake::FakeServer& server,
                                      bool used_within_limits) {
  std::vector<std::string> broken;
  const World world = read(server);
  check_quotas(world, used_within_limits, broken);
  check_workers(server, world, broken);
  check_nodes(server, broken);
  for (const auto& [uid, job] : world.jobs) check_job(*job, broken);
  return broken;
}

namespace {

// A gang has its names in DNS while it is placed, and not longer.
void check_slices(const kube::fake::FakeServer& server, const World& world,
                  std::vector<std::string>& broken) {
  std::set<std::string> wanted;
  for (const auto& [uid, job] : world.jobs) {
    const Json& placement = object_at(object_at(*job, "status"), "placement");
    if (array_at(placement, "workers").size() < 2) continue;
    wanted.insert(translate::worker_name(named(*job), {whole(placement, "attempt"), 0}));
  }
  for (const Json* slice : server.list(kube::kEndpointSlices)) {
    if (!wanted.contains(named(*slice))) {
      broken.push_back("EndpointSlice " + named(*slice) + " is of no placed gang");
    }
  }
}

}  // namespace

std::vector<std::string> broken_when_quiet(const kube::fake::FakeServer& server) {
  std::vector<std::string> broken = broken_rules(server);
  World world = read(server);
  for (const Json* one : server.list(kube::kReservations)) add_reserved(*one, world);
  for (const auto& [name, quota] : world.quotas) {
    if (used_by(*quota) != placed_below(world, name)) {
      broken.push_back("Quota " + name + " uses " + std::to_string(used_by(*quota)) + ", and " +
                       std::to_string(placed_below(world, name)) + " are placed");
    }
  }
  for (const Json* pod : server.list(kube::kPods)) {
    const std::string owner = owner_of(*pod);
    if (!owner.empty() && !world.jobs.contains(owner)) {
      broken.push_back("pod " + named(*pod) + " is an orphan");
    }
  }
  check_slices(server, world, broken);
  return broken;
}

}  // namespace berth::integration
