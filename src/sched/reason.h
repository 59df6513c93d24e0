#pragma once
#include <array>
#include <string_view>

namespace berth::sched {

// Why work is held.
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

}  // namespace berth::sched
