#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "sched/core/world.h"

namespace berth::sched {

// Room that is free on a node or comes free, as far as a worker needs it.
struct Amount {
  int64_t milli = 0;
  int64_t cpu = 0;
  int64_t memory = 0;
  int64_t pods = 0;

  bool covers(const Amount& other) const {
    return milli >= other.milli && cpu >= other.cpu && memory >= other.memory && pods >= other.pods;
  }
  Amount& operator+=(const Amount& more);
  Amount& operator-=(const Amount& less);
  // How many such amounts cover the other; a very large number where none do.
  int64_t times_to_cover(const Amount& other) const;
  Amount times(int64_t count) const;
};

// A way for one candidate to make room on one node.
struct Offer {
  size_t candidate = 0;
  Amount frees;
  int64_t cost = 0;    // beside what has been chosen before
  size_t leaving = 0;  // workers of an elastic gang that leave the node; 0: it goes whole
};

struct Chosen {
  std::vector<Offer> offers;
  int64_t cost = std::numeric_limits<int64_t>::max();
};

// The cheapest offers found that together free what is lacking: the cheapest one that is enough, or
// several, cheapest per freed device first, less those not needed. At most one per candidate may be
// given. Nothing at `bound` or above, but where one alone is enough.
Chosen cheapest_of(const std::vector<Offer>& offers, const Amount& lacks, int64_t bound);

}  // namespace berth::sched
