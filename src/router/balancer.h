#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "router/moment.h"
#include "router/route_table.h"
#include "router/variant_choice.h"

namespace berth::router {

struct OutlierRules {
  int failures_max = 5;  // one after the other
  Micros first_ejection{5'000'000};
  Micros longest_ejection{300'000'000};  // each is twice the one before
};

enum class Outcome {
  Answered,  // whatever the answer, unless it is a failure of the replica
  Failed,    // a 5xx, no connection, cut, or not in the endpoint's own time
  GivenUp,   // by the client: says nothing about the replica
};

// Which replica gets a request: of those with the fewest requests in flight, the one that was asked
// the longest ago. Who fails several times in a row is left out for a while, at most half of the
// replicas at a time. Time is passed in; one thread at a time.
class Balancer {
 public:
  explicit Balancer(OutlierRules rules = {}) : rules_(rules) {}

  // Those that stay keep what is known of them.
  void set(const std::vector<Replica>& replicas);

  Presence presence() const;
  // How many replicas a variant has, ejected ones included.
  size_t size(Variant variant) const;

  // Counts one more in flight for the replica that it returns. Of `avoided` (ids) only when there
  // is nobody else; nothing when the variant has no replica.
  std::optional<Replica> pick(Variant variant, Moment now,
                              const std::vector<std::string>& avoided = {});
  // One less. Returns whether the replica is ejected by this.
  bool finish(const std::string& id, Outcome outcome, Moment now);

 private:
  struct Entry {
    Replica replica;
    bool is_listed = true;  // else it is gone, and waits for what it has in flight
    int64_t in_flight = 0;
    uint64_t picked_at = 0;  // of picks_
    int failures = 0;
    int ejections = 0;
    Moment ejected_until{};
  };

  Entry* find(const std::string& id);
  bool may_eject(Variant variant, Moment now) const;

  OutlierRules rules_;
  std::vector<Entry> entries_;
  uint64_t picks_ = 0;
};

}  // namespace berth::router
