#include "cli/live/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "sched/core/pass.h"

namespace berth::cli {
namespace {

std::vector<std::string> names_of(const std::vector<sched::NodeId>& nodes) {
  std::vector<std::string> names;
  for (const sched::NodeId& node : nodes) names.push_back(node.name);
  return names;
}

class Fates {
 public:
  explicit Fates(const sched::Scene& scene) {
    for (const sched::Running& running : scene.running) {
      names_[running.holder.source] = running.name;
      if (running.may_be_suggested) fates_[running.name].is = Fate::Is::Runs;
    }
    for (const sched::Ask& ask : scene.waiting) names_[ask.id.uid] = "gpujob/" + ask.name;
  }

  void decide(const sched::Decision& decision) {
    if (const auto* admit = std::get_if<sched::Admit>(&decision)) return start(*admit, {});
    if (const auto* preempt = std::get_if<sched::Preempt>(&decision)) {
      return start(preempt->placement, preempt->victims);
    }
    if (const auto* resize = std::get_if<sched::Resize>(&decision)) {
      start(resize->placement, {});
      fates_[names_[resize->id.uid]].is = Fate::Is::Grows;
      return;
    }
    const auto& hold = std::get<sched::Hold>(decision);
    Fate& fate = fates_[names_[hold.id.uid]];
    fate.is = Fate::Is::Held;
    fate.reason = hold.reason;
    fate.message = hold.message;
    fate.starts = hold.starts;
  }

  // It runs, and would not be started today.
  void refuse(const sched::Hold& hold) {
    Fate& fate = fates_[names_[hold.id.uid]];
    if (fate.is != Fate::Is::Runs) return;
    fate.reason = hold.reason;
    fate.message = hold.message;
  }

  std::map<std::string, Fate> take() { return std::move(fates_); }

 private:
  void start(const sched::Admit& admit, const std::vector<sched::Victim>& victims) {
    const std::string name = names_[admit.id.uid];
    Fate fate{.is = victims.empty() ? Fate::Is::Starts : Fate::Is::Preempts,
              .device_class = admit.device_class,
              .nodes = names_of(admit.nodes),
              .rejected = admit.rejected};
    for (const sched::Victim& victim : victims) {
      const std::string gone = names_[victim.id.uid];
      fate.victims.push_back({gone, victim.lost_device_ms});
      fates_[gone] = {.is = victim.keeps.empty() ? Fate::Is::GivesWay : Fate::Is::Shrinks,
                      .nodes = names_of(victim.keeps),
                      .gives_way_to = name,
                      .lost_device_ms = victim.lost_device_ms};
    }
    fates_[name] = std::move(fate);
  }

  std::map<std::string, std::string> names_;  // by UID
  std::map<std::string, Fate> fates_;
};

}  // namespace

std::string_view name_of(Fate::Is is) {
  switch (is) {
    case Fate::Is::Runs: return "Runs";
    case Fate::Is::Starts: return "Starts";
    case Fate::Is::Preempts: return "Preempts";
    case Fate::Is::Grows: return "Grows";
    case Fate::Is::Shrinks: return "Shrinks";
    case Fate::Is::GivesWay: return "GivesWay";
    case Fate::Is::Held: return "Held";
    case Fate::Is::Unknown: return "Unknown";
  }
  __builtin_unreachable();
}

std::map<std::string, Fate> fates_of(const Planned& planned, sched::PassNotes& notes) {
  const sched::Scene& scene = planned.scene;
  sched::World world(scene.settings);
  fill(world, scene);
  std::vector<const sched::Ask*> asks;
  for (const sched::Ask& ask : scene.waiting) asks.push_back(&ask);
  Fates fates(scene);
  for (const auto& decision : sched::run_pass(world, asks, scene.now, &notes)) {
    fates.decide(decision);
  }
  for (const sched::Ask& ask : planned.again) {
    const auto running =
        std::find_if(scene.running.begin(), scene.running.end(),
                     [&](const sched::Running& one) { return one.holder.source == ask.id.uid; });
    if (running == scene.running.end()) continue;
    world.remove_holder(ask.id.uid);
    const auto decisions = sched::run_pass(world, {&ask}, scene.now);
    if (const auto* hold = std::get_if<sched::Hold>(&decisions.front())) fates.refuse(*hold);
    world.set_holder(running->holder);
  }
  return fates.take();
}

Plan plan_of(const Planned& now, const Planned& then, std::vector<AppliedObject> objects) {
  sched::PassNotes unused;
  sched::PassNotes notes;
  const std::map<std::string, Fate> before = fates_of(now, unused);
  const std::map<std::string, Fate> after = fates_of(then, notes);
  const auto fate_in = [](const std::map<std::string, Fate>& fates, const std::string& name) {
    const auto at = fates.find(name);
    return at == fates.end() ? Fate{} : at->second;
  };
  Plan plan;
  std::set<std::string> names;
  const auto add = [&](const std::string& name, bool is_applied) {
    if (!names.insert(name).second) return;
    PlannedWorkload one{name, is_applied, fate_in(before, name), fate_in(after, name)};
    if (is_applied || one.now != one.then) plan.workloads.push_back(std::move(one));
  };
  for (const AppliedObject& object : objects) {
    if (object.kind == "GpuJob") add("gpujob/" + object.name_space + "/" + object.name, true);
  }
  for (const auto* fates : {&after, &before}) {
    for (const auto& [name, fate] : *fates) add(name, false);
  }
  for (sched::Divergence& one : notes.divergences) {
    const bool is_asked = std::any_of(objects.begin(), objects.end(), [&](const auto& object) {
      return object.kind == "PlacementPolicy" && object.name == one.policy;
    });
    if (is_asked) plan.divergences.push_back(std::move(one));
  }
  plan.objects = std::move(objects);
  return plan;
}

bool Plan::all_start() const {
  return std::none_of(workloads.begin(), workloads.end(), [](const PlannedWorkload& one) {
    return one.is_applied && one.then.is == Fate::Is::Held;
  });
}

}  // namespace berth::cli
