#pragma once
#include <algorithm>
#include <cstddef>
#include <map>

#include "base/clock.h"
#include "kube/token_bucket.h"
#include "runtime/object_key.h"

namespace berth::runtime {

// How often one object may be written about. Bounds what it costs the server and everybody who
// watches when two disagree over an object without end, whatever made them disagree: a leader and
// its successor, or an operator and somebody else's controller.
class Pace {
 public:
  // Far above what one object needs: its writes of a second are mostly folded into one. Zero per
  // second: no limit.
  explicit Pace(double per_second = 20, double burst = 100) : fresh_(per_second, burst) {}

  // How long until `key` may be written about; zero: now.
  Millis wait(const ObjectKey& key, Monotonic now) {
    const auto at = buckets_.find(key);
    return at == buckets_.end() ? Millis{0} : at->second.wait(now);
  }

  // Cost: O(log n), now and then O(n) for those that were let alone since.
  void wrote(const ObjectKey& key, Monotonic now) {
    if (fresh_.is_unlimited()) return;
    if (buckets_.size() >= prune_at_) prune(now);
    buckets_.try_emplace(key, fresh_).first->second.take(now);
  }

  size_t remembered() const { return buckets_.size(); }

 private:
  void prune(Monotonic now) {
    std::erase_if(buckets_, [&](const auto& one) { return one.second.is_full(now); });
    prune_at_ = std::max(kFewest, 2 * buckets_.size());
  }

  static constexpr size_t kFewest = 64;
  kube::TokenBucket fresh_;
  std::map<ObjectKey, kube::TokenBucket> buckets_;
  size_t prune_at_ = kFewest;
};

}  // namespace berth::runtime
