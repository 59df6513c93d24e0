#include "tests/simulation/served.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "kube/request.h"
#include "kube/resource.h"
#include "slo/history.h"
#include "translate/read_json.h"

namespace berth::simulation {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using translate::array_at;
using translate::integer_at;
using translate::object_at;
using translate::text_at;

constexpr Millis kWholeWindow = hours(24 * 90);

std::string uid_at(const Json& object) { return text_at(object_at(object, "metadata"), "uid"); }

Served::Name name_at(const Json& object) {
  const Json& meta = object_at(object, "metadata");
  return {text_at(meta, "namespace"), text_at(meta, "name")};
}

bool is_leaving(const Json& object) {
  return object_at(object, "metadata").contains("deletionTimestamp");
}

// "True Serving"; empty where it is not said.
std::string said(const Json& object, std::string_view type) {
  for (const Json& one : array_at(object_at(object, "status"), "conditions")) {
    if (text_at(one, "type") == type) return text_at(one, "status") + " " + text_at(one, "reason");
  }
  return {};
}

bool is_true(const Json& object, std::string_view type) {
  return said(object, type).starts_with("True");
}

// It keeps its place and answers nobody, and does not start.
bool is_silent(const Json& job) {
  const std::string ready = said(job, "Ready");
  return object_at(job, "status").contains("placement") && ready.starts_with("False") &&
         ready != "False Starting" && ready != "False NotAdmitted";
}

// UID of the endpoint; empty for what is no replica.
std::string endpoint_of(const Json& object) {
  for (const Json& owner : array_at(object_at(object, "metadata"), "ownerReferences")) {
    if (text_at(owner, "kind") == "InferenceEndpoint") return text_at(owner, "uid");
  }
  return {};
}

bool is_over(const Json& job) { return is_true(job, "Complete") || is_true(job, "Failed"); }

bool serves(const Json& job) {
  return is_true(job, "Ready") && !is_over(job) && object_at(job, "status").contains("placement");
}

// What is not changed in place.
std::string revision_of(const Json& job) {
  Json spec = object_at(job, "spec");
  for (const char* name : {"priority", "suspend"}) spec.erase(name);
  if (spec.contains("replica")) {
    for (const char* name : {"preemptible", "headroomPercent"}) spec["replica"].erase(name);
  }
  return spec.dump();
}

}  // namespace

std::string title_of(const Served::Name& name) { return name.first + "/" + name.second; }

// ---- what there is ----

void Served::changed(const std::string& collection, const kube::fake::Change& change) {
  const Json& object = change.after->object();
  if (collection == "coordination.k8s.io/leases") return lease_changed(object);
  if (collection == "berth.dev/inferenceendpoints") return endpoint_changed(object, change.deleted);
  if (collection != "berth.dev/gpujobs" || endpoint_of(object).empty()) return;
  replica_changed(object, change.deleted);
}

void Served::start_over() {
  const auto broke = std::exchange(broke_, [](const auto&, const auto&) {});
  endpoints_.clear();
  replicas_.clear();
  for (const Json* one : server_.list(kube::kInferenceEndpoints)) endpoint_changed(*one, false);
  for (const Json* one : server_.list(kube::kGpuJobs)) {
    if (!endpoint_of(*one).empty()) replica_changed(*one, false);
  }
  broke_ = broke;
}

void Served::lease_changed(const Json& object) {
  const std::string leader = text_at(object_at(object, "spec"), "holderIdentity");
  if (name_at(object).second != "berth-operator" || leader == leader_) return;
  leader_ = leader;
  led_since_ = clock_.monotonic();
}

void Served::endpoint_changed(const Json& object, bool is_gone) {
  ++writes_;
  if (is_gone) {
    endpoints_.erase(uid_at(object));
    return;
  }
  Endpoint& endpoint = endpoints_[uid_at(object)];
  const Json& spec = object_at(object, "spec");
  const Json& status = object_at(object, "status");
  const Json& scaling = object_at(spec, "scaling");
  endpoint.name = name_at(object);
  endpoint.is_leaving = is_leaving(object);
  endpoint.has_slo = spec.contains("slo");
  const int64_t desired = integer_at(object_at(status, "replicas"), "desired");
  const bool is_suspended = spec.value("suspend", false) || endpoint.is_leaving;
  const Bounds now{.since = clock_.monotonic(),
                   .least = is_suspended ? 0 : scaling.value("minReplicas", int64_t{1}),
                   .most = std::max(scaling.value("maxReplicas", int64_t{1}), desired)};
  endpoint.bounds.push_back(now);
  while (endpoint.bounds.size() > 1 && !is_recent(endpoint.bounds[1].since)) {
    endpoint.bounds.pop_front();
  }
  count_promise(endpoint, status);
}

// Nothing that is counted is lost while the promise stands, whoever leads.
void Served::count_promise(Endpoint& endpoint, const Json& status) const {
  const std::string text = text_at(object_at(status, "slo"), "counted");
  const auto history = slo::History::decode(text);
  int64_t counted = 0;
  if (!text.empty() && history) {
    counted = history->over(kWholeWindow, clock_.now() + hours(12)).requests;
  }
  const bool is_kept = endpoint.has_slo && !text.empty();
  if (is_kept && counted < endpoint.counted) {
    broke_("counts_monotone", "endpoint " + title_of(endpoint.name) + " has counted " +
                                  std::to_string(counted) + " requests, and before " +
                                  std::to_string(endpoint.counted));
  }
  endpoint.counted = counted;
}

void Served::replica_changed(const Json& object, bool is_gone) {
  ++writes_;
  const std::string uid = uid_at(object);
  if (is_gone) {
    const auto gone = replicas_.extract(uid);
    if (!gone.empty() && may_serve(gone.mapped())) {
      vanished_[gone.mapped().endpoint].push_back(clock_.monotonic());
    }
    return check_bound(endpoint_of(object));
  }
  const auto [at, is_new] = replicas_.try_emplace(uid);
  Replica& replica = at->second;
  const Monotonic now = clock_.monotonic();
  if (replica.is_serving) replica.served_at = now;
  if (!replica.is_serving) replica.serving_since = now;
  replica.name = name_at(object);
  replica.endpoint = endpoint_of(object);
  replica.revision = revision_of(object);
  replica.is_serving = serves(object);
  const bool was_suspended =
      std::exchange(replica.is_suspended, object_at(object, "spec").value("suspend", false));
  const bool is_placed = object_at(object_at(object, "status"), "placement").contains("workers");
  const bool was_placed = std::exchange(replica.is_placed, is_placed);
  if (is_placed && !was_placed) replica.placed_since = now;
  if (is_new || was_suspended || (was_placed && !is_placed)) {
    replica.waits_since = now;
    replica.waits_from = clock_.now();
  }
  replica.is_gone = is_leaving(object) || is_over(object);
  if (is_over(object) && !replica.over_since) replica.over_since = now;
  if (!is_silent(object)) replica.silent_since.reset();
  if (is_silent(object) && !replica.silent_since) replica.silent_since = now;
  if (replica.is_serving) replica.served_at = now;
  check_bound(replica.endpoint);
}

// ---- once quiet ----

std::vector<Served::Name> Served::endpoints() const {
  std::vector<Name> names;
  for (const auto& [uid, endpoint] : endpoints_) {
    if (!endpoint.is_leaving) names.push_back(endpoint.name);
  }
  return names;
}

int64_t Served::serving(const Name& endpoint) const {
  return std::count_if(replicas_.begin(), replicas_.end(), [&](const auto& one) {
    const auto owner = endpoints_.find(one.second.endpoint);
    return owner != endpoints_.end() && owner->second.name == endpoint && one.second.is_serving;
  });
}

bool Served::may_sleep(const Name& endpoint) const {
  const Json* object = server_.find(kube::kInferenceEndpoints, endpoint.first, endpoint.second);
  if (object == nullptr) return false;
  const Json& spec = object_at(*object, "spec");
  return !spec.value("suspend", false) &&
         object_at(spec, "scaling").value("minReplicas", int64_t{1}) == 0;
}

std::vector<std::string> Served::unsettled() const {
  std::vector<std::string> all;
  for (const Json* object : server_.list(kube::kInferenceEndpoints)) {
    const std::string why = unsettled(*object);
    if (!why.empty()) all.push_back("endpoint " + title_of(name_at(*object)) + ": " + why);
  }
  return all;
}

std::string Served::unsettled(const Json& object) const {
  const Json& spec = object_at(object, "spec");
  const Json& status = object_at(object, "status");
  const Json& scaling = object_at(spec, "scaling");
  const Json& meta = object_at(object, "metadata");
  const int64_t desired = integer_at(object_at(status, "replicas"), "desired");
  const int64_t ready = integer_at(object_at(status, "replicas"), "ready");
  const bool is_suspended = spec.value("suspend", false);
  if (integer_at(status, "observedGeneration") != integer_at(meta, "generation")) {
    return "the status is of another spec";
  }
  const int64_t least = scaling.value("minReplicas", int64_t{1});
  const int64_t most = std::max<int64_t>(1, scaling.value("maxReplicas", int64_t{1}));
  if (!is_suspended && (desired < least || desired > most)) return "wants what it may not have";
  if (is_suspended && desired != 0) return "wants replicas and is suspended";
  int64_t there = 0;
  int64_t serve = 0;
  std::set<std::string> revisions;
  for (const auto& [uid, replica] : replicas_) {
    if (replica.endpoint != text_at(meta, "uid")) continue;
    ++there;
    serve += replica.is_serving ? 1 : 0;
    revisions.insert(replica.revision);
    const std::string image = text_at(object_at(spec, "worker"), "image");
    if (replica.revision.find(image) == std::string::npos) return "runs what it ran before";
  }
  if (there != desired || serve != desired || ready != desired || revisions.size() > 1) {
    return std::to_string(serve) + " of " + std::to_string(there) + " replicas serve, " +
           std::to_string(ready) + " by its status, " + std::to_string(desired) + " wanted";
  }
  const std::string is_ready = is_suspended ? "False Suspended"
                               : ready == 0 ? "True Asleep"
                                            : "True Serving";
  const std::string is_admitted = desired == 0 ? "False NoReplicas" : "True Admitted";
  if (said(object, "Ready") != is_ready) return "Ready is " + said(object, "Ready");
  if (said(object, "Admitted") != is_admitted) return "Admitted is " + said(object, "Admitted");
  if (said(object, "RoutesReady") != "True RoutesReady") return "no routes";
  if (said(object, "Progressing") != "False Complete") return "still progresses";
  if (is_true(object, "Stalled")) return "is stalled";
  if (said(object, "SLOMet").empty() == spec.contains("slo")) return "its promise is not judged";
  const auto [name_space, name] = name_at(object);
  const Json* service = server_.find(kube::kServices, name_space, name);
  if (service == nullptr || endpoint_of(*service) != text_at(meta, "uid")) return "has no Service";
  return {};
}

std::vector<std::string> Served::left_over() const {
  std::vector<std::string> all;
  const auto add = [&](const kube::Resource& kind, const Json& object) {
    all.push_back(std::string(kind.plural) + " " + title_of(name_at(object)) + " has no endpoint");
  };
  for (const auto& kind : {kube::kGpuJobs, kube::kServices}) {
    for (const Json* object : server_.list(kind)) {
      const std::string owner = endpoint_of(*object);
      if (!owner.empty() && !endpoints_.contains(owner)) add(kind, *object);
    }
  }
  std::set<std::string> wanted;  // namespaces
  for (const Name& name : endpoints()) wanted.insert(name.first);
  for (const Json* router : server_.list(kube::kDeployments)) {
    if (!wanted.contains(name_at(*router).first)) add(kube::kDeployments, *router);
  }
  return all;
}

}  // namespace berth::simulation
