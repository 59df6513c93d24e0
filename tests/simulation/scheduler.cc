#include "tests/simulation/scheduler.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "translate/pod.h"
#include "translate/read_json.h"

namespace berth::simulation {
namespace {

using translate::array_at;
using translate::object_at;
using translate::text_at;

constexpr Millis kTimeout{5'000};       // httpTimeout of the chart's configuration
constexpr Millis kFirstBackoff{1'000};  // of kube-scheduler's queue, doubled up to the most
constexpr Millis kMostBackoff{10'000};

bool waits_for_a_node(const Json& pod) {
  const Json& spec = object_at(pod, "spec");
  const std::string phase = text_at(object_at(pod, "status"), "phase");
  return text_at(spec, "nodeName").empty() && text_at(spec, "schedulerName") == "berth" &&
         array_at(spec, "schedulingGates").empty() && phase != "Failed" && phase != "Succeeded" &&
         !object_at(pod, "metadata").contains("deletionTimestamp");
}

}  // namespace

Extender::Extender(kube::fake::FakeServer& server, const Clock& clock, Log& log, uint64_t seed)
    : transport(server, clock),
      caches(transport, translate::well_known_accelerators(), view, log, seed),
      binder(transport, caches, view, metrics, log),
      mailbox([] {}),
      service({.accelerators = translate::well_known_accelerators(),
               .stopwatch = [] { return std::chrono::nanoseconds{0}; }},
              view, binder, mailbox, metrics) {
  transport.keep_sent(false);
  caches.start();
}

Scheduler::Scheduler(integration::Cluster& cluster) : cluster_(cluster) {
  restart_extender();
  for (const Json* pod : cluster_.server.list(kube::kPods)) pod_changed(*pod, false);
}

void Scheduler::restart_extender() {
  extender_ = std::make_unique<Extender>(cluster_.server, cluster_.clock, log_, ++runs_);
}

void Scheduler::pod_changed(const Json& pod, bool is_gone) {
  const Json& meta = object_at(pod, "metadata");
  const Name name{text_at(meta, "namespace"), text_at(meta, "name")};
  if (is_gone || !waits_for_a_node(pod)) {
    waiting_.erase(name);
    return;
  }
  Waiting& waiting = waiting_[name];
  if (waiting.uid == text_at(meta, "uid")) return;
  waiting = {.uid = text_at(meta, "uid"), .due = cluster_.clock.monotonic()};
}

bool Scheduler::serve() {
  const Monotonic now = cluster_.clock.monotonic();
  if (extender_->wake <= now) {
    extender_->wake = std::max(extender_->caches.tick(now), now + Millis{1});
  }
  extender_->mailbox.deliver();
  if (!extender_->transport.step()) return false;
  extender_->wake = now;
  return true;
}

bool Scheduler::turn() {
  if (serve()) return true;
  const Monotonic now = cluster_.clock.monotonic();
  for (auto& [name, waiting] : waiting_) {
    if (waiting.due > now) continue;
    if (waiting.call != 0) {  // nobody answered
      back_off(waiting);
      continue;
    }
    filter(name, waiting);
    return true;
  }
  return false;
}

Monotonic Scheduler::next() const {
  Monotonic next = std::min(extender_->wake, extender_->transport.next_arrival());
  for (const auto& [name, waiting] : waiting_) next = std::min(next, waiting.due);
  return next;
}

void Scheduler::back_off(Waiting& waiting) {
  Millis wait = kFirstBackoff;
  for (int i = 0; i < waiting.tries && wait < kMostBackoff; ++i) wait *= 2;
  ++waiting.tries;
  waiting.call = 0;
  waiting.due = cluster_.clock.monotonic() + std::min(wait, kMostBackoff);
}

Scheduler::Waiting* Scheduler::waits_for(const Name& name, uint64_t call) {
  const auto found = waiting_.find(name);
  return found == waiting_.end() || found->second.call != call ? nullptr : &found->second;
}

void Scheduler::filter(const Name& name, Waiting& waiting) {
  const Json* pod = cluster_.server.find(kube::kPods, name.first, name.second);
  std::vector<std::string> nodes;
  for (const Json* node : cluster_.server.list(kube::kNodes)) {
    if (object_at(*node, "spec").value("unschedulable", false)) continue;
    nodes.push_back(text_at(object_at(*node, "metadata"), "name"));
  }
  if (pod == nullptr || nodes.empty()) return back_off(waiting);
  waiting.call = ++calls_;
  waiting.due = cluster_.clock.monotonic() + kTimeout;
  const Json args = {{"Pod", *pod}, {"Nodes", nullptr}, {"NodeNames", nodes}};
  const uint64_t call = waiting.call;
  extender_->service.handle(
      {"POST", "/filter", args.dump()}, {},
      [this, name, call](const http::Response& response) { filtered(name, call, response); });
}

void Scheduler::filtered(const Name& name, uint64_t call, const http::Response& response) {
  Waiting* waiting = waits_for(name, call);
  const Json* pod = cluster_.server.find(kube::kPods, name.first, name.second);
  if (waiting == nullptr || pod == nullptr) return;
  const Json result = Json::parse(response.body, nullptr, false);
  for (const Json& node : array_at(result, "NodeNames")) {
    if (cluster_.has_room_for(*pod, node.get<std::string>())) {
      return bind(name, *waiting, node.get<std::string>());
    }
  }
  back_off(*waiting);
}

void Scheduler::bind(const Name& name, Waiting& waiting, const std::string& node) {
  waiting.call = ++calls_;
  waiting.due = cluster_.clock.monotonic() + kTimeout;
  const Json args = {{"PodName", name.second},
                     {"PodNamespace", name.first},
                     {"PodUID", waiting.uid},
                     {"Node", node}};
  const uint64_t call = waiting.call;
  extender_->service.handle({"POST", "/bind", args.dump()}, {},
                            [this, name, call](const http::Response&) {
                              // Bound, it no longer waits; else it is tried again.
                              if (Waiting* one = waits_for(name, call)) back_off(*one);
                            });
}

}  // namespace berth::simulation
