#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "sched/ids.h"

namespace berth::sched {

enum class Reason {
  NoQuota,       // the namespace belongs to no quota
  OverQuota,     // a limit of the quota or of one above it
  LentOut,       // within the own guarantee, but others have borrowed it
  NoSuchDevice,  // no usable node has devices of the class, or the quota does not list it
  TooLarge,      // more than all usable nodes have together
  NoCapacity,    // enough exist, too few are free
  Fragmented,   // enough are free, but not on nodes that each worker fits on; says for want of what
  Reserved,     // enough are free, but kept for work that has waited longer
  NoTier,       // its tier does not exist, or its tenant may not use it
  BudgetSpent,  // of the quota or of one above it; nothing starts until the next window
  PromisedOut,  // enough are free, but what its tier promises could not be kept beside other
                // promises
  Policy,       // a placement policy leaves no node for it; says which
  NoReservation,      // the Reservation that it names is not there for it
  AwaitsReservation,  // the Reservation that it names has not begun
  Behind,             // of a tenant whose work starts in order, and not the first that is held
};
inline constexpr std::array kReasons = {
    Reason::NoQuota,       Reason::OverQuota,         Reason::LentOut,     Reason::NoSuchDevice,
    Reason::TooLarge,      Reason::NoCapacity,        Reason::Fragmented,  Reason::Reserved,
    Reason::NoTier,        Reason::BudgetSpent,       Reason::PromisedOut, Reason::Policy,
    Reason::NoReservation, Reason::AwaitsReservation, Reason::Behind};
std::string_view name_of(Reason reason);  // as in conditions and events

// Every worker has a node, and the quota allows it.
struct Admit {
  WorkloadId id;
  QuotaId quota;
  DeviceClass device_class;
  std::vector<int64_t> counts;  // per worker
  std::vector<NodeId> nodes;    // per worker
  bool operator==(const Admit&) const = default;
};

// Not now, and why: of the first alternative that got furthest, in words with numbers.
struct Hold {
  WorkloadId id;
  Reason reason = Reason::NoCapacity;
  std::string message;
  // When it is expected to start if nothing changes; Instant::max() where that is not known.
  Instant starts = Instant::max();
  bool operator==(const Hold&) const = default;
};

// A running workload that has to give way, whole.
struct Victim {
  WorkloadId id;
  int64_t devices = 0;
  int64_t lost_device_ms = 0;  // what giving way costs it
  bool operator==(const Victim&) const = default;
};

// The workload is placed on devices that the victims hold; they are released first, and what they
// free is kept for it. Nobody is preempted without such a proof.
struct Preempt {
  WorkloadId id;
  Admit placement;
  std::vector<Victim> victims;  // by id
  bool operator==(const Preempt&) const = default;
};

// A running elastic gang goes on with more workers: it is stopped once, as if it were its own
// victim, and started anew on these places.
struct Resize {
  WorkloadId id;
  Admit placement;
  int64_t from = 0;  // workers
  bool operator==(const Resize&) const = default;
};

using Decision = std::variant<Admit, Hold, Preempt, Resize>;

}  // namespace berth::sched
