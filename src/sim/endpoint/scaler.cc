#include "sim/endpoint/scaler.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace berth::sim::endpoint {
namespace {

constexpr const char* kRouter = "router";
constexpr double kSampleSeconds = 10;
// Something after 1970, so that the first day is a whole one.
constexpr int64_t kEpochMs = 86'400'000LL * 20'000;

int64_t milli(double value) { return std::llround(value * 1000); }
Monotonic monotonic(double now) { return Monotonic{Millis{kEpochMs + milli(now)}}; }
Instant instant(double now) { return Instant{Millis{kEpochMs + milli(now)}}; }

void scrape(scaling::LoadWindows& windows, const Seen& seen) {
  windows.expect({kRouter}, monotonic(seen.now));
  windows.scraped(kRouter,
                  {.request_ms = milli(seen.counted.request_seconds),
                   .arrived = seen.counted.arrived,
                   .in_flight = seen.counted.in_flight},
                  monotonic(seen.now));
}

scaling::LoadWindows::Settings windows_of(const scaling::Rules& rules) {
  return {.stable_window = rules.stable_window, .panic_window = rules.panic_window};
}

}  // namespace

BerthScaler::BerthScaler(const Settings& settings, int64_t replicas)
    : settings_(settings),
      rules_(settings.rules),
      state_(scaling::resumed(replicas)),
      windows_(windows_of(settings.rules)),
      target_({.start_milli = settings.rules.target_milli,
               .most_milli = settings.largest_batch * 1000,
               .late_basis_points = settings.late_basis_points.value_or(0)}) {}

void BerthScaler::learn(const Seen& seen) {
  if (seen.ready != sampled_.ready || seen.ready == 0) is_sample_clean_ = false;
  is_starting_ = is_starting_ || seen.starting > 0;
  const double span = seen.now - sampled_.now;
  if (span < kSampleSeconds) return;
  if (is_sample_clean_) {
    const double requests = seen.counted.request_seconds - sampled_.counted.request_seconds;
    target_.observe({.is_starting = is_starting_,
                     .replicas = seen.ready,
                     .span = Millis{milli(span)},
                     .in_flight_milli = milli(requests / span),
                     .answered = seen.counted.answered - sampled_.counted.answered,
                     .late = seen.counted.late - sampled_.counted.late});
  }
  sampled_ = seen;
  is_sample_clean_ = true;
  is_starting_ = seen.starting > 0;
  rules_.target_milli = target_.target_milli();
  rules_.rate_milli = target_.rate_milli();
}

int64_t BerthScaler::desired(const Seen& seen) {
  scrape(windows_, seen);
  if (settings_.late_basis_points) learn(seen);
  scaling::Facts facts{.load = windows_.load(monotonic(seen.now)),
                       .counts = {.ready = seen.ready, .starting = seen.starting}};
  if (settings_.forecasts) {
    shape_.observe(instant(seen.now), facts.load.stable_milli);
    facts.ahead_milli = shape_.ahead_milli(instant(seen.now), settings_.start_up);
  }
  state_ = scaling::decide(rules_, state_, facts, monotonic(seen.now)).next;
  return state_.desired;
}

KnativeScaler::KnativeScaler(const scaling::Rules& rules, int64_t replicas)
    : rules_(rules), windows_(windows_of(rules)), desired_(replicas) {}

int64_t KnativeScaler::desired(const Seen& seen) {
  scrape(windows_, seen);
  const scaling::Load load = windows_.load(monotonic(seen.now));
  if (load.known == scaling::Known::Nothing) return desired_;
  const double ready = static_cast<double>(std::max<int64_t>(1, seen.ready));
  const auto target = static_cast<double>(rules_.target_milli);
  const auto bounded = [&](double load_milli) {
    return std::clamp(std::ceil(load_milli / target), std::floor(ready / 2), 1000 * ready);
  };
  const double stable = bounded(static_cast<double>(load.stable_milli));
  const double panic = bounded(static_cast<double>(load.panic_milli));
  const double need = std::ceil(static_cast<double>(load.panic_milli) / target);
  const double stable_seconds = static_cast<double>(rules_.stable_window.count()) / 1000;
  if (need / ready >= static_cast<double>(rules_.panic_percent) / 100) {
    if (!burst_at_) most_in_panic_ = 0;
    burst_at_ = seen.now;
  } else if (burst_at_ && *burst_at_ + stable_seconds < seen.now) {
    burst_at_.reset();
  }
  auto wanted = static_cast<int64_t>(stable);
  if (burst_at_) {
    most_in_panic_ = std::max({most_in_panic_, wanted, static_cast<int64_t>(panic)});
    wanted = most_in_panic_;
  }
  const bool is_awake = load.silent_for < rules_.stable_window;
  const int64_t least = std::max<int64_t>(rules_.min_replicas, is_awake ? 1 : 0);
  desired_ = std::clamp(wanted, least, rules_.max_replicas);
  return desired_;
}

PlannedScaler::PlannedScaler(const std::vector<int64_t>& ready_by_second, double start_seconds)
    : desired_by_second_(ready_by_second.size()) {
  const auto ahead = static_cast<size_t>(std::ceil(start_seconds)) + 2;
  std::deque<size_t> falling;  // of the seconds ahead, those with more than all after them
  for (size_t at = ready_by_second.size(); at-- > 0;) {
    while (!falling.empty() && ready_by_second[falling.front()] <= ready_by_second[at]) {
      falling.pop_front();
    }
    falling.push_front(at);
    while (falling.back() > at + ahead) falling.pop_back();
    desired_by_second_[at] = ready_by_second[falling.back()];
  }
}

int64_t PlannedScaler::desired(const Seen& seen) {
  if (desired_by_second_.empty()) return 0;
  const auto second = static_cast<size_t>(seen.now);
  return desired_by_second_[std::min(second, desired_by_second_.size() - 1)];
}

}  // namespace berth::sim::endpoint
