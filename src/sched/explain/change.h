#pragma once
#include <cstdint>
#include <string>

#include "sched/explain/scene.h"

namespace berth::sched {

// The one thing that is different in a counterfactual run. In the order in which equals are told.
enum class ChangeKind {
  DropSelector,  // it may run on any node
  DropNearness,  // its workers need not be in one domain
  OtherClass,    // the same counts of another class that its quota lists
  Borrow,        // a larger borrowing limit
  Guarantee,     // a larger guarantee; lists the class where it is not listed
  FewerWorkers,
  FewerDevices,  // per worker
  WithoutJob,    // a job that runs ends
};
std::string_view name_of(ChangeKind kind);  // as in JSON

struct Change {
  ChangeKind kind = ChangeKind::DropSelector;
  QuotaId quota;        // of Borrow and Guarantee
  Column device_class;  // of those and OtherClass; of those it may be one of one region
  std::string source;   // of WithoutJob: whose holding ends
  std::string name;     // and how it is called
  int64_t from = 0;     // the limit, workers or devices per worker before and after
  int64_t to = 0;
  // What it costs: devices that somebody gives up or is granted anew; 0 where nobody does.
  int64_t devices = 0;
  bool operator==(const Change&) const = default;
};

// The parts of a change, for those who keep a world and change it in place.
void change_quotas(std::vector<Quota>& quotas, const Change& change);
Ask changed(Ask ask, const Change& change);

// The scene with the change made; `id` is whose ask is meant. What does not fit changes nothing.
Scene with(Scene scene, const WorkloadId& id, const Change& change);

}  // namespace berth::sched
