#include "sim/queue/fifo.h"

namespace berth::sim::queue {

Decision Fifo::decide(const View& view, Instant /*now*/) {
  Decision decision;
  FreeDevices free = view.free;
  for (const JobId id : view.waiting) {
    auto placement = free.place(view.job(id).devices);
    if (!placement) break;
    free.take(*placement);
    decision.actions.push_back(Start{id, std::move(*placement)});
  }
  return decision;
}

}  // namespace berth::sim::queue
