#include "slo/increases.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace berth::slo {
namespace {

LatencyHistogram since(const LatencyHistogram& before, const LatencyHistogram& now) {
  if (before.upper_ms != now.upper_ms || before.counts.size() != now.counts.size()) return now;
  LatencyHistogram more = now;
  for (size_t at = 0; at < more.counts.size(); ++at) {
    more.counts[at] -= before.counts[at];
    if (more.counts[at] < 0) return now;
  }
  return more;
}

}  // namespace

Counted Increases::since_last(const std::string& source, const Counted& counted) {
  const auto [at, is_first] = last_.try_emplace(source, counted);
  if (is_first) return {};
  const Counted before = std::exchange(at->second, counted);
  const bool has_restarted = counted.requests < before.requests || counted.errors < before.errors;
  Counted more = counted;
  if (!has_restarted) {
    more = {.requests = counted.requests - before.requests,
            .errors = counted.errors - before.errors,
            .latency = since(before.latency, counted.latency)};
  }
  more.errors = std::min(more.errors, more.requests);  // where the page disagrees with itself
  return more;
}

void Increases::keep(const std::set<std::string>& sources) {
  for (auto at = last_.begin(); at != last_.end();) {
    at = sources.contains(at->first) ? std::next(at) : last_.erase(at);
  }
}

}  // namespace berth::slo
