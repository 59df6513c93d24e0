#include "operator/scheduling/recent_use.h"

namespace berth::control {

bool RecentUse::tick() {
  const Monotonic mono = clock_.monotonic();
  if (settings_.usage_half_life <= Millis{0}) return false;
  if (has_begun_ && mono < next_ && books_.version() == seen_version_) return false;
  const Instant now{mono.time_since_epoch()};  // only differences count
  for (auto& [leaf, classes] : histories_) {
    for (auto& [device_class, history] : classes) {
      history.add(held_[leaf][device_class], now, settings_.usage_half_life);
    }
  }
  held_.clear();
  for (const auto& [leaf, use] : books_.ledger().quotas()) {
    for (const auto& [device_class, devices] : use.admitted) {
      held_[leaf][device_class] = devices;
      const int64_t before = has_begun_ ? 0 : devices * sched::UsageHistory::kUnit;
      histories_[leaf].try_emplace(device_class, before, now);
    }
  }
  inputs_.lately.clear();
  inputs_.history_permille = settings_.usage_history_permille;
  for (auto leaf = histories_.begin(); leaf != histories_.end();) {
    for (auto at = leaf->second.begin(); at != leaf->second.end();) {
      const int64_t lately = at->second.micro_devices();
      if (lately > 0) inputs_.lately[leaf->first][at->first] = lately;
      const bool is_forgotten = lately == 0 && held_[leaf->first][at->first] == 0;
      at = is_forgotten ? leaf->second.erase(at) : std::next(at);
    }
    leaf = leaf->second.empty() ? histories_.erase(leaf) : std::next(leaf);
  }
  has_begun_ = true;
  seen_version_ = books_.version();
  next_ = mono + kInterval;
  return true;
}

}  // namespace berth::control
