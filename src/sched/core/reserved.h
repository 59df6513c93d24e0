#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sched/core/agenda.h"
#include "sched/core/trial.h"
#include "sched/decision.h"

namespace berth::sched {

// What is booked by reservations, during one pass: kept from all who may not have it. Costs nothing
// where nothing is booked.
//
//   users     placed on what is booked for theirs while its window lasts, and nowhere else
//   others    before the window, who surely ends in time; with allowBackfill also who gives way,
//             before the window in time for its start, during it as soon as a user comes
class Reserved {
 public:
  // Takes what is kept in the trial, and charges the windows that are there in `tree`.
  Reserved(World& world, Trial& trial, QuotaTree& tree, Instant now);

  bool is_empty() const { return agendas_.empty(); }
  // Something is booked on a node on which it holds devices.
  bool concerns(const World::Held& held) const;

  // Why the quota may not be used up: at the start of a window it is needed for that.
  std::optional<Hold> keeps_quota(const Ask& ask, const Alternative& wants) const;
  // Whether it uses a reservation, and whether that is there for it.
  std::optional<Hold> refuses_user(const Ask& ask) const;
  // The alternative of the reservation's class.
  const Alternative* wanted_by_user(const Ask& ask) const;

  // Places a gang of others on devices that are booked and may be had meanwhile.
  std::optional<std::vector<Spot>> place_meanwhile(const Ask& ask, const Alternative& wants,
                                                   const Gang& gang);
  // Places a gang of users; on success the charge of the reservation is that much less.
  std::optional<std::vector<Spot>> place_user(const Ask& ask, Gang gang);
  // The same where others have to give way that are there meanwhile; they are lifted.
  struct Cleared {
    std::vector<Spot> spots;
    std::vector<const World::Held*> victims;
  };
  std::optional<Cleared> clear_for_user(const Ask& ask, Gang gang);
  Hold no_room_for_user(const Ask& ask, const Alternative& wants) const;

  // Work that starts in this pass, on these spots.
  void started(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots);
  void gone(const World::Held* held);

 private:
  struct Kept {
    Agenda agenda;
    std::optional<Spot> spot;  // taken in the trial
  };
  struct Moment {  // the start of a window
    Instant at;
    QuotaTree drained;  // with all who can give way by then gone
    // With those gone who end by themselves; of starts that are near.
    std::optional<QuotaTree> left;
    const QuotaTree& seen_by(const Release& release, Instant now) const;
  };

  using Spots = std::map<NodeIndex, std::optional<Spot>>;
  const ReservationPlan* plan_of(const Ask& ask) const;
  bool is_user_at(const Ask& ask, Instant at) const;
  bool gives_up_by(const Release& release, Instant at) const;
  Agenda::Sees sight_of(const Ask& ask, const Agenda& agenda) const;
  void take(NodeIndex node, int64_t devices);
  void keep(NodeIndex node, const Agenda::Sees& sees);
  void drop(NodeIndex node);
  void refresh(NodeIndex node);
  void note_promises(NodeIndex node);
  Spots agendas_spots() const;
  void put_back(Trial::Mark mark, const Spots& spots);
  void open_for_user(const Ask& ask, Gang& gang);
  bool is_within_booking(const Ask& ask, const Cleared& cleared);

  World& world_;
  Trial& trial_;
  QuotaTree& tree_;
  Instant now_;
  std::map<NodeIndex, Kept> agendas_;
  std::vector<Moment> moments_;
  std::vector<NodeIndex> allowed_;  // of the gang looked at last
  std::vector<std::vector<NodeIndex>> ranks_;
  std::set<NodeIndex> opened_;  // where more is free than should be, until somebody starts
  CountedOn promises_;
};

}  // namespace berth::sched
