#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "operator/world/stores.h"
#include "runtime/controller.h"

namespace berth::control {

// A new leader's first writes: its epoch on every Quota. From then on a write that the old leader
// decided fails, since it was decided on an older resourceVersion and carries a smaller epoch.
//
// An epoch at or above its own that it does not know to have written is another's: two that claim
// at once can choose the same. Then it begins again above that. A reply that is lost looks the
// same.
class EpochClaim final : public runtime::Reconciler {
 public:
  EpochClaim(Stores& stores, const Clock& clock) : stores_(stores), clock_(clock) {}

  // Chooses an epoch above everything seen and its last; `elections` is the Lease's own count.
  void begin(int64_t elections);
  int64_t epoch() const { return epoch_; }
  bool is_done() const;
  // Another claims too: begin() again, and look at all Quotas.
  bool is_overtaken() const { return is_overtaken_; }
  // When the first of our writes was accepted.
  std::optional<Monotonic> first_accepted() const { return first_accepted_; }

  runtime::Next reconcile(const runtime::ObjectKey& key, runtime::Writes writes) override;

 private:
  Stores& stores_;
  const Clock& clock_;
  int64_t epoch_ = 0;
  bool is_overtaken_ = false;
  std::set<std::string> claimed_;  // UIDs of those where our write of the epoch was accepted
  std::optional<Monotonic> first_accepted_;
};

}  // namespace berth::control
