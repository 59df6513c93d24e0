#include "operator/controllers/foreignpod/foreignpod_controller.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "kube/request.h"
#include "operator/controllers/foreignpod/pod_patches.h"
#include "translate/charges.h"

namespace berth::control {
namespace {

constexpr Millis kGroupPatience{10'000};  // for the pods of a group to come one after the other

// Let go by Berth and not running where it was let go to: not bound, or rejected by kubelet.
bool is_late(const translate::Pod& pod) {
  return !pod.started && (pod.node.empty() || pod.phase == translate::PodPhase::Failed);
}

}  // namespace

ForeignPodController::ForeignPodController(Stores& stores, const Books& books, ForeignDesk& desk,
                                           runtime::Recorder& recorder, const Settings& settings,
                                           const Clock& clock)
    : stores_(stores),
      books_(books),
      desk_(desk),
      recorder_(recorder),
      settings_(settings),
      clock_(clock) {
  stores.pods.subscribe([this](const translate::Pod* before, const translate::Pod* after) {
    if (after != nullptr) return;
    let_go_at_.erase(before->meta.uid);
    unanswered_.erase(before->meta.uid);
    planned_.erase(before->meta.uid);
  });
}

runtime::Next ForeignPodController::reconcile(const runtime::ObjectKey& key,
                                              runtime::Writes writes) {
  if (settings_.exempt_namespaces.contains(key.name_space)) return {};
  const ForeignUnit unit = desk_.unit(key);
  if (unit.gated.empty() && unit.pinned.empty()) {
    told_.erase(key);
    return {};
  }
  if (repeat_unanswered(unit, writes)) return {};
  const ForeignFacts facts = gather(unit);
  std::optional<Instant> look_again;
  if (!unit.is_whole()) {
    look_again = tell_incomplete(unit);  // and not why it was held while it was whole
  } else if (facts.hold) {
    tell_once(unit, std::string(name_of(facts.hold->reason)), facts.hold->message);
  }
  const ForeignPlan plan = decide(facts);
  for (const auto& [pod, node] : plan.annotate) {
    const PodPlan* granted = books_.find_plan(pod->meta.uid);
    if (granted == nullptr) continue;  // taken back since: looked at again
    writes.send(kube::patch_merge(kube::kPods, pod->meta.name_space, pod->meta.name,
                                  plan_patch(*pod, node, granted->device_class)),
                [this, uid = pod->meta.uid](Json&& reply) {
                  planned_.insert(uid);
                  take(reply);
                });
  }
  for (const translate::Pod* pod : plan.strip) patch(*pod, strip_patch(*pod), writes);
  for (const auto& [pod, node] : plan.let_go) {
    tell(*pod, false, "Admitted", "Admit", "admitted on " + node);
    patch(*pod, let_go_patch(*pod, node), writes);
  }
  for (const translate::Pod* pod : plan.evict) {
    tell(*pod, true, "PlanFailed", "Evict", "did not start in time: evicted to be planned anew");
    writes.remove(kube::evict(pod->meta.name_space, pod->meta.name, {.uid = pod->meta.uid}));
  }
  for (const translate::Pod* pod : plan.complain) {
    tell(*pod, true, "PlanFailed", "Wait",
         "did not start in time; nothing would make it anew, so it stays: delete it to give back "
         "its devices");
  }
  if (!plan.again_in) return {look_again};
  return {std::min(clock_.now() + *plan.again_in, look_again.value_or(Instant::max()))};
}

ForeignFacts ForeignPodController::gather(const ForeignUnit& unit) {
  ForeignFacts facts;
  facts.start_timeout = settings_.foreign_start_timeout;
  facts.is_group = unit.size > 1;
  facts.is_settled = is_settled && is_settled();
  for (const translate::Pod* pod : unit.gated) {
    GatedPod gated{.pod = pod, .granted = desk_.granted(*pod), .planned = planned_node(*pod)};
    gated.node_exists = gated.planned.empty() || stores_.nodes.find({"", gated.planned}) != nullptr;
    const bool is_ours = gated.planned.empty() || planned_.contains(pod->meta.uid);
    facts.plans_are_ours = facts.plans_are_ours && is_ours;
    facts.gated.push_back(std::move(gated));
  }
  const bool is_managed = books_.tenancy().find(unit.key.name_space) != nullptr;
  for (const translate::Pod* pod : unit.pinned) {
    if (planned_node(*pod).empty()) continue;  // not let go by us
    facts.any_let_go = true;
    if (!is_managed || !is_late(*pod)) continue;
    const Monotonic now = clock_.monotonic();
    const Monotonic since = let_go_at_.try_emplace(pod->meta.uid, now).first->second;
    facts.late.push_back({pod, now - since});
  }
  if (const sched::Hold* hold = desk_.hold(unit.key)) facts.hold = *hold;
  return facts;
}

void ForeignPodController::take(const Json& reply) {
  auto pod = translate::decode_pod(reply, settings_.accelerators);
  if (pod) stores_.pods.upsert(*std::move(pod));
}

void ForeignPodController::patch(const translate::Pod& pod, const Json& operations,
                                 runtime::Writes& writes) {
  kube::Request request =
      kube::patch_json(kube::kPods, pod.meta.name_space, pod.meta.name, operations);
  unanswered_.insert_or_assign(pod.meta.uid, Unanswered{pod.meta.resource_version, request});
  send(pod, std::move(request), writes);
}

void ForeignPodController::send(const translate::Pod& pod, kube::Request request,
                                runtime::Writes& writes) {
  writes.send(std::move(request), [this, uid = pod.meta.uid](Json&& reply) {
    unanswered_.erase(uid);
    take(reply);
  });
}

// What has no answer may be stored, or be yet, until another version of its pod is seen: nothing
// else is done to the group, or half of it could be let go. Done again it does no harm.
bool ForeignPodController::repeat_unanswered(const ForeignUnit& unit, runtime::Writes& writes) {
  bool any = false;
  for (const auto* pods : {&unit.gated, &unit.pinned}) {
    for (const translate::Pod* pod : *pods) {
      const auto open = unanswered_.find(pod->meta.uid);
      if (open == unanswered_.end() || open->second.version != pod->meta.resource_version) continue;
      send(*pod, open->second.request, writes);
      any = true;
    }
  }
  return any;
}

void ForeignPodController::tell(const translate::Pod& pod, bool warning, std::string reason,
                                std::string action, std::string text) {
  recorder_.record({.regarding = runtime::regarding(kube::kPods, pod.meta),
                    .type = warning ? runtime::EventType::Warning : runtime::EventType::Normal,
                    .reason = std::move(reason),
                    .action = std::move(action),
                    .note = std::move(text)});
}

// Pods have no condition of Berth's: their event is where a person looks. Once per reason.
void ForeignPodController::tell_once(const ForeignUnit& unit, const std::string& reason,
                                     const std::string& text) {
  if (std::exchange(told_[unit.key], reason) == reason) return;
  for (const translate::Pod* pod : unit.gated) tell(*pod, false, reason, "Hold", text);
}

// The pods of a group come one after the other. Returns when to look again at one that may only be
// on its way.
std::optional<Instant> ForeignPodController::tell_incomplete(const ForeignUnit& unit) {
  Instant newest{};
  for (const translate::Pod* pod : unit.gated) {
    newest = std::max(newest, pod->meta.creation.value_or(Instant{}));
  }
  if (clock_.now() < newest + kGroupPatience) return newest + kGroupPatience;
  tell_once(unit, "GroupIncomplete",
            std::to_string(unit.there()) + " of " + std::to_string(unit.size) +
                " pods of the group are there; it is admitted when all are");
  return std::nullopt;
}

}  // namespace berth::control
