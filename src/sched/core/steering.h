#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sched/core/trial.h"
#include "sched/core/why.h"
#include "sched/decision.h"

namespace berth::sched {

// What the policies make of the work of one pass: where a gang may be, where it should rather be,
// and why it is held if that is why. Without policies nothing of it costs anything.
//
// What depends on where other work is (affinity) counts what holds devices when the pass begins and
// what the pass has admitted so far; work that has to give way in the pass counts as still there.
class Steering {
 public:
  explicit Steering(World& world);

  bool is_idle() const { return !book_.has_enforced(); }
  // Nothing when no policy has anything to say.
  const Rules* rules(const Ask& ask, const Alternative& wants);
  // A small number; asks of one shape and one number fare alike.
  uint64_t profile(const Ask& ask);

  // Bounds the gang, and says what is preferred. What the gang points to is good until the next
  // call for an ask.
  void steer(const Ask& ask, const Alternative& wants, Gang& gang);
  // The same for work that runs and has to find another place.
  void steer(const World::Held& held, Gang& gang);

  // No node of the class meets one of the policies.
  std::optional<Hold> unmet(const Ask& ask, const Alternative& wants);
  // The gang has no place, but would have one if there were no policies; `bare` is the gang
  // without what they say of it.
  std::optional<Hold> blamed(Trial& trial, const Ask& ask, const Alternative& wants,
                             const Stock& stock, const Gang& bare);

  // Work that this pass starts there. True when that may matter to work that was held.
  bool admitted(const Ask& ask, const std::vector<Spot>& spots);

  // Whether a node meets an affinity now; `own` are the labels of the work itself.
  bool is_met(const AffinityTerm& term, const Labels& own, NodeIndex node) {
    return met(term, own).at(node);
  }

 private:
  // What a gang's spans point to where it is not what was compiled.
  struct Lists {
    std::vector<NodeIndex> allowed;
    std::vector<std::vector<NodeIndex>> ranks;
  };
  struct Started {
    Labels labels;
    std::vector<Spot> spots;
  };
  using Place = std::pair<Labels, std::string>;  // labels of others, level
  // Domains of the level in which work with the labels holds devices.
  struct Occupied {
    const DomainNumbers* numbers = nullptr;
    std::vector<char> has;  // by number of the domain
    size_t count = 0;
    bool is_required = false;  // somebody may have to wait for what is here
  };
  // Whether nodes meet an affinity now.
  struct Met {
    const DomainNumbers* numbers = nullptr;
    Occupied* others = nullptr;  // nullptr: there are none like it
    bool is_away = false;
    bool is_first = false;  // of its kind: it need not wait for itself
    bool at(NodeIndex node) const;
  };
  // Rules, and of each of their affinities which others count and whether the work would be the
  // first of its kind.
  using Live = std::pair<const Rules*, std::vector<std::pair<const Occupied*, bool>>>;

  void apply(const Rules& rules, const Labels& own, Gang& gang, Lists& lists);
  const Lists& live(const Rules& rules, const Labels& own);
  // Where work is whose labels are those. Cost: O(holders), once per pass and term.
  Occupied& occupied(const AffinityTerm& term, const Labels& kind);
  void count_holders(const AffinityTerm& term);
  Occupied& occupied_at(Place place);
  static void occupy(const Place& place, const Labels& labels, const std::vector<Spot>& spots,
                     Occupied& occupied);
  Met met(const AffinityTerm& term, const Labels& own);
  std::string names_of(const Rules& rules) const;

  World& world_;
  PolicyBook& book_;
  Lists for_ask_;
  Lists for_held_;
  std::map<Place, Occupied> occupied_;
  std::set<std::pair<Place, std::set<std::string>>> counted_;  // terms: place, keys
  std::vector<Started> started_;
  std::map<Live, Lists> live_;  // until others start where it matters
  // Of the ask that was looked at last: the next one is mostly like it.
  const Ask* last_ = nullptr;
  uint64_t last_profile_ = 0;
  std::map<std::pair<std::vector<const Rules*>, Labels>, uint64_t> profiles_;
};

WorkView view_of(const Ask& ask, const Alternative& wants);

}  // namespace berth::sched
