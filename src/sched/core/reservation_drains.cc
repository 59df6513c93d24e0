#include "sched/core/reservation_drains.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "sched/core/agenda.h"
#include "sched/time/profile.h"

namespace berth::sched {
namespace {

class Draining {
 public:
  Draining(World& world, Instant now, Bookings& made) : world_(world), now_(now), made_(made) {}

  void run() {
    for (const auto& [node, agenda] : agendas_of(world_, made_.plans, now_)) {
      for (const Agenda::Holding& holding : agenda.holdings()) {
        if (holding.is_promised && holding.release.ends > now_) soon(holding.release.ends);
      }
      for (const Agenda::Leaving& one : agenda.leaving()) {
        const auto [at, is_new] = leaving_.try_emplace(
            one.holding->held->facts.source, Leaving{one.holding->held, Instant::max(), {}});
        if (!is_new && at->second.by <= one.by) continue;  // for another node, earlier
        at->second.by = one.by;
        at->second.reservation = owner_of(agenda, one.by);
      }
    }
    for (const auto& [source, one] : leaving_) drain(one.reservation, one.by, *one.held);
    for (const auto& [uid, plan] : made_.plans) {
      for (const Booking& booking : plan.bookings) {
        if (booking.window.from > now_) make_room(plan, booking);
      }
    }
    for (auto& [key, victims] : victims_) {
      std::sort(victims.begin(), victims.end(),
                [](const Victim& a, const Victim& b) { return a.id < b.id; });
      made_.drains.push_back({key.second, key.first, std::move(victims)});
    }
  }

 private:
  void soon(Instant at) {
    if (at > now_) made_.next = std::min(made_.next, at);
  }

  std::string owner_of(const Agenda& agenda, Instant by) const {
    const auto at = std::find_if(
        agenda.entries().begin(), agenda.entries().end(),
        [&](const Agenda::Entry& entry) { return std::max(now_, entry.window.from) == by; });
    return at == agenda.entries().end() ? std::string() : at->reservation;
  }

  // Now or, when it is early still, at its time.
  void drain(const std::string& reservation, Instant by, const World::Held& held) {
    if (!going_.insert(&held).second) return;
    const Run& run = *held.facts.run;
    const Millis ahead = run.grace + world_.settings().reservations.drain_margin;
    const Instant not_before = later(run.job.started, run.job.min_runtime);
    const Instant due = by <= now_ ? now_ : std::max(by - ahead, not_before);
    if (due > now_) return soon(due);
    victims_[{by, reservation}].push_back(
        {run.job.id, run.job.devices, preemption_cost(run.job, now_).total()});
  }

  struct Leaving {
    const World::Held* held = nullptr;
    Instant by;
    std::string reservation;
  };
  struct Candidate {
    const World::Held* held = nullptr;
    int rank = 0;  // of its own quota, of one that borrows, of others
    int64_t cost = 0;
  };

  // The quota has to grant it at the start: who is not surely gone by then gives way until it does.
  void make_room(const ReservationPlan& plan, const Booking& booking) {
    const Instant at = booking.window.from;
    if (at - now_ > kLongestDrain) return soon(at - kLongestDrain);
    QuotaTree tree = tree_at(world_, made_.plans, at, now_, false);
    for (const World::Held* held : going_) use(tree, *held, -1);
    const auto refusal = [&] {
      return tree.refuses(*plan.facts.quota, plan.facts.device_class, 0);
    };
    if (!refusal()) return;
    std::vector<const World::Held*> taken;
    for (const Candidate& candidate : candidates(plan, at, tree)) {
      if (!refusal()) break;
      use(tree, *candidate.held, -1);
      taken.push_back(candidate.held);
    }
    if (refusal()) return;  // giving way would not help
    std::reverse(taken.begin(), taken.end());
    for (const World::Held* held : taken) {
      use(tree, *held, +1);
      if (!refusal()) continue;  // not needed
      use(tree, *held, -1);
      drain(plan.facts.uid, at, *held);
    }
  }

  std::vector<Candidate> candidates(const ReservationPlan& plan, Instant at,
                                    const QuotaTree& tree) const {
    std::vector<Candidate> found;
    for (const auto& [source, held] : world_.holders()) {
      const Release release = release_of(world_, held, now_);
      if (release.ends_by(at) || !release.by(at, now_) || going_.contains(&held)) continue;
      const auto& charges = held.facts.charges;
      if (charges.empty() || charges.front().device_class != plan.facts.device_class) continue;
      if (charges.front().kind != ChargeKind::Admitted) continue;
      const QuotaId& quota = charges.front().quota;
      const bool borrows = tree.borrowed(quota, plan.facts.device_class) > 0;
      found.push_back({&held,
                       quota == *plan.facts.quota ? 0
                       : borrows                  ? 1
                                                  : 2,
                       preemption_cost(held.facts.run->job, now_).total()});
    }
    std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
      return std::tie(a.rank, a.cost) < std::tie(b.rank, b.cost);
    });
    return found;
  }

  void use(QuotaTree& tree, const World::Held& held, int64_t sign) const {
    for (const Charge& charge : held.facts.charges) world_.count_in(tree, charge, sign);
  }

  World& world_;
  Instant now_;
  Bookings& made_;
  std::map<std::string, Leaving> leaving_;  // by source
  std::set<const World::Held*> going_;      // told now or later
  std::map<std::pair<Instant, std::string>, std::vector<Victim>> victims_;
};

}  // namespace

void add_drains(World& world, Instant now, Bookings& made) { Draining(world, now, made).run(); }

}  // namespace berth::sched
