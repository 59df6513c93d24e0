#include "operator/scheduling/outlook_desk.h"

#include "translate/outlook.h"

namespace berth::control {

OutlookDesk::OutlookDesk(Stores& stores, WorldFeed& feed, const Settings& settings,
                         const Clock& clock)
    : stores_(stores), feed_(feed), settings_(settings), clock_(clock) {
  const auto changed = [this](const auto*, const auto*) { is_old_ = true; };
  stores.jobs.subscribe(changed);  // also what is free changes with them
  stores.nodes.subscribe(changed);
  stores.pools.subscribe(changed);
}

Monotonic OutlookDesk::tick() {
  const Monotonic now = clock_.monotonic();
  if (!is_old_) return Monotonic::max();
  if (now < next_) return next_;
  is_old_ = false;
  next_ = now + settings_.outlook_refresh;
  translate::Mix mix;
  for (const api::GpuJob& job : stores_.jobs.all()) mix.add(job, stores_.pooling);
  const sched::Outlook outlook = translate::outlook_of(mix, feed_.world(), stores_.pooling);
  if (outlook != feed_.world().outlook()) feed_.world().set_outlook(outlook);
  return Monotonic::max();
}

}  // namespace berth::control
