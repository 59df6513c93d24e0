#pragma once
#include <map>
#include <set>
#include <string>

#include "slo/history.h"

namespace berth::slo {

// Counters that many sources keep since they started -> what they have counted since the last look.
// The first look at a source counts nothing: what it says is older than the watching, and perhaps
// counted before a restart. One that starts again counts from 0.
class Increases {
 public:
  Tally since_last(const std::string& source, const Tally& counted);
  // Forgets those that are gone.
  void keep(const std::set<std::string>& sources);

 private:
  std::map<std::string, Tally> last_;
};

}  // namespace berth::slo
