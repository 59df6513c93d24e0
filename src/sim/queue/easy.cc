#include "sim/queue/easy.h"

namespace berth::sim::queue {

Decision Easy::decide(const View& view, Instant now) {
  Backfill pass(view, now, ends_);
  for (const JobId id : view.waiting) {
    if (pass.is_full()) break;
    pass.offer(id);
  }
  return pass.take();
}

}  // namespace berth::sim::queue
