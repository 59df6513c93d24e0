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

}  // namespace berth::sched
