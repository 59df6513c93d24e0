#include "slo/increases.h"

#include <iterator>

namespace berth::slo {

Tally Increases::since_last(const std::string& source, const Tally& counted) {
  const auto [at, is_first] = last_.try_emplace(source, counted);
  if (is_first) return {};
  const Tally before = at->second;
  at->second = counted;
  const bool has_restarted = counted.requests < before.requests || counted.errors < before.errors ||
                             counted.late < before.late;
  if (has_restarted) return counted;
  return {.requests = counted.requests - before.requests,
          .errors = counted.errors - before.errors,
          .late = counted.late - before.late};
}

void Increases::keep(const std::set<std::string>& sources) {
  for (auto at = last_.begin(); at != last_.end();) {
    at = sources.contains(at->first) ? std::next(at) : last_.erase(at);
  }
}

}  // namespace berth::slo
