#include <gtest/gtest.h>

#include <random>

#include "sched/core/agenda.h"
#include "sched/core/book_reservations.h"
#include "sched/core/testing/scene.h"
#include "sched/time/profile.h"

// Random work and reservations in a small simulation: what is booked is honoured.
namespace berth::sched::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kNodes = 4;

class Honoured : public ::testing::TestWithParam<uint64_t> {
 protected:
  Honoured() : random_(GetParam()) {
    world_.set_tiers({{"Premium", {.order = 0}},
                      {"Standard", {.order = 10, .preemptible = true, .min_runtime = minutes{10}}},
                      {"Spot", {.order = 20, .preemptible = true}}});
    for (int i = 0; i < kNodes; ++i) {
      Node node{.id = {"", "n" + std::to_string(i)}, .device_class = kGpu, .devices = 8};
      node.room = {64'000, 1LL << 40};
      node.workers = 110;
      node.labels["rack"] = i < 2 ? "r0" : "r1";
      world_.set_node(node);
    }
    world_.set_quotas({quota("blue", 16, 16), quota("green", 12, 20), quota("red", 4, 28)});
  }

  static Quota quota(const std::string& name, int64_t guaranteed, int64_t borrowing) {
    return {.id = {name}, .limits = {{kGpu, {.guaranteed = guaranteed, .borrowing = borrowing}}}};
  }
  int64_t up_to(int64_t most) { return static_cast<int64_t>(random_() % (most + 1)); }
  template <size_t n>
  const char* one_of(const char* const (&names)[n]) {
    return names[random_() % n];
  }

  void ask() {
    static constexpr const char* kQuotas[] = {"blue", "green", "red"};
    static constexpr const char* kTiers[] = {"Premium", "Standard", "Spot"};
    Ask made{.id = {"job" + std::to_string(jobs_)}, .name = "team/" + std::to_string(jobs_)};
    ++jobs_;
    made.quota = QuotaId{one_of(kQuotas)};
    made.tier = one_of(kTiers);
    made.created = now_;
    made.alternatives = {{kGpu, std::vector<int64_t>(1 + up_to(1), 1 + up_to(7))}};
    made.rooms.assign(made.alternatives[0].counts.size(), {1'000, 1 << 20});
    made.grace = seconds{up_to(60)};
    made.preemptions_left = up_to(5) == 0 ? 0 : 100;
    if (up_to(2) > 0) made.max_runtime = minutes{5 + up_to(200)};
    if (up_to(3) == 0 && !wanted_.empty()) {
      const Reservation& used = wanted_[random_() % wanted_.size()];
      made.reservation = used.uid;
      made.quota = used.quota;
    }
    made.shape = shape_of(made);
    waiting_.push_back(std::move(made));
  }

  void reserve() {
    static constexpr const char* kQuotas[] = {"blue", "green", "red"};
    const std::string name = std::to_string(wanted_.size());
    Reservation made{
        .uid = "res" + name, .name = "team/" + name, .quota = QuotaId{one_of(kQuotas)}};
    made.device_class = kGpu;
    made.count = 1 + up_to(11);
    if (up_to(3) == 0) {
      made.cells = Cells{"rack", 1 + up_to(1), 1 + up_to(3)};
      made.count = made.cells->count * made.cells->devices;
    }
    made.duration = minutes{30 + up_to(120)};
    made.created = now_;
    made.allow_backfill = up_to(2) > 0;
    if (up_to(3) > 0) {
      made.when = Recurring{.start = now_ + seconds{up_to(6 * 3600)}, .duration = made.duration};
      if (up_to(1) == 0) made.when->every = Every::Day;
    }
    wanted_.push_back(std::move(made));
  }

  void start(const Admit& admit) {
    const auto at = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&](const Ask& ask) { return ask.id == admit.id; });
    ASSERT_NE(at, waiting_.end());
    Holder holder{.source = admit.id.uid};
    int64_t devices = 0;
    for (size_t i = 0; i < admit.nodes.size(); ++i) {
      holder.charges.push_back(
          {admit.nodes[i], kGpu, admit.counts[i], at->rooms[i], ChargeKind::Admitted, admit.quota});
      devices += admit.counts[i];
    }
    const Tier& tier = world_.tier(at->tier);
    sched::Run run{.tier = at->tier, .grace = at->grace};
    run.job = {.id = at->id, .devices = devices, .started = now_};
    run.job.preemptible = tier.preemptible;
    run.job.min_runtime = tier.min_runtime;
    run.job.preemptions_left = at->preemptions_left;
    const Millis runs = at->max_runtime ? minutes{1 + up_to(at->max_runtime->count() / 60'000 - 1)}
                                        : Millis(minutes{5 + up_to(900)});
    run.ends = now_ + runs;
    // The worst that may be: it goes at its limit, and takes its grace period for that.
    if (at->max_runtime) run.ends_surely = now_ + *at->max_runtime + at->grace;
    ends_.emplace(admit.id.uid, up_to(2) == 0 && at->max_runtime ? run.ends_surely : run.ends);
    holder.run = run;
    holder.reservation = at->reservation.value_or("");
    world_.set_holder(std::move(holder));
    waiting_.erase(at);
  }

  // It is gone when its grace period is over.
  void tell_to_go(const Victim& victim) {
    Holder holder = world_.holders().at(victim.id.uid).facts;
    EXPECT_TRUE(holder.run->job.preemptible) << victim.id.uid;
    EXPECT_GE(now_ - holder.run->job.started, holder.run->job.min_runtime);
    const Instant gone = std::min(ends_.at(victim.id.uid), now_ + holder.run->grace);
    holder.run->ends_surely = gone;
    holder.run->job.preemptible = false;
    ends_[victim.id.uid] = gone;
    going_.insert(victim.id.uid);
    world_.set_holder(std::move(holder));
  }

  void turn() {
    for (auto at = ends_.begin(); at != ends_.end();) {
      const bool is_over = at->second <= now_;
      if (is_over) world_.remove_holder(at->first);
      at = is_over ? ends_.erase(at) : std::next(at);
    }
    Bookings made = plan_reservations(world_, wanted_, now_);
    check_kept(made);
    world_.set_reservations(made.plans);
    next_ = made.next;
    for (const Drain& drain : made.drains) {
      for (const Victim& victim : drain.victims) tell_to_go(victim);
    }
    check_starts();
    std::vector<const Ask*> asks;
    for (const Ask& ask : waiting_) asks.push_back(&ask);
    for (const Decision& decision : run_pass(world_, asks, now_)) {
      if (const auto* admit = std::get_if<Admit>(&decision)) start(*admit);
      if (const auto* preempt = std::get_if<Preempt>(&decision)) {
        for (const Victim& victim : preempt->victims) {
          world_.remove_holder(victim.id.uid);
          ends_.erase(victim.id.uid);
        }
        start(preempt->placement);
      }
      // Who has just started may have to leave soon: it is to be planned anew.
      if (!std::holds_alternative<Hold>(decision)) next_ = now_ + Millis{1};
      check_promises(decision);
      if (HasFailure()) return;
    }
    check_nodes();
  }

  // Every decision leaves enough free on each node for what is booked there.
  void check_promises(const Decision& decision) {
    if (std::holds_alternative<Hold>(decision)) return;
    for (const auto& [node, agenda] : agendas_of(world_, world_.reservations(), now_)) {
      int64_t free = 8;
      for (const Agenda::Holding& holding : agenda.holdings()) {
        // Who was late to be told is on its way.
        if (!going_.contains(holding.held->facts.source)) free -= holding.devices;
      }
      EXPECT_LE(agenda.keeps(sees_nothing), free)
          << node.name << " at " << now_.time_since_epoch().count() << " after "
          << Scene::line(decision);
    }
  }

  // What was booked for a window that is to come stays booked: nothing was lost here.
  void check_kept(const Bookings& made) {
    for (const auto& [uid, plan] : world_.reservations()) {
      const ReservationPlan& then = made.plans.at(uid);
      for (const Booking& booking : plan.bookings) {
        if (booking.window.until <= now_ || (!plan.facts.when && booking.window.from > now_)) {
          continue;
        }
        const bool is_kept =
            std::find(then.bookings.begin(), then.bookings.end(), booking) != then.bookings.end();
        EXPECT_TRUE(is_kept) << uid << " at " << now_.time_since_epoch().count() << ": "
                             << then.message;
        EXPECT_EQ(booking.total(), plan.facts.count) << uid;
      }
    }
  }

  int64_t held_by_others(const NodeId& node, const std::string& reservation, bool only_fixed) {
    int64_t sum = 0;
    for (const auto& [source, held] : world_.holders()) {
      if (held.facts.reservation == reservation) continue;
      const RunningJob& job = held.facts.run->job;
      // Who surely ends within a grace period is as good as who is told to go.
      const sched::Run& run = *held.facts.run;
      const bool goes = going_.contains(source) || !unpreemptible(job, now_) ||
                        run.ends_surely <= now_ + run.grace;
      if (only_fixed && goes) continue;
      for (const Charge& charge : held.facts.charges) {
        if (charge.node == node) sum += charge.devices;
      }
    }
    return sum;
  }

  // To the second: the devices are free at the start of a window that was booked before.
  void check_starts() {
    for (const auto& [uid, plan] : world_.reservations()) {
      for (const Booking& booking : plan.bookings) {
        if (booking.window.from != now_ || !was_booked_.contains({uid, now_})) continue;
        ++honoured_;
        for (const auto& [node, devices] : booking.devices) {
          EXPECT_LE(held_by_others(node, uid, false), 8 - devices) << uid << " on " << node.name;
        }
      }
      for (const Booking& booking : plan.bookings) {
        if (booking.window.from > now_) was_booked_.insert({uid, booking.window.from});
      }
    }
  }

  // Less what its users hold, who are counted as others.
  int64_t booked_beside(const NodeId& node, const std::string& but) {
    int64_t sum = 0;
    for (const auto& [uid, plan] : world_.reservations()) {
      const Booking* booking = plan.active(now_);
      if (uid == but || booking == nullptr || !booking->devices.contains(node)) continue;
      int64_t owed = booking->devices.at(node);
      for (const auto& [source, held] : world_.holders()) {
        if (held.facts.reservation != uid) continue;
        for (const Charge& charge : held.facts.charges) {
          if (charge.node == node) owed -= charge.devices;
        }
      }
      sum += std::max<int64_t>(0, owed);
    }
    return sum;
  }

  // During windows only who gives way at once holds what is not his.
  void check_nodes() {
    for (const auto& [uid, plan] : world_.reservations()) {
      const Booking* booking = plan.active(now_);
      if (booking == nullptr) continue;
      for (const auto& [node, devices] : booking->devices) {
        EXPECT_LE(held_by_others(node, uid, true) + booked_beside(node, uid), 8 - devices)
            << uid << " on " << node.name << " at " << now_.time_since_epoch().count();
      }
    }
    for (const char* name : {"blue", "green", "red"}) {
      const auto limit = world_.tree().limits({name}).at(kGpu);
      int64_t reserved = 0;
      for (const auto& [uid, plan] : world_.reservations()) {
        const Booking* booking = plan.active(now_);
        if (booking == nullptr || plan.facts.quota->name != name) continue;
        reserved += booking->total() - std::min(booking->total(), users(uid));
      }
      EXPECT_LE(world_.tree().used(QuotaId{name}, kGpu) + reserved,
                limit.guaranteed + limit.borrowing)
          << name;
    }
  }

  int64_t users(const std::string& uid) {
    int64_t sum = 0;
    for (const auto& [source, held] : world_.holders()) {
      if (held.facts.reservation != uid) continue;
      for (const Charge& charge : held.facts.charges) sum += charge.devices;
    }
    return sum;
  }

  World world_;
  std::mt19937_64 random_;
  Instant now_ = at_hour(1'000);
  Instant next_ = Instant::max();
  std::vector<Ask> waiting_;
  std::vector<Reservation> wanted_;
  std::map<std::string, Instant> ends_;
  std::set<std::string> going_;  // told to
  std::set<std::pair<std::string, Instant>> was_booked_;
  int jobs_ = 0;
  int honoured_ = 0;
};

TEST_P(Honoured, WhatIsBookedIsFreeAtItsStartAndItsUsersOwnUntilItsEnd) {
  const Instant end = now_ + hours{40};
  Instant next_ask = now_;
  Instant next_reservation = now_;
  while (now_ < end) {
    if (now_ >= next_ask) {
      ask();
      next_ask = now_ + seconds{up_to(900)};
    }
    if (now_ >= next_reservation) {
      if (wanted_.size() < 10) reserve();
      next_reservation = now_ + minutes{up_to(300)};
    }
    turn();
    if (HasFailure()) return;
    Instant next = std::min({next_ask, next_reservation, next_});
    for (const auto& [source, at] : ends_) next = std::min(next, at);
    now_ = std::max(now_ + Millis{1}, next);
  }
  EXPECT_GT(honoured_, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Honoured, ::testing::Range<uint64_t>(0, 40));

}  // namespace
}  // namespace berth::sched::testing
