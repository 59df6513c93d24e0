#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sched/placement.h"
#include "sched/snapshot.h"

namespace berth::sched {

enum class Reason {
  NoQuota,       // the namespace belongs to no quota
  OverQuota,     // a limit of the quota or of one above it
  LentOut,       // within the own guarantee, but others have borrowed it
  NoSuchDevice,  // no usable node has devices of the class, or the quota does not list it
  TooLarge,      // more than all usable nodes have together
  NoCapacity,    // enough exist, too few are free
  Fragmented,  // enough are free, but not on nodes that each worker fits on; says for want of what
};
inline constexpr std::array kReasons = {Reason::NoQuota,      Reason::OverQuota, Reason::LentOut,
                                        Reason::NoSuchDevice, Reason::TooLarge,  Reason::NoCapacity,
                                        Reason::Fragmented};
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
  bool operator==(const Hold&) const = default;
};

using Decision = std::variant<Admit, Hold>;

// Decides every ask: larger priority first, then older, then by name and id. Each sees the effect
// of the ones before it; one that does not fit does not stop a smaller one behind it. Pure: the
// same snapshot gives the same decisions, byte for byte. Cost: O(asks log asks + admitted workers x
// log nodes); asks of the same shape that follow one which was held are held without a second look,
// since a pass only ever takes room.
std::vector<Decision> run_pass(Snapshot snapshot);

}  // namespace berth::sched
