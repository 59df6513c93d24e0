#include "sched/decision.h"

namespace berth::sched {

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::NoQuota: return "NoQuota";
    case Reason::OverQuota: return "OverQuota";
    case Reason::LentOut: return "LentOut";
    case Reason::NoSuchDevice: return "NoSuchDevice";
    case Reason::TooLarge: return "TooLarge";
    case Reason::NoCapacity: return "NoCapacity";
    case Reason::Fragmented: return "Fragmented";
    case Reason::Reserved: return "Reserved";
    case Reason::NoTier: return "NoTier";
    case Reason::BudgetSpent: return "BudgetSpent";
    case Reason::PromisedOut: return "PromisedOut";
    case Reason::Policy: return "Policy";
    case Reason::NoReservation: return "NoReservation";
    case Reason::AwaitsReservation: return "AwaitsReservation";
    case Reason::Behind: return "Behind";
  }
  __builtin_unreachable();
}

std::string_view name_of(Rejected::What what) {
  switch (what) {
    case Rejected::What::Devices: return "Devices";
    case Rejected::What::Node: return "Node";
    case Rejected::What::Domain: return "Domain";
    case Rejected::What::Victims: return "Victims";
  }
  __builtin_unreachable();
}

std::string_view name_of(Rejected::Why why) {
  switch (why) {
    case Rejected::Why::Unavailable: return "Unavailable";
    case Rejected::Why::Dearer: return "Dearer";
    case Rejected::Why::Later: return "Later";
    case Rejected::Why::Worse: return "Worse";
    case Rejected::Why::NotAllowed: return "NotAllowed";
  }
  __builtin_unreachable();
}

}  // namespace berth::sched
