#pragma once
#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "sched/core/world.h"
#include "sched/decision.h"
#include "sched/ids.h"
#include "sched/policy/policy.h"

// How ids and enums are written: as text.
namespace berth::decisionlog {

template <class T>
concept Named = std::same_as<T, sched::NodeId> || std::same_as<T, sched::QuotaId> ||
    std::same_as<T, sched::WorkloadId>;

// "NODE" of this cluster, "CLUSTER/NODE" of another.
std::string text_of(const sched::NodeId& id);
inline std::string text_of(const sched::QuotaId& id) { return id.name; }
inline std::string text_of(const sched::WorkloadId& id) { return id.uid; }
void read_text(const std::string& text, sched::NodeId& id);
inline void read_text(const std::string& text, sched::QuotaId& id) { id.name = text; }
inline void read_text(const std::string& text, sched::WorkloadId& id) { id.uid = text; }

inline const std::string& key_text(const std::string& key) { return key; }
inline std::string key_text(const Named auto& id) { return text_of(id); }
inline void read_text(const std::string& text, std::string& key) { key = text; }

inline std::string_view enum_name(sched::ChargeKind kind) {
  switch (kind) {
    case sched::ChargeKind::Admitted: return "Admitted";
    case sched::ChargeKind::Unadmitted: return "Unadmitted";
    case sched::ChargeKind::Unmanaged: return "Unmanaged";
  }
  __builtin_unreachable();
}
inline std::string_view enum_name(sched::Ordering ordering) {
  return ordering == sched::Ordering::Fair ? "Fair" : "Fifo";
}
inline std::string_view enum_name(sched::VictimOrder order) {
  return order == sched::VictimOrder::LeastLost ? "LeastLost" : "NewestFirst";
}
inline std::string_view enum_name(sched::Every every) {
  switch (every) {
    case sched::Every::Once: return "Once";
    case sched::Every::Day: return "Day";
    case sched::Every::Week: return "Week";
  }
  __builtin_unreachable();
}
inline std::string_view enum_name(sched::ReservationFault fault) { return name_of(fault); }
inline std::string_view enum_name(sched::Comparison comparison) {
  switch (comparison) {
    case sched::Comparison::In: return "In";
    case sched::Comparison::NotIn: return "NotIn";
    case sched::Comparison::Exists: return "Exists";
    case sched::Comparison::DoesNotExist: return "DoesNotExist";
  }
  __builtin_unreachable();
}
inline std::string_view enum_name(sched::Reason reason) { return name_of(reason); }
inline std::string_view enum_name(sched::Rejected::What what) { return name_of(what); }
inline std::string_view enum_name(sched::Rejected::Why why) { return name_of(why); }

template <class E>
inline constexpr std::array kEnum = {E{}};
template <>
inline constexpr std::array kEnum<sched::ChargeKind> = {
    sched::ChargeKind::Admitted, sched::ChargeKind::Unadmitted, sched::ChargeKind::Unmanaged};
template <>
inline constexpr std::array kEnum<sched::Ordering> = {sched::Ordering::Fair, sched::Ordering::Fifo};
template <>
inline constexpr std::array kEnum<sched::VictimOrder> = {sched::VictimOrder::LeastLost,
                                                         sched::VictimOrder::NewestFirst};
template <>
inline constexpr std::array kEnum<sched::Every> = {sched::Every::Once, sched::Every::Day,
                                                   sched::Every::Week};
template <>
inline constexpr std::array kEnum<sched::ReservationFault> = {
    sched::ReservationFault::Nothing,      sched::ReservationFault::Invalid,
    sched::ReservationFault::NoQuota,      sched::ReservationFault::OverQuota,
    sched::ReservationFault::NoSuchDevice, sched::ReservationFault::NoCapacity};
template <>
inline constexpr std::array kEnum<sched::Comparison> = {
    sched::Comparison::In, sched::Comparison::NotIn, sched::Comparison::Exists,
    sched::Comparison::DoesNotExist};
template <>
inline constexpr std::array kEnum<sched::Reason> = sched::kReasons;
template <>
inline constexpr std::array kEnum<sched::Rejected::What> = sched::kRejectedWhats;
template <>
inline constexpr std::array kEnum<sched::Rejected::Why> = sched::kRejectedWhys;

}  // namespace berth::decisionlog
