#include "scaling/load.h"

#include <algorithm>
#include <iterator>

#include "base/saturating.h"

namespace berth::scaling {
namespace {

constexpr int64_t kThousandths = 1000;

// sum x scale / span, rounded up: a load that is there is never nothing.
int64_t per_span(int64_t sum, int64_t scale, Millis span) {
  const __int128 scaled = static_cast<__int128>(std::max<int64_t>(0, sum)) * scale;
  const __int128 average = (scaled + span.count() - 1) / span.count();
  return static_cast<int64_t>(std::min<__int128>(average, kUnlimited));
}

int64_t between(int64_t from, int64_t to, Millis part, Millis whole) {
  const __int128 step = static_cast<__int128>(to - from) * part.count() / whole.count();
  return from + static_cast<int64_t>(step);
}

}  // namespace

void LoadWindows::expect(const std::set<std::string>& routers, Monotonic now) {
  if (!watching_since_) watching_since_ = now;
  for (const std::string& name : routers) {
    const auto [at, is_added] = routers_.try_emplace(name);
    if (is_added) {
      at->second.expected_since = now;
      at->second.is_new = now > *watching_since_;
    }
  }
  for (auto at = routers_.begin(); at != routers_.end();) {
    Router& router = at->second;
    router.is_expected = routers.contains(at->first);
    const bool is_forgotten =
        router.points.empty() || router.points.back().at + settings_.stable_window <= now;
    at = !router.is_expected && is_forgotten ? routers_.erase(at) : std::next(at);
  }
}

void LoadWindows::scraped(const std::string& name, const RouterCounters& counters, Monotonic at) {
  const auto found = routers_.find(name);
  if (found == routers_.end()) return;
  Router& router = found->second;
  RouterCounters more;
  if (router.points.empty()) {
    // What it carried before is not counted, but one that took long to answer did carry something.
    if (at - router.expected_since > settings_.stale_after) router.is_new = false;
    router.points.push_back({.at = at});
  } else {
    const Point& last = router.points.back();
    if (at <= last.at) return;
    const RouterCounters& before = router.latest;
    const bool has_restarted =
        counters.request_ms < before.request_ms || counters.arrived < before.arrived;
    more = counters;
    if (!has_restarted) {
      more.request_ms -= before.request_ms;
      more.arrived -= before.arrived;
    }
    router.points.push_back({.at = at,
                             .request_ms = add_saturating(last.request_ms, more.request_ms),
                             .arrived = add_saturating(last.arrived, more.arrived)});
  }
  router.latest = counters;
  if (counters.in_flight > 0 || more.request_ms > 0 || more.arrived > 0) {
    active_at_ = std::max(active_at_.value_or(at), at);
  }
  drop_old(router, at);
}

// Keeps one scrape from before the window, from which the line to the first one in it starts.
void LoadWindows::drop_old(Router& router, Monotonic now) const {
  const Monotonic begin = now - settings_.stable_window;
  while (router.points.size() > 1 && router.points[1].at <= begin) router.points.pop_front();
}

bool LoadWindows::is_fresh(const Router& router, Monotonic now) const {
  return !router.points.empty() && now - router.points.back().at <= settings_.stale_after;
}

// What was counted by `at`, on a straight line between two scrapes.
LoadWindows::Point LoadWindows::counted_by(const Router& router, Monotonic at) {
  const auto& points = router.points;
  if (at <= points.front().at) return points.front();
  if (at >= points.back().at) return points.back();
  const auto after = std::lower_bound(points.begin(), points.end(), at,
                                      [](const Point& p, Monotonic t) { return p.at < t; });
  const Point& before = *std::prev(after);
  const Millis part = at - before.at;
  const Millis whole = after->at - before.at;
  return {.at = at,
          .request_ms = between(before.request_ms, after->request_ms, part, whole),
          .arrived = between(before.arrived, after->arrived, part, whole)};
}

LoadWindows::Average LoadWindows::average(const Router& router, Millis window,
                                          Monotonic now) const {
  const Monotonic end = router.is_expected ? router.points.back().at : now;
  const Monotonic seen_since = router.is_new ? *watching_since_ : router.points.front().at;
  const Monotonic begin = std::max(end - window, seen_since);
  if (begin >= end) return {};
  const Point first = counted_by(router, begin);
  const Point& last = router.points.back();
  const Millis span = end - begin;
  return {
      .in_flight_milli = per_span(last.request_ms - first.request_ms, kThousandths, span),
      .arriving_milli = per_span(last.arrived - first.arrived, kThousandths * kThousandths, span),
      .span = span};
}

Load LoadWindows::load(Monotonic now) const {
  Load load;
  bool is_all = true;
  Millis covered = settings_.stable_window;
  Monotonic as_of = now;
  for (const auto& [name, router] : routers_) {
    if (router.is_expected && !is_fresh(router, now)) {
      is_all = false;
      continue;
    }
    if (router.points.empty()) continue;
    const Average stable = average(router, settings_.stable_window, now);
    const Average panic = average(router, settings_.panic_window, now);
    load.stable_milli = add_saturating(load.stable_milli, stable.in_flight_milli);
    load.panic_milli = add_saturating(load.panic_milli, panic.in_flight_milli);
    load.stable_arriving_milli = add_saturating(load.stable_arriving_milli, stable.arriving_milli);
    load.panic_arriving_milli = add_saturating(load.panic_arriving_milli, panic.arriving_milli);
    if (!router.is_expected) continue;
    load.in_flight = add_saturating(load.in_flight, std::max<int64_t>(0, router.latest.in_flight));
    if (stable.span > Millis{0}) load.known = Known::Part;
    covered = std::min(covered, stable.span);
    as_of = std::min(as_of, router.points.back().at);
  }
  if (load.known == Known::Nothing || !is_all || covered <= Millis{0}) return load;
  load.known = Known::All;
  load.covered = covered;
  const Monotonic active_at = active_at_.value_or(*watching_since_);
  load.silent_for = std::max(Millis{0}, as_of - active_at);
  return load;
}

}  // namespace berth::scaling
