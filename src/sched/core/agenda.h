#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sched/core/world.h"

namespace berth::sched {

// Work that takes longer to go is never counted on to give way.
inline constexpr Millis kLongestDrain = std::chrono::hours{1};

// From when on a holder's devices can be had, for certain. Estimates have no place in here.
struct Release {
  Instant ends = Instant::max();  // by itself, the margin for going included
  bool gives_way = false;
  Instant not_before = Instant::min();  // may not be told to give way earlier
  Millis takes{0};                      // from being told to being gone, with the margin

  // Whether the devices are free at `at` if what is in our power is done. What should be free now
  // and is not counts where it gives way on demand.
  bool by(Instant at, Instant now) const;
  bool ends_by(Instant at) const { return ends <= at; }
};
Release release_of(const World& world, const World::Held& held, Instant now);
// Of work that would start now.
Release release_of(const World& world, const Ask& ask, Instant now);

// The devices of one node over time: who holds them until when, and what of them is booked.
//
// Invariant of everything that is booked, at every instant t from now on:
//
//   devices >= held by whom t does not find gone + booked at t, less what its own users hold
//
// It is enough to look at now and at the starts of windows: between them what is held only falls.
class Agenda {
 public:
  struct Holding {
    const World::Held* held = nullptr;  // nothing: started by this pass
    std::string reservation;            // that it uses
    int64_t devices = 0;
    Release release;
    int64_t cost = 0;          // of giving way
    bool is_promised = false;  // what it holds is counted on by a booking
  };
  struct Entry {
    std::string reservation;
    Occurrence window;
    int64_t devices = 0;
    bool allow_backfill = false;
  };
  struct Terms {
    bool may_drain = false;  // counts on work giving way before a later start
    bool on_demand = false;  // and for what starts now, on work giving way when a user comes
  };
  using Sees = std::function<bool(const Entry&)>;

  // `slack`: so much earlier than it has to, work has to be able to give way to be counted on.
  Agenda(World& world, const NodeId& node, Instant now, Millis slack = Millis{0});

  // The most devices that the reservation can have here for the whole window.
  int64_t free_for(const std::string& reservation, const Occurrence& window, Terms terms) const;
  void add(Entry entry) { entries_.push_back(std::move(entry)); }
  void add(Holding holding) { holdings_.push_back(std::move(holding)); }
  void gone(const World::Held* held);

  // Decides whose devices the bookings count on, so that as few free ones as possible have to be
  // kept: first those whose work surely ends, then what gives way at the least cost. `chosen` give
  // way already and cost nothing more. Exact in how few are kept for those who end.
  void promise(const std::set<const World::Held*>& chosen);
  // Free devices that have to stay free, but for the entries that `sees` is true of.
  int64_t keeps(const Sees& sees) const;
  // Who of those that are promised has to have given way at which start, since too few others end
  // by themselves; the cheapest first. Now, where devices belong to a window that nobody may
  // backfill.
  struct Leaving {
    const Holding* holding = nullptr;
    Instant by;
  };
  std::vector<Leaving> leaving() const;
  // What is booked for the reservation now and not held by its users.
  int64_t owed_now(const std::string& reservation) const;

  const std::vector<Holding>& holdings() const { return holdings_; }
  const std::vector<Entry>& entries() const { return entries_; }
  // A user of any window here: what it leaves is its reservation's again.
  bool uses_ever(const Holding& holding) const;

 private:
  Instant begin(const Entry& entry) const { return std::max(now_, entry.window.from); }
  static bool covers(const Entry& entry, Instant at) { return entry.window.holds(at); }
  bool uses_at(const Holding& holding, Instant at) const;
  bool frees(const Holding& holding, Instant at) const;
  int64_t owed(const Entry& entry, Instant at) const;
  int64_t lacks_soon(bool by_going) const;
  int64_t keeps_at(Instant at, const Sees& sees) const;
  int64_t closed_now(const Sees& sees) const;
  int64_t free_now() const;

  Instant now_;
  Millis slack_;
  Millis drain_margin_;
  int64_t devices_ = 0;
  std::vector<Holding> holdings_;
  std::vector<Entry> entries_;
};

inline bool sees_nothing(const Agenda::Entry&) { return false; }

// Of every node on which something is booked, with the promises made.
using Plans = std::map<std::string, ReservationPlan>;
std::map<NodeId, Agenda> agendas_of(World& world, const Plans& plans, Instant now,
                                    Millis slack = Millis{0});

// Devices of the node that have to stay free from now on, for windows that are there and that
// nobody may use meanwhile, but for those of the Reservation `own`, which may be empty.
int64_t kept_now(World& world, const NodeId& node, const std::string& own, Instant now);

}  // namespace berth::sched
