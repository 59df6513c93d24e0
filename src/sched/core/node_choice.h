#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sched/core/agenda.h"

namespace berth::sched {

// On which nodes a window is booked. What was booked before in the same planning has to be told.
class NodeChoice {
 public:
  NodeChoice(World& world, Instant now) : world_(world), now_(now) {}

  void booked(const NodeId& node, Agenda::Entry entry) { agenda(node).add(std::move(entry)); }
  // Devices of the reservation's class that it can have there for the whole window.
  int64_t free_on(const NodeId& node, const Reservation& one, const Occurrence& window,
                  Agenda::Terms terms);

  // Nodes for a whole window: those of before first; without that anybody gives way, if that is
  // possible; within a domain the tightest node that has room for all that is left, else the
  // largest. `is_strict`: not at all on devices that come free only on demand.
  // Where a region is given, all of them are there.
  using Region = std::optional<std::string>;
  std::optional<std::map<NodeId, int64_t>> choose(const Reservation& one, const Occurrence& window,
                                                  bool is_strict = false,
                                                  const Region& region = {});
  // As many more as there are for a booking that lost some.
  std::map<NodeId, int64_t> choose_more(const Reservation& one, const Booking& booking,
                                        const Region& region = {});
  // Instants, ascending from `from` or now on, at which devices of the class come free.
  std::vector<Instant> starts_for(const Reservation& one, Instant from, size_t most);

 private:
  struct Offer {
    NodeId node;
    int64_t devices = 0;
    bool was = false;  // booked for it before
  };
  Agenda& agenda(const NodeId& node);
  std::vector<Offer> offers(const Reservation& one, const Occurrence& window, Agenda::Terms terms,
                            const Region& region);
  // At most `need` devices.
  static std::map<NodeId, int64_t> pick(std::vector<Offer> offers, int64_t need);
  // The same in cells, of which `has` is there already.
  std::map<NodeId, int64_t> pick_cells(const Cells& cells, const std::vector<Offer>& offers,
                                       const std::map<NodeId, int64_t>& has);

  World& world_;
  Instant now_;
  std::map<NodeId, Agenda> agendas_;
};

}  // namespace berth::sched
