#pragma once
#include "base/clock.h"
#include "operator/scheduling/world_feed.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"

namespace berth::control {

// Tells the core what work to expect, what is scarce and what devices cost, beside the passes: what
// was worked out under one outlook is of no use under the next.
class OutlookDesk {
 public:
  OutlookDesk(Stores& stores, WorldFeed& feed, const Settings& settings, const Clock& clock);
  OutlookDesk(const OutlookDesk&) = delete;
  OutlookDesk& operator=(const OutlookDesk&) = delete;

  // Looks again where something has changed and the last look is some time ago. Returns when to
  // call again at the latest.
  Monotonic tick();

 private:
  Stores& stores_;
  WorldFeed& feed_;
  const Settings& settings_;
  const Clock& clock_;
  bool is_old_ = true;
  Monotonic next_ = Monotonic::min();
};

}  // namespace berth::control
