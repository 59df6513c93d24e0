#include "sched/explain/change.h"

#include <utility>

#include "sched/cpu_class.h"

namespace berth::sched {

std::string_view name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::DropSelector: return "DropSelector";
    case ChangeKind::DropNearness: return "DropNearness";
    case ChangeKind::OtherClass: return "OtherClass";
    case ChangeKind::Borrow: return "Borrow";
    case ChangeKind::Guarantee: return "Guarantee";
    case ChangeKind::FewerWorkers: return "FewerWorkers";
    case ChangeKind::FewerDevices: return "FewerDevices";
    case ChangeKind::WithoutJob: return "WithoutJob";
  }
  __builtin_unreachable();
}

void change_quotas(std::vector<Quota>& quotas, const Change& change) {
  for (Quota& quota : quotas) {
    if (quota.id != change.quota) continue;
    if (change.kind == ChangeKind::Borrow) quota.limits[change.device_class].borrowing = change.to;
    if (change.kind == ChangeKind::Guarantee) {
      quota.limits[change.device_class].guaranteed = change.to;
    }
  }
}

Ask changed(Ask ask, const Change& change) {
  switch (change.kind) {
    case ChangeKind::DropSelector:
      ask.only.reset();
      ask.avoid.clear();
      ask.locations.clear();
      break;
    case ChangeKind::DropNearness: ask.near.reset(); break;
    case ChangeKind::OtherClass:
      if (ask.alternatives.empty()) break;
      ask.alternatives = {{change.device_class, ask.alternatives.front().counts}};
      break;
    case ChangeKind::FewerWorkers:
      for (Alternative& wants : ask.alternatives) {
        wants.counts.resize(static_cast<size_t>(change.to));
      }
      ask.rooms.resize(static_cast<size_t>(change.to));
      break;
    case ChangeKind::FewerDevices:
      for (Alternative& wants : ask.alternatives) {
        if (is_cpu(wants)) continue;
        for (int64_t& count : wants.counts) {
          count = std::max<int64_t>(1, count - (change.from - change.to));
        }
      }
      break;
    case ChangeKind::Borrow:
    case ChangeKind::Guarantee:
    case ChangeKind::WithoutJob: return ask;
  }
  ask.shape = shape_of(ask);
  return ask;
}

Scene with(Scene scene, const WorkloadId& id, const Change& change) {
  change_quotas(scene.quotas, change);
  for (Ask& ask : scene.waiting) {
    if (ask.id == id) ask = changed(std::move(ask), change);
  }
  if (change.kind == ChangeKind::WithoutJob) {
    std::erase_if(scene.running,
                  [&](const Running& running) { return running.holder.source == change.source; });
  }
  return scene;
}

}  // namespace berth::sched
