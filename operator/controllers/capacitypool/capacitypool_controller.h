#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "operator/controllers/capacitypool/capacitypool_plan.h"
#include "operator/scheduling/books.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"

namespace berth::control {

// Says in every CapacityPool's status what it has and what is taken of it. All pools are counted in
// one sweep over the nodes, at most every `pool_refresh` and only after something changed.
class CapacityPoolController final : public runtime::Reconciler {
 public:
  CapacityPoolController(Stores& stores, const Books& books, const Settings& settings,
                         const Clock& clock);

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

  // The pools whose status is not what it should be. Sweeps if that is due.
  std::set<std::string> take_touched();
  // When to call take_touched() again at the latest.
  Monotonic wake() const;

 private:
  bool is_old() const { return is_old_ || seen_version_ != books_.version(); }
  void sweep();
  std::map<std::string, AskedShapes> asked() const;
  PoolPlan plan_for(const api::CapacityPool& pool) const;

  Stores& stores_;
  const Books& books_;
  const Settings& settings_;
  const Clock& clock_;
  std::map<std::string, PoolUse> uses_;  // by pool, as of the last sweep
  std::map<std::string, translate::PoolProblem> problems_;
  bool is_old_ = true;
  uint64_t seen_version_ = 0;
  Monotonic next_sweep_ = Monotonic::min();
};

}  // namespace berth::control
