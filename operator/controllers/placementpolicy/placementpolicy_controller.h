#pragma once
#include <vector>

#include "base/clock.h"
#include "operator/controllers/placementpolicy/placementpolicy_plan.h"
#include "operator/scheduling/policy_desk.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"
#include "runtime/recorder.h"

namespace berth::control {

// Says on each PlacementPolicy what became of it. It decides nothing: passes take policies from the
// store themselves.
class PlacementPolicyController final : public runtime::Reconciler {
 public:
  PlacementPolicyController(Stores& stores, PolicyDesk& desk, runtime::Recorder& recorder,
                            const Settings& settings, const Clock& clock);

  // Policies to look at now: all of them when one has changed, and else at most once per
  // Settings::policy_refresh when anything has that they report on.
  std::vector<runtime::ObjectKey> due();
  // When due() may have some again at the latest.
  Monotonic next() const { return is_old_ ? next_ : Monotonic::max(); }

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  PolicyFacts gather(const api::PlacementPolicy& policy);
  void tell(const api::PlacementPolicy& policy);

  Stores& stores_;
  PolicyDesk& desk_;
  runtime::Recorder& recorder_;
  const Settings& settings_;
  const Clock& clock_;
  bool is_old_ = false;
  Monotonic next_ = Monotonic::min();
};

}  // namespace berth::control
