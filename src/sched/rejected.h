#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sched/ids.h"
#include "sched/reason.h"

namespace berth::sched {

// What a pass knew of and did not take, and why. It is what the pass came to know on its way:
// nothing is searched for it, so that what is not said here may still have been possible.
struct Rejected {
  enum class What {
    Devices,  // of another class, in another region, or for another number of workers
    Node,     // for the worker that was placed first
    Domain,   // for the whole gang
    Victims,  // who would have given way instead
  };
  enum class Why {
    Unavailable,  // for `reason`; what it leaves, and what was wanted: whole devices
    Dearer,       // Devices: micro-dollars; Victims: device-milliseconds lost
    Later,        // not compared: it comes after what was taken
    Worse,  // Node: score in thousandths of a device, larger is better; Domain: free devices, fewer
            // are better; of equal ones the name decides
    NotAllowed,  // Victims: they are owed what they hold, or find no other place
  };
  What what = What::Devices;
  Why why = Why::Later;
  std::string name = {};  // of the column, of the node ("CLUSTER/NODE" of another) or "LEVEL=VALUE"
  std::optional<int64_t> workers = {};   // it was tried with so many, and admitted with others
  std::optional<Reason> reason = {};     // of Unavailable
  std::optional<int64_t> its = {};       // its figure
  std::optional<int64_t> taken = {};     // the same of what was taken, or what was wanted
  std::vector<WorkloadId> victims = {};  // of Victims
  bool operator==(const Rejected&) const = default;
};
inline constexpr std::array kRejectedWhats = {Rejected::What::Devices, Rejected::What::Node,
                                              Rejected::What::Domain, Rejected::What::Victims};
inline constexpr std::array kRejectedWhys = {Rejected::Why::Unavailable, Rejected::Why::Dearer,
                                             Rejected::Why::Later, Rejected::Why::Worse,
                                             Rejected::Why::NotAllowed};
std::string_view name_of(Rejected::What what);
std::string_view name_of(Rejected::Why why);

// Of one decision.
inline constexpr size_t kMostRejected = 4;

}  // namespace berth::sched
