#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sched/decision.h"
#include "sched/ids.h"
#include "sched/time/calendar.h"

namespace berth::sched {

struct ReservationSettings {
  Millis horizon =
      std::chrono::days{7};       // windows that start within it are booked; always the next
  size_t most_windows = 8;        // of one reservation
  Millis release_margin{10'000};  // between the end of work and its devices being another's
  Millis drain_margin{30'000};    // before a grace period begins; at least release_margin
  bool operator==(const ReservationSettings&) const = default;
};

// Devices that lie close together: `count` domains of one level with so many devices in each.
struct Cells {
  std::string level;
  int64_t count = 1;
  int64_t devices = 1;
  bool operator==(const Cells&) const = default;
};

// Devices that a tenant wants set aside for a time.
struct Reservation {
  std::string uid;
  std::string name;              // "namespace/name"
  std::optional<QuotaId> quota;  // of its namespace
  DeviceClass device_class;
  int64_t count = 1;
  std::optional<Cells> cells;
  std::optional<Recurring> when;  // nothing: from the moment on at which it can be
  Millis duration{0};             // of one window
  bool allow_backfill = true;
  Instant created;
  bool operator==(const Reservation&) const = default;
};

// The devices that are set aside for one window. Fewer than asked for: capacity was lost.
struct Booking {
  Occurrence window;
  std::map<NodeId, int64_t> devices;
  int64_t total() const;
  bool operator==(const Booking&) const = default;
};

enum class ReservationFault {
  Nothing,
  Invalid,       // a calendar that is none, see Calendar::of
  NoQuota,       // its namespace belongs to no quota
  OverQuota,     // more than its tenant is guaranteed, or that is in use until after the start
  NoSuchDevice,  // no usable node has devices of the class
  NoCapacity,    // too few devices are free at its start, or can be made free until then
};
std::string_view name_of(ReservationFault fault);  // as in conditions

// What became of a reservation.
struct ReservationPlan {
  Reservation facts;
  std::optional<Occurrence> window;  // the one that is there, else the next; nothing: none comes
  std::vector<Booking> bookings;     // by time
  ReservationFault fault = ReservationFault::Nothing;  // of `window`
  std::string message;                                 // why, with numbers
  Instant possible = Instant::max();  // where there is a fault: when it could start; max: unknown
  bool is_expired = false;

  // The booking of the window that is there; null where there is none.
  const Booking* active(Instant now) const;
  // The booking of `window`.
  const Booking* current() const;
  bool operator==(const ReservationPlan&) const = default;
};

// Work that has to give way now so that a reservation has its devices at its start.
struct Drain {
  std::string reservation;      // UID
  Instant by;                   // when they have to be gone
  std::vector<Victim> victims;  // by id
  bool operator==(const Drain&) const = default;
};

}  // namespace berth::sched
