#pragma once
#include <map>
#include <string>

#include "base/clock.h"
#include "operator/controllers/slatier/slatier_plan.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"

namespace berth::control {

// Says on each SlaTier how its promises are kept, seldom.
class SlaTierController final : public runtime::Reconciler {
 public:
  SlaTierController(Stores& stores, const TierAccounts& accounts, const Settings& settings,
                    const Clock& clock)
      : stores_(stores), accounts_(accounts), settings_(settings), clock_(clock) {}

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  Stores& stores_;
  const TierAccounts& accounts_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<std::string, Monotonic> written_;
};

}  // namespace berth::control
