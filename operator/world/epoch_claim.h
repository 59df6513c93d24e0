#pragma once
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"

namespace berth::control {

// A new leader's first writes: its epoch on every Quota. From then on a write that the old leader
// decided fails, since it was decided on an older resourceVersion and carries a smaller epoch.
class EpochClaim final : public runtime::Reconciler {
 public:
  EpochClaim(Stores& stores, const Clock& clock) : stores_(stores), clock_(clock) {}

  // Chooses an epoch above everything seen; `elections` is the Lease's own count.
  void begin(int64_t elections);
  int64_t epoch() const { return epoch_; }
  bool is_done() const;
  // When the first of our writes was accepted.
  std::optional<Monotonic> first_accepted() const { return first_accepted_; }

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  Stores& stores_;
  const Clock& clock_;
  int64_t epoch_ = 0;
  std::optional<Monotonic> first_accepted_;
};

}  // namespace berth::control
