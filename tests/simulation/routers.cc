#include "tests/simulation/routers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/request.h"
#include "operator/controllers/gpujob/serving_pod.h"
#include "operator/controllers/router/router_objects.h"
#include "operator/world/settings.h"
#include "translate/read_json.h"

namespace berth::simulation {
namespace {

using translate::array_at;
using translate::object_at;
using translate::text_at;

constexpr Millis kToMakeOne{1'000};            // between two pods of a Deployment
constexpr Millis kPerRequest{500};             // that it is in flight
const std::string kSet = "berth-router-5d8f";  // the ReplicaSet, which nobody looks for

std::string pod_uid(const Json& object) { return text_at(object_at(object, "metadata"), "uid"); }

Routers::Name full_name(const Json& object) {
  const Json& meta = object_at(object, "metadata");
  return {text_at(meta, "namespace"), text_at(meta, "name")};
}

bool is_router(const Json& pod) {
  const Json& owners = array_at(object_at(pod, "metadata"), "ownerReferences");
  return !owners.empty() && text_at(owners.front(), "name") == kSet;
}

bool takes_requests(const Json& pod) {
  const Json& status = object_at(pod, "status");
  if (text_at(status, "phase") != "Running") return false;
  if (object_at(pod, "metadata").contains("deletionTimestamp")) return false;
  const Json& conditions = array_at(status, "conditions");
  return std::any_of(conditions.begin(), conditions.end(), [](const Json& one) {
    return text_at(one, "type") == "Ready" && text_at(one, "status") == "True";
  });
}

}  // namespace

// ---- what there is ----

void Routers::changed(const std::string& collection, const kube::fake::Change& change) {
  const Json& object = change.after->object();
  if (collection == "/pods") pod_changed(object, change.deleted);
  if (collection == "apps/deployments") deployment_changed(object, change.deleted);
}

void Routers::start_over() {
  auto before = std::exchange(routers_, {});
  deployments_.clear();
  serving_.clear();
  for (const Json* one : cluster_->server.list(kube::kDeployments)) deployment_changed(*one, false);
  for (const Json* one : cluster_->server.list(kube::kPods)) pod_changed(*one, false);
  for (auto& [uid, router] : routers_) {
    if (before.contains(uid)) router.counted = std::move(before[uid].counted);
  }
}

void Routers::deployment_changed(const Json& object, bool is_gone) {
  const auto [name_space, name] = full_name(object);
  if (name != control::kRouterName) return;
  is_touched_ = true;
  if (is_gone) {
    deployments_.erase(name_space);
    return;
  }
  Deployment& deployment = deployments_[name_space];
  deployment.replicas = translate::integer_at(object_at(object, "spec"), "replicas");
  deployment.ready = translate::integer_at(object_at(object, "status"), "readyReplicas");
}

void Routers::pod_changed(const Json& pod, bool is_gone) {
  const Name name = full_name(pod);
  const std::string endpoint =
      text_at(object_at(object_at(pod, "metadata"), "labels"), control::kEndpointLabel);
  if (!endpoint.empty()) {
    settle();
    auto& serving = serving_[{name.first, endpoint}];
    serving.erase(name.second);
    if (!is_gone && takes_requests(pod)) serving[name.second] = true;
    return;
  }
  if (!is_router(pod)) return;
  settle();
  is_touched_ = true;
  if (is_gone) {
    routers_.erase(pod_uid(pod));
    return;
  }
  const std::string phase = text_at(object_at(pod, "status"), "phase");
  Router& router = routers_[pod_uid(pod)];
  router.name = name;
  router.ip = text_at(object_at(pod, "status"), "podIP");
  router.is_ready = takes_requests(pod);
  router.is_leaving = object_at(pod, "metadata").contains("deletionTimestamp");
  router.is_live = !router.is_leaving && phase != "Succeeded" && phase != "Failed";
}

// ---- the controller ----

bool Routers::turn() {
  if (cluster_ == nullptr) return false;
  const Monotonic now = cluster_->clock.monotonic();
  if (!is_touched_ && next() > now) return false;
  is_touched_ = false;
  const auto unwanted = std::find_if(routers_.begin(), routers_.end(), [&](const auto& one) {
    const bool is_wanted = one.second.is_live && deployments_.contains(one.second.name.first);
    return !is_wanted && !one.second.is_leaving;
  });
  bool moved = unwanted != routers_.end();
  if (moved) {
    const auto [name_space, name] = unwanted->second.name;
    cluster_->server.handle(kube::remove(kube::kPods, name_space, name));
  } else {
    moved = std::any_of(deployments_.begin(), deployments_.end(),
                        [&](auto& one) { return tend(one.second, one.first); });
  }
  is_touched_ = is_touched_ || moved;
  return moved;
}

// When the next pod is made.
Monotonic Routers::next() const {
  Monotonic next = Monotonic::max();
  for (const auto& deployed : deployments_) {
    const auto live = std::count_if(routers_.begin(), routers_.end(), [&](const auto& one) {
      return one.second.is_live && one.second.name.first == deployed.first;
    });
    if (live < deployed.second.replicas) next = std::min(next, deployed.second.due);
  }
  return next;
}

int64_t Routers::ready_in(const std::string& name_space) const {
  return std::count_if(routers_.begin(), routers_.end(), [&](const auto& one) {
    return one.second.is_ready && one.second.name.first == name_space;
  });
}

bool Routers::tend(Deployment& deployment, const std::string& name_space) {
  const int64_t ready = ready_in(name_space);
  if (ready != deployment.ready) {
    cluster_->server.handle(kube::patch_status(kube::kDeployments, name_space, control::kRouterName,
                                               {{"status", {{"readyReplicas", ready}}}}));
    return true;
  }
  const Monotonic now = cluster_->clock.monotonic();
  const auto live = std::count_if(routers_.begin(), routers_.end(), [&](const auto& one) {
    return one.second.is_live && one.second.name.first == name_space;
  });
  if (live >= deployment.replicas || deployment.due > now) return false;
  deployment.due = now + kToMakeOne;
  make_pod(name_space);
  return true;
}

// On one node after the other.
void Routers::make_pod(const std::string& name_space) {
  const auto nodes = cluster_->server.list(kube::kNodes);
  if (nodes.empty()) return;
  const auto number = static_cast<size_t>(++made_);
  const Json owner = {{"apiVersion", "apps/v1"},
                      {"kind", "ReplicaSet"},
                      {"name", kSet},
                      {"uid", "uid-of-" + kSet},
                      {"controller", true}};
  cluster_->server.handle(
      kube::create(kube::kPods, {{"metadata",
                                  {{"name", kSet + "-" + std::to_string(number)},
                                   {"namespace", name_space},
                                   {"ownerReferences", {owner}}}},
                                 {"spec",
                                  {{"nodeName", full_name(*nodes[number % nodes.size()]).second},
                                   {"containers", {{{"name", "router"}}}}}}}));
}

// ---- what they count ----

void Routers::settle() {
  if (cluster_ == nullptr) return;
  const Monotonic now = cluster_->clock.monotonic();
  const Millis time = now - std::exchange(since_, now);
  if (time <= Millis{0}) return;
  for (const auto& [endpoint, load] : loads_) {
    const int64_t ready = ready_in(endpoint.first);
    int64_t turn = 0;
    for (auto& [uid, router] : routers_) {
      if (!router.is_ready || router.name.first != endpoint.first) continue;
      const int64_t share = (load.in_flight + turn++) / ready;
      carry(router, endpoint.second, load, share, time);
    }
  }
}

void Routers::carry(Router& router, const std::string& endpoint, const Load& load, int64_t share,
                    Millis time) {
  Counted& counted = router.counted[endpoint];
  counted.counts.in_flight = share;
  counted.counts.carried += share * time;
  if (serving_[{router.name.first, endpoint}].empty()) return;
  const int64_t before = counted.served / kPerRequest;
  counted.served += share * time;
  const int64_t more = counted.served / kPerRequest - before;
  const int64_t errors = more * load.errors_percent / 100;
  counted.counts.errors += errors;
  counted.counts.answered += more - errors;
  counted.counts.late += (more - errors) * load.late_percent / 100;
}

std::string Routers::page_of(const Router& router) const {
  std::string page;
  for (const auto& [endpoint, counted] : router.counted) {
    page += integration::router_page(endpoint, counted.counts);
  }
  if (router.spoilt_at != 0 && !page.empty()) page[router.spoilt_at % page.size()] = '9';
  if (router.cut_at != 0) page.resize(std::min<size_t>(page.size(), router.cut_at % 400));
  return page;
}

void Routers::fetch(const std::string& ip, int, Reply reply) {
  settle();
  for (const auto& [uid, router] : routers_) {
    if (router.ip != ip || !router.is_live || !router.answers) continue;
    return reply(page_of(router));
  }
  reply(Error{Code::Unavailable, "no route to host"});
}

// ---- for acts ----

void Routers::carry(const Name& endpoint, Load load) {
  settle();
  loads_[endpoint] = load;
}

const Load& Routers::load(const Name& endpoint) const {
  static const Load kNone;
  const auto found = loads_.find(endpoint);
  return found == loads_.end() ? kNone : found->second;
}

std::optional<std::string> Routers::one(uint32_t draw) const {
  if (routers_.empty()) return std::nullopt;
  return std::next(routers_.begin(), static_cast<std::ptrdiff_t>(draw % routers_.size()))->first;
}

void Routers::answers(const std::string& router, bool does) {
  if (routers_.contains(router)) routers_[router].answers = does;
}

void Routers::restart(const std::string& router) {
  settle();
  if (routers_.contains(router)) routers_[router].counted.clear();
}

void Routers::step_clock(const std::string& router, Millis step) {
  settle();
  if (!routers_.contains(router)) return;
  for (auto& [endpoint, counted] : routers_[router].counted) {
    Millis& carried = counted.counts.carried;
    carried = std::max(Millis{0}, carried + step * counted.counts.in_flight);
  }
}

void Routers::cut_page(const std::string& router, uint32_t at) {
  if (routers_.contains(router)) routers_[router].cut_at = at;
}

void Routers::spoil_page(const std::string& router, uint32_t at) {
  if (routers_.contains(router)) routers_[router].spoilt_at = at;
}

void Routers::behave() {
  for (auto& [uid, router] : routers_) {
    router.answers = true;
    router.cut_at = router.spoilt_at = 0;
  }
}

}  // namespace berth::simulation
