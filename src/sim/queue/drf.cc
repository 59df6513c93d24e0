#include "sim/queue/drf.h"

namespace berth::sim::queue {
namespace {

struct Turn {
  std::vector<JobId> waiting;
  size_t next = 0;
  int64_t used = 0;
};

}  // namespace

Decision Drf::decide(const View& view, Instant now) {
  std::vector<Turn> turns(view.tenants.size());
  const auto turn_of = [&](JobId id) -> Turn& {
    return turns[static_cast<size_t>(view.job(id).tenant)];
  };
  for (const JobId id : view.waiting) turn_of(id).waiting.push_back(id);
  for (const JobId id : view.running) turn_of(id).used += view.job(id).devices;

  Backfill pass(view, now, ends_);
  while (!pass.is_full()) {
    Turn* least = nullptr;
    int64_t least_weight = 1;
    for (size_t tenant = 0; tenant < turns.size(); ++tenant) {
      Turn& turn = turns[tenant];
      const int64_t weight = view.tenants[tenant].weight;
      if (turn.next == turn.waiting.size()) continue;
      if (least != nullptr && turn.used * least_weight >= least->used * weight) continue;
      least = &turn;
      least_weight = weight;
    }
    if (least == nullptr) break;
    const JobId id = least->waiting[least->next++];
    if (pass.offer(id)) least->used += view.job(id).devices;
  }
  return pass.take();
}

}  // namespace berth::sim::queue
