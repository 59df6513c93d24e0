#include "sched/time/estimates.h"

#include <algorithm>
#include <bit>

#include "base/saturating.h"

namespace berth::sched {
namespace {

constexpr uint64_t kWhole = 1ULL << 31U;  // all levels' shares of one answer

Millis doubled_beyond(Millis prior, Millis already) {
  int64_t total = std::max<int64_t>(1, prior.count());
  while (total <= already.count() && total != kUnlimited) total = multiply_saturating(total, 2);
  return Millis{total};
}

}  // namespace

std::optional<Estimates::Key> Estimates::key_of(const RunKey& run, int level) {
  switch (level) {
    case 0:
      if (run.owner.empty() || run.template_name.empty()) return std::nullopt;
      return Key{level, run.owner, run.template_name, {}, 0};
    case 1:
      if (run.owner.empty()) return std::nullopt;
      return Key{level, run.owner, {}, {}, 0};
    case 2:
      if (run.template_name.empty()) return std::nullopt;
      return Key{level, {}, run.template_name, {}, 0};
    case 3:
      if (run.device_class.empty() && run.devices <= 0) return std::nullopt;
      return Key{level,
                 {},
                 {},
                 run.device_class,
                 static_cast<int64_t>(std::bit_ceil(
                     static_cast<uint64_t>(std::clamp<int64_t>(run.devices, 0, 1 << 30))))};
    default: return Key{level, {}, {}, {}, 0};
  }
}

void Estimates::learn(const RunKey& run, Millis ran) {
  for (int level = 0; level < kLevels; ++level) {
    const auto key = key_of(run, level);
    if (!key) continue;
    Known& known = known_[*key];
    if (known.learned != 0) by_age_.erase(known.learned);
    known.learned = ++learned_;
    by_age_.emplace(learned_, *key);
    known.runs.learn(ran, settings_.half_life);
  }
  while (known_.size() > std::max<size_t>(settings_.most_keys, kLevels)) forget_oldest();
}

void Estimates::forget_oldest() {
  known_.erase(by_age_.begin()->second);
  by_age_.erase(by_age_.begin());
}

Millis Estimates::remaining(const RunKey& run, Millis already_run, int64_t basis_points) const {
  const Millis already = std::max(Millis{0}, already_run);
  RunTimes::Spread spread{};
  uint64_t left = kWhole;
  for (int level = 0; level < kLevels; ++level) {
    const auto key = key_of(run, level);
    if (!key) continue;
    const auto known = known_.find(*key);
    if (known == known_.end()) continue;
    const int64_t own = known->second.runs.known_milli(already);
    const uint64_t share = left * static_cast<uint64_t>(own) /
                           static_cast<uint64_t>(std::max<int64_t>(1, own + settings_.trust_milli));
    known->second.runs.add_to(spread, already, share);
    left -= share;
  }
  const Millis prior = doubled_beyond(settings_.prior, already);
  if (left == kWhole) return prior - already;
  spread[RunTimes::bucket_of(prior)] += left;
  return std::max(Millis{1}, RunTimes::quantile(spread, already, basis_points) - already);
}

Millis Estimates::remaining(const RunKey& run, Millis already_run, int64_t basis_points,
                            std::optional<Millis> max_runtime) const {
  const Millis learned = remaining(run, already_run, basis_points);
  if (!max_runtime) return learned;
  return std::clamp(*max_runtime - already_run, Millis{1}, learned);
}

}  // namespace berth::sched
