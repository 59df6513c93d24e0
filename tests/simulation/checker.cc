#include "tests/simulation/checker.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/resource.h"
#include "translate/pod.h"
#include "translate/read_json.h"
#include "translate/worker_name.h"

namespace berth::simulation {
namespace {

using translate::array_at;
using translate::object_at;
using translate::text_at;

int64_t whole(const Json& from, const char* name) {
  const Json& value = translate::value_at(from, name);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

constexpr std::string_view kPods = "/api/v1/namespaces/";

// What compares what is written one after the other: after a restore the first may be lost and the
// second be done all the same.
const std::set<std::string> kOfOneHistory = {
    "charge_covers",         "bound_as_planned",     "pods_are_placed",      "one_pod_per_worker",
    "released_before_gone",  "evicted_for_somebody", "policy_required",      "tier_offered",
    "firm_within_guarantee", "firm_stays",           "reservation_honoured", "cause_before_delete"};

std::string title(const std::pair<std::string, std::string>& name) {
  return name.first + "/" + name.second;
}

bool holds(const Json& status, std::string_view type) {
  for (const Json& condition : array_at(status, "conditions")) {
    if (text_at(condition, "type") == type) return text_at(condition, "status") == "True";
  }
  return false;
}

bool is_said(const Json& status, std::string_view type) {
  const Json& all = array_at(status, "conditions");
  return std::any_of(all.begin(), all.end(),
                     [&](const Json& one) { return text_at(one, "type") == type; });
}

std::string owner_of(const Json& meta) {
  for (const Json& owner : array_at(meta, "ownerReferences")) {
    if (text_at(owner, "kind") == "GpuJob") return text_at(owner, "uid");
  }
  return {};
}

std::string owner_name(const Json& meta) {
  for (const Json& owner : array_at(meta, "ownerReferences")) {
    if (text_at(owner, "kind") == "GpuJob") return text_at(owner, "name");
  }
  return {};
}

int64_t devices_of(const Json& spec) {
  int64_t devices = 0;
  for (const Json& container : array_at(spec, "containers")) {
    const Json& requests = object_at(object_at(container, "resources"), "requests");
    const std::string text = text_at(requests, "nvidia.com/gpu");
    if (!text.empty()) devices += std::stoll(text);
  }
  return devices;
}

}  // namespace

std::string gave_way_to(const Json& job) {
  constexpr std::string_view kGivesWay = "gives way to ";
  for (const Json& condition : array_at(object_at(job, "status"), "conditions")) {
    if (text_at(condition, "type") != "Ready") continue;
    const std::string message = text_at(condition, "message");
    const size_t at = message.find(kGivesWay);
    if (at != std::string::npos) return message.substr(at + kGivesWay.size());
  }
  return {};
}

void Checker::broke(const std::string& invariant, const std::string& what) {
  if (is_starting_over_) return;  // what is there was judged when it came
  if (is_forgiving_ && kOfOneHistory.contains(invariant)) return;
  std::string text = invariant + ": " + what;
  if (!said_.insert(text).second) return;
  if (on_broken) on_broken(text);
  broken_.push_back(std::move(text));
}

void Checker::changed(const std::string& collection, const kube::fake::Change& change) {
  const Json& object = change.after->object();
  const Json* now = change.deleted ? nullptr : &object;
  const Json& meta = object_at(object, "metadata");
  if (collection == "berth.dev/gpujobs") return job_changed(text_at(meta, "uid"), now);
  if (collection == "/pods") return pod_changed(text_at(meta, "uid"), now);
  if (collection == "berth.dev/quotas") return quota_changed(text_at(meta, "name"), now);
  if (collection == "/nodes") return node_changed(text_at(meta, "name"), now);
}

void Checker::start_over() {
  is_starting_over_ = true;
  jobs_.clear();
  pods_.clear();
  quotas_.clear();
  capacity_.clear();
  held_.clear();
  placed_.clear();
  workers_.clear();
  for (const Json* one : server_.list(kube::kNodes)) {
    node_changed(text_at(object_at(*one, "metadata"), "name"), one);
  }
  for (const Json* one : server_.list(kube::kQuotas)) {
    quota_changed(text_at(object_at(*one, "metadata"), "name"), one);
  }
  for (const Json* one : server_.list(kube::kGpuJobs)) {
    jobs_[text_at(object_at(*one, "metadata"), "uid")] = read_job(*one);
  }
  for (const auto& [uid, job] : jobs_) placed_[job.name.first] += job.devices;
  for (const Json* one : server_.list(kube::kPods)) {
    pod_changed(text_at(object_at(*one, "metadata"), "uid"), one);
  }
  is_starting_over_ = false;
}

// ---- jobs ----

std::vector<std::pair<std::string, std::string>> Checker::unfinished() const {
  std::vector<Name> names;
  for (const auto& [uid, job] : jobs_) {
    const bool is_odd = job.name.second.starts_with("odd-");
    if (!job.is_finished && !job.is_leaving && !job.is_replica && !is_odd)
      names.push_back(job.name);
  }
  return names;
}

Checker::Job Checker::read_job(const Json& object) {
  const Json& meta = object_at(object, "metadata");
  const Json& status = object_at(object, "status");
  const Json& placement = object_at(status, "placement");
  Job job{.name = {text_at(meta, "namespace"), text_at(meta, "name")}};
  job.is_replica = object_at(object, "spec").contains("replica");
  job.attempt = whole(placement, "attempt");
  for (const Json& worker : array_at(placement, "workers")) {
    job.nodes[static_cast<int64_t>(job.nodes.size())] = text_at(worker, "node");
    job.devices += whole(worker, "count");
  }
  job.is_nominated = !object_at(status, "nominated").empty();
  job.is_finished = holds(status, "Complete") || holds(status, "Failed");
  job.is_leaving = meta.contains("deletionTimestamp");
  job.counted = whole(status, "attempt") + whole(status, "failures") + whole(status, "preemptions");
  const Json& attempts = array_at(status, "attempts");
  job.ends = attempts.empty() ? 0 : whole(attempts.back(), "attempt");
  return job;
}

void Checker::job_changed(const std::string& uid, const Json* object) {
  const Job before = jobs_[uid];
  const Job now = object == nullptr ? Job{.name = before.name} : read_job(*object);
  placed_[now.name.first] += now.devices - before.devices;
  jobs_[uid] = now;
  if (object == nullptr) {
    jobs_.erase(uid);
    for (const auto& [pod_uid, pod] : pods_) {
      if (pod.owner == uid && pod.is_live && before.attempt != 0) {
        broke("released_before_gone", "job " + title(before.name) + " went before its pods");
      }
    }
  } else {
    check_job(uid, before, now, *object);
  }
  if (now.devices > before.devices) check_charges();
}

void Checker::check_job(const std::string& uid, const Job& before, const Job& now,
                        const Json& object) {
  const Json& status = object_at(object, "status");
  const std::string job = "job " + title(now.name);
  if (before.is_finished && !now.is_finished) broke("terminal_is_terminal", job + " is not over");
  if (now.counted < before.counted) broke("counters_monotone", job + " counts backwards");
  if (now.ends < before.ends) broke("counters_monotone", job + " forgot how an attempt ended");
  if (holds(status, "Complete") && holds(status, "Failed")) {
    broke("ends_once", job + " both completed and failed");
  }
  if (now.attempt != 0 && is_said(status, "Admitted") && !holds(status, "Admitted")) {
    broke("conditions_truthful", job + " is placed, and says that it is not admitted");
  }
  if (now.attempt == 0 && holds(status, "Admitted")) {
    broke("conditions_truthful", job + " says that it is admitted and has no place");
  }
  const int64_t workers = static_cast<int64_t>(now.nodes.size());
  const Json& wanted = object_at(object_at(object, "spec"), "workers");
  if (now.attempt != 0 && now.attempt != before.attempt && workers < whole(wanted, "min")) {
    broke("gang_whole", job + " is placed with " + std::to_string(workers) + " workers");
  }
  if (now.attempt == before.attempt && now.attempt != 0 && now.nodes != before.nodes) {
    broke("placement_stands", job + " was moved within an attempt");
  }
  if (now.attempt == 0 && before.attempt != 0) {
    for (const auto& [pod_uid, pod] : pods_) {
      if (pod.owner == uid && pod.is_live) {
        broke("released_before_gone", job + " has no place, and " + pod.name.second + " lives");
      }
    }
  }
  if (now.ends > before.ends) check_preempted(now, object);
}

// A job gives way only to one that is nominated for the place; foreign pods have no status to say
// so. Work that others took away, or that ended itself, gave way to nobody.
void Checker::check_preempted(const Job& now, const Json& object) {
  const std::string to = gave_way_to(object);
  if (to.empty()) return;
  for (const auto& [uid, one] : jobs_) {
    if (title(one.name) == to && !one.is_nominated && one.attempt == 0) {
      broke("evicted_for_somebody", "job " + title(now.name) + " gives way to " + to);
    }
  }
}

// ---- pods ----

Checker::Pod Checker::read_pod(const Json& object) const {
  const Json& meta = object_at(object, "metadata");
  const Json& spec = object_at(object, "spec");
  const std::string phase = text_at(object_at(object, "status"), "phase");
  Pod pod{.owner = owner_of(meta), .name = {text_at(meta, "namespace"), text_at(meta, "name")}};
  pod.node = text_at(spec, "nodeName");
  pod.devices = devices_of(spec);
  pod.is_live = phase != "Succeeded" && phase != "Failed";
  if (pod.owner.empty()) {
    const auto facts = translate::decode_pod(object, translate::well_known_accelerators());
    if (!facts) return pod;
    const bool planned = facts->meta.annotations.contains(std::string(translate::kPlanAnnotation));
    pod.is_admitted = pod.is_live && (facts->gated ? planned : !facts->pinned_node.empty());
  } else if (const auto worker = translate::parse_worker_name(owner_name(meta), pod.name.second)) {
    pod.attempt = worker->attempt;
    pod.index = worker->index;
  }
  return pod;
}

void Checker::count(const Pod& pod, int sign) {
  if (pod.is_admitted) placed_[pod.name.first] += sign * pod.devices;
  if (!pod.is_live || pod.node.empty()) return;
  held_[pod.node] += sign * pod.devices;
  if (!pod.owner.empty()) workers_[{pod.owner, pod.index}] += sign;
}

void Checker::pod_changed(const std::string& uid, const Json* object) {
  const Pod before = pods_[uid];
  count(before, -1);
  if (object == nullptr) {
    pods_.erase(uid);
    return;
  }
  const Pod now = read_pod(*object);
  pods_[uid] = now;
  count(now, 1);
  if (!before.node.empty() && now.node != before.node) {
    broke("bound_once",
          "pod " + title(now.name) + " moved from " + before.node + " to " + now.node);
  }
  if (now.node != before.node && now.devices > 0) check_node(now.node);
  if (now.is_admitted && !before.is_admitted) check_charges();
  if (now.is_live && !now.owner.empty()) check_worker(now);
}

// A create can arrive when its attempt is long over: nobody binds such a pod any more, and once
// quiet it is gone. What is bound runs.
void Checker::check_worker(const Pod& pod) {
  if (pod.node.empty()) return;
  const std::string name = "pod " + title(pod.name);
  if (workers_[{pod.owner, pod.index}] > 1) broke("one_pod_per_worker", name + " is the second");
  const auto job = jobs_.find(pod.owner);
  if (job == jobs_.end()) return;  // its garbage is collected later
  if (job->second.attempt != pod.attempt) {
    broke("pods_are_placed", name + " lives without a placement");
    return;
  }
  const auto planned = job->second.nodes.find(pod.index);
  if (planned == job->second.nodes.end()) {
    broke("pods_are_placed", name + " is more than the gang");
  } else if (pod.node != planned->second) {
    broke("bound_as_planned", name + " is on " + pod.node + ", planned on " + planned->second);
  }
}

// Who deletes a worker has stored why, or its job is going.
void Checker::asked(const kube::Request& request) {
  if (request.method != kube::Method::Delete || !request.path.starts_with(kPods)) return;
  for (const auto& [uid, pod] : pods_) {
    if (request.path != std::string(kPods) + pod.name.first + "/pods/" + pod.name.second) continue;
    const Json body = request.body.empty() ? Json::object() : Json::parse(request.body);
    const std::string wanted = text_at(object_at(body, "preconditions"), "uid");
    const auto job = jobs_.find(pod.owner);
    if ((!wanted.empty() && wanted != uid) || job == jobs_.end() || !pod.is_live) return;
    if (job->second.is_leaving || job->second.attempt != pod.attempt) return;
    if (job->second.ends >= pod.attempt) return;
    broke("cause_before_delete", "pod " + title(pod.name) + " is deleted without a reason stored");
    return;
  }
}

// ---- nodes ----

void Checker::node_changed(const std::string& name, const Json* object) {
  if (object == nullptr) {
    capacity_.erase(name);
    return;
  }
  const Json& allocatable = object_at(object_at(*object, "status"), "allocatable");
  capacity_[name] = std::stoll("0" + text_at(allocatable, "nvidia.com/gpu"));
}

void Checker::check_node(const std::string& name) {
  const auto has = capacity_.find(name);
  if (has != capacity_.end() && held_[name] > has->second) {
    broke("device_used_once", "node " + name + " holds " + std::to_string(held_[name]) + " of " +
                                  std::to_string(has->second));
  }
}

// ---- quotas ----

void Checker::quota_changed(const std::string& name, const Json* object) {
  if (object == nullptr) {
    quotas_.erase(name);
    return;
  }
  const auto at = quotas_.find(name);
  const Quota before = at == quotas_.end() ? Quota() : at->second;
  Quota& now = quotas_[name] = Quota();
  const Json& spec = object_at(*object, "spec");
  const Json& status = object_at(*object, "status");
  for (const Json& one : array_at(spec, "namespaces")) now.namespaces.push_back(one);
  now.parent = text_at(spec, "parent");
  now.epoch = whole(status, "epoch");
  now.is_honoured = !is_said(status, "Ready") || holds(status, "Ready");
  for (const Json& use : array_at(status, "limits")) now.used += whole(use, "used");
  for (const Json& entry : array_at(spec, "limits")) {
    now.limit += whole(entry, "guaranteed") + whole(entry, "borrowingLimit");
  }
  if (now.epoch < before.epoch) broke("epoch_monotone", "Quota " + name + " is a leader back");
  // Of a Quota with others below it the limit is theirs too, and the operator's business.
  if (!now.namespaces.empty() && now.used > now.limit && now.used > before.used) {
    broke("within_quota", "Quota " + name + " uses " + std::to_string(now.used) + " of " +
                              std::to_string(now.limit));
  }
  if (now.used < before.used) check_charges();
}

void Checker::check_charges() {
  std::map<std::string, int64_t> placed;
  for (const auto& [name, quota] : quotas_) {
    if (!quota.is_honoured) continue;
    int64_t devices = 0;
    for (const std::string& one : quota.namespaces) {
      const auto at = placed_.find(one);
      devices += at == placed_.end() ? 0 : at->second;
    }
    std::string above = name;
    for (size_t step = 0; step <= quotas_.size() && !above.empty(); ++step) {
      placed[above] += devices;
      const auto at = quotas_.find(above);
      above = at == quotas_.end() ? std::string() : at->second.parent;
    }
  }
  for (const auto& [name, quota] : quotas_) {
    if (quota.used >= placed[name]) continue;
    broke("charge_covers", "Quota " + name + " uses " + std::to_string(quota.used) + ", and " +
                               std::to_string(placed[name]) + " are placed");
  }
}

}  // namespace berth::simulation
