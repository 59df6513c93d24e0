#include "sched/core/preempt_offers.h"

#include <algorithm>

#include "base/saturating.h"

namespace berth::sched {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

int64_t times_to(int64_t each, int64_t wanted) {
  if (wanted <= 0) return 0;
  return each <= 0 ? kNever : (wanted - 1) / each + 1;
}

// Cheapest per freed device first until it is enough, then without those that were not needed.
Chosen greedy(const std::vector<Offer>& offers, const Amount& lacks, int64_t bound) {
  std::vector<const Offer*> order;
  for (const Offer& offer : offers) {
    if (offer.cost < bound) order.push_back(&offer);
  }
  std::sort(order.begin(), order.end(), [&](const Offer* a, const Offer* b) {
    const auto x = static_cast<__int128>(a->cost) * std::max<int64_t>(1, b->frees.milli);
    const auto y = static_cast<__int128>(b->cost) * std::max<int64_t>(1, a->frees.milli);
    return x != y ? x < y : a->candidate < b->candidate;
  });
  Amount freed;
  std::vector<const Offer*> taken;
  for (const Offer* offer : order) {
    if (freed.covers(lacks)) break;
    freed += offer->frees;
    taken.push_back(offer);
  }
  if (!freed.covers(lacks)) return {};
  std::sort(taken.begin(), taken.end(), [&](const Offer* a, const Offer* b) {
    return a->cost != b->cost ? a->cost > b->cost : a->candidate > b->candidate;
  });
  Chosen choice{{}, 0};
  for (const Offer* offer : taken) {
    Amount without = freed;
    without -= offer->frees;
    if (without.covers(lacks)) {
      freed = without;
      continue;
    }
    choice.offers.push_back(*offer);
    choice.cost = add_saturating(choice.cost, offer->cost);
  }
  return choice;
}

}  // namespace

Amount& Amount::operator+=(const Amount& more) {
  milli += more.milli;
  cpu += more.cpu;
  memory += more.memory;
  pods += more.pods;
  return *this;
}

Amount& Amount::operator-=(const Amount& less) {
  milli -= less.milli;
  cpu -= less.cpu;
  memory -= less.memory;
  pods -= less.pods;
  return *this;
}

Amount Amount::times(int64_t count) const {
  return {milli * count, cpu * count, memory * count, pods * count};
}

int64_t Amount::times_to_cover(const Amount& other) const {
  return std::max({times_to(milli, other.milli), times_to(cpu, other.cpu),
                   times_to(memory, other.memory), times_to(pods, other.pods)});
}

Chosen cheapest_of(const std::vector<Offer>& offers, const Amount& lacks, int64_t bound) {
  Chosen single;
  for (const Offer& offer : offers) {
    if (offer.cost < single.cost && offer.frees.covers(lacks)) single = {{offer}, offer.cost};
  }
  Chosen several = greedy(offers, lacks, std::min(bound, single.cost));
  return several.cost < single.cost ? several : single;
}

}  // namespace berth::sched
