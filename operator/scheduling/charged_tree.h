#pragma once
#include <cstdint>
#include <optional>

#include "operator/scheduling/books.h"
#include "operator/world/stores.h"
#include "sched/quota/fair_share.h"
#include "sched/quota_tree.h"

namespace berth::control {

// The quotas with what the books charge on them, made anew when the books have changed.
class ChargedTree {
 public:
  ChargedTree(const Stores& stores, const Books& books) : stores_(stores), books_(books) {}
  const sched::QuotaTree& get();
  // Of what is charged; of get() as it was called last.
  const sched::FairShare& fair_share() const { return *fair_; }

 private:
  const Stores& stores_;
  const Books& books_;
  std::optional<sched::QuotaTree> tree_;  // of version_
  std::optional<sched::FairShare> fair_;
  uint64_t version_ = 0;
};

}  // namespace berth::control
