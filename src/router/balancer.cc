#include "router/balancer.h"

#include <algorithm>
#include <tuple>

namespace berth::router {

Balancer::Entry* Balancer::find(const std::string& id) {
  for (Entry& entry : entries_) {
    if (entry.replica.id == id) return &entry;
  }
  return nullptr;
}

void Balancer::set(const std::vector<Replica>& replicas) {
  for (Entry& entry : entries_) entry.is_listed = false;
  for (const Replica& replica : replicas) {
    if (Entry* known = find(replica.id)) {
      known->replica = replica;
      known->is_listed = true;
    } else {
      entries_.push_back({.replica = replica});
    }
  }
  std::erase_if(entries_, [](const Entry& one) { return !one.is_listed && one.in_flight == 0; });
}

size_t Balancer::size(Variant variant) const {
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(), [&](const Entry& one) {
    return one.is_listed && one.replica.variant == variant;
  }));
}

Presence Balancer::presence() const {
  return {.stable = size(Variant::Stable) > 0, .candidate = size(Variant::Candidate) > 0};
}

std::optional<Replica> Balancer::pick(Variant variant, Moment now,
                                      const std::vector<std::string>& avoided) {
  const auto rank = [&](const Entry& one) {
    const bool is_avoided =
        std::find(avoided.begin(), avoided.end(), one.replica.id) != avoided.end();
    return std::tuple(is_avoided, one.ejected_until > now, one.in_flight, one.picked_at);
  };
  Entry* best = nullptr;
  for (Entry& one : entries_) {
    if (!one.is_listed || one.replica.variant != variant) continue;
    if (best == nullptr || rank(one) < rank(*best)) best = &one;
  }
  if (best == nullptr) return std::nullopt;
  ++best->in_flight;
  best->picked_at = ++picks_;
  return best->replica;
}

bool Balancer::may_eject(Variant variant, Moment now) const {
  const auto ejected = std::count_if(entries_.begin(), entries_.end(), [&](const Entry& one) {
    return one.is_listed && one.replica.variant == variant && one.ejected_until > now;
  });
  return 2 * (static_cast<size_t>(ejected) + 1) <= size(variant);
}

bool Balancer::finish(const std::string& id, Outcome outcome, Moment now) {
  Entry* entry = find(id);
  if (entry == nullptr) return false;
  --entry->in_flight;
  if (!entry->is_listed && entry->in_flight == 0) {
    entries_.erase(entries_.begin() + (entry - entries_.data()));
    return false;
  }
  if (outcome == Outcome::GivenUp || entry->ejected_until > now) return false;
  if (outcome == Outcome::Answered) {
    entry->failures = 0;
    entry->ejections = 0;
    return false;
  }
  if (++entry->failures < rules_.failures_max || !may_eject(entry->replica.variant, now)) {
    return false;
  }
  const Micros time = rules_.first_ejection * (int64_t{1} << std::min(entry->ejections++, 20));
  entry->ejected_until = now + std::min(time, rules_.longest_ejection);
  entry->failures = rules_.failures_max - 1;  // one more afterwards is enough
  return true;
}

}  // namespace berth::router
