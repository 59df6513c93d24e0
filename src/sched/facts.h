#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "sched/ids.h"
#include "sched/ledger.h"
#include "sched/place/nearness.h"
#include "sched/quota_tree.h"

namespace berth::sched {

// A node with room to give. What cannot be used (cordoned, not ready, tainted, devices unhealthy)
// is already taken off: `usable` false, or `devices` smaller.
struct Node {
  NodeId id;
  DeviceClass device_class;
  int64_t devices = 0;  // usable devices, taken ones included
  Room room;            // allocatable
  int64_t workers = 0;  // most pods
  bool usable = true;
  Labels labels;  // that a topology level or a policy may name

  bool operator==(const Node&) const = default;
};

// One way to serve an ask: every worker on devices of this class.
struct Alternative {
  DeviceClass device_class;
  std::vector<int64_t> counts;  // per worker
  int64_t speed_percent = 0;    // of the first alternative's for this work; 0: not told
  // All workers on nodes of this region; "": on nodes of none; nothing: wherever they have a place.
  // A pass sets it where the ask's quota or one above has limits of one region.
  std::optional<std::string> region = {};
  int64_t total() const;
  bool operator==(const Alternative&) const = default;
};

// A workload that waits: all its workers are placed in one decision, or none is.
struct Ask {
  WorkloadId id;
  std::string name;              // "namespace/name", for reasons and as the last tie-break
  std::optional<QuotaId> quota;  // empty: its namespace has none
  int64_t priority = 0;          // larger goes first
  Instant created;
  std::vector<Alternative> alternatives;    // the first that serves it best wins, see Choice
  std::vector<Room> rooms;                  // per worker
  std::optional<std::set<NodeId>> only;     // nodes it may use at all (selectors, affinity)
  std::set<NodeId> avoid;                   // nodes that failed its last plan
  std::optional<Nearness> near;             // nothing: its workers may be anywhere
  std::string tier;                         // empty: one without promises
  std::optional<bool> preemptible;          // nothing: as its tier says
  bool promised = false;                    // admitted before: what its tier promised it stands
  Millis slack = Millis::max();             // how long it may still wait by its tier's promises
  Millis expected = std::chrono::hours{1};  // expected run from its start, on the first
  Millis ran{0};                            // useful run of its earlier attempts
  std::optional<Millis> max_runtime;        // after which it is ended; a sure bound
  // An elastic gang starts with fewer workers rather than wait, but not with fewer than this; 0:
  // with all of them. Its workers are all alike.
  size_t least_workers = 0;
  size_t runs_with = 0;                   // workers with which it runs already: it asks to grow
  Millis startup{0};                      // that its run may be late by, at most
  Millis grace{30'000};                   // from being told to give way until it is gone
  int64_t preemptions_left = kUnlimited;  // that its retry policy forgives
  // The UID of the Reservation whose devices it uses; an empty one is of none that exists.
  std::optional<std::string> reservation;
  // All of the above that decides about it beside its turn, as text: once an ask is held, the asks
  // of the same shape behind it are held without a second look. shape_of() makes it, once per ask
  // and not once per pass; empty: never alike.
  std::string shape;
  std::string name_space = {};  // for policies, as are the labels
  Labels labels = {};
  std::set<std::string> locations = {};  // regions that it may run in; none: any
  std::string unserved = {};  // why it has no alternatives, where that is not for its Quota
};
// Empty for an ask with `only` or `avoid`.
std::string shape_of(const Ask& ask);

// The same ask with only its first workers.
Ask with_workers(const Ask& ask, size_t workers);

inline int64_t Alternative::total() const {
  int64_t sum = 0;
  for (const int64_t count : counts) sum = add_saturating(sum, count);
  return sum;
}

}  // namespace berth::sched
