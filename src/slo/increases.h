#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "slo/percentile.h"

namespace berth::slo {

// What one source has counted since it started, or since the last look at it.
struct Counted {
  int64_t requests = 0;
  int64_t errors = 0;  // of those, without the answer that was due
  LatencyHistogram latency;
  bool operator==(const Counted&) const = default;
};

// Counters that many sources keep since they started -> what they have counted since the last look.
// The first look at a source counts nothing: what it says is older than the watching, and perhaps
// counted before a restart. Counters that start again count from 0, and so does a histogram by
// itself: it starts again where its bounds change.
class Increases {
 public:
  Counted since_last(const std::string& source, const Counted& counted);
  // Forgets those that are gone.
  void keep(const std::set<std::string>& sources);

 private:
  std::map<std::string, Counted> last_;
};

}  // namespace berth::slo
