#include "sched/core/book_reservations.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "sched/core/agenda.h"
#include "sched/core/entitlement.h"
#include "sched/core/firm.h"
#include "sched/core/node_choice.h"
#include "sched/core/regions.h"
#include "sched/core/reservation_drains.h"
#include "sched/time/moment_text.h"
#include "sched/time/profile.h"

namespace berth::sched {
namespace {

constexpr size_t kMostStartsTried = 64;

class Booker {
 public:
  Booker(World& world, const std::vector<Reservation>& wanted, Instant now)
      : world_(world), now_(now), choice_(world, now) {
    for (const Reservation& one : wanted) order_.push_back(&one);
    std::sort(order_.begin(), order_.end(), [](const Reservation* a, const Reservation* b) {
      return std::tie(a->created, a->name, a->uid) < std::tie(b->created, b->name, b->uid);
    });
  }

  std::map<std::string, ReservationPlan> run() {
    for (const Reservation* one : order_) begin(*one);
    keep_booked(true);
    keep_booked(false);
    for (const Reservation* one : order_) refill(plans_.at(one->uid));
    for (const Reservation* one : order_) book(plans_.at(one->uid));
    return std::move(plans_);
  }

 private:
  using Region = NodeChoice::Region;

  const ReservationPlan* before(const Reservation& one) const {
    const auto at = world_.reservations().find(one.uid);
    return at == world_.reservations().end() ? nullptr : &at->second;
  }

  // The windows that are to be booked.
  void begin(const Reservation& one) {
    ReservationPlan& plan = plans_[one.uid];
    plan.facts = one;
    std::vector<Occurrence>& windows = windows_[one.uid];
    if (one.when) {
      const auto calendar = Calendar::of(*one.when);
      if (!calendar) return fail(plan, ReservationFault::Invalid, calendar.error().message);
      const ReservationSettings& settings = world_.settings().reservations;
      windows = calendar->within(now_, later(now_, settings.horizon), settings.most_windows);
      if (windows.empty()) {
        if (const auto next = calendar->next(now_)) windows.push_back(*next);
      }
      plan.is_expired = windows.empty();
    } else if (const ReservationPlan* was = before(one)) {
      begin_soonest(*was, plan, windows);
    }
    if (!windows.empty()) plan.window = windows.front();
  }

  // Without a start of its own, it has one once it has begun.
  void begin_soonest(const ReservationPlan& was, ReservationPlan& plan,
                     std::vector<Occurrence>& windows) const {
    plan.is_expired = was.is_expired && was.facts == plan.facts;
    if (plan.is_expired) plan.window = was.window;
    if (plan.is_expired || was.bookings.empty()) return;
    const Instant from = was.bookings.front().window.from;
    if (from > now_) return;
    const Occurrence window{from, later(from, plan.facts.duration)};
    plan.window = window;
    plan.is_expired = window.until <= now_;
    if (!plan.is_expired) windows = {window};
  }

  void fail(ReservationPlan& plan, ReservationFault fault, std::string message) const {
    plan.fault = fault;
    plan.message = std::move(message);
  }

  // What was booked stays, as far as it is still there.
  void keep_booked(bool is_active) {
    for (const Reservation* one : order_) {
      const ReservationPlan* was = before(*one);
      ReservationPlan& plan = plans_.at(one->uid);
      if (was == nullptr || !one->quota || was->facts.quota != one->quota ||
          was->facts.device_class != one->device_class || was->facts.cells != one->cells) {
        continue;
      }
      for (const Occurrence& window : windows_.at(one->uid)) {
        const auto booked =
            std::find_if(was->bookings.begin(), was->bookings.end(),
                         [&](const Booking& b) { return b.window.from == window.from; });
        if (booked == was->bookings.end() || window.holds(now_) != is_active) continue;
        if (const auto no = beyond_guarantee(*one, window)) {
          if (window == *plan.window) fail(plan, ReservationFault::OverQuota, *no);
          continue;
        }
        keep(plan, *booked, window);
      }
    }
  }

  void keep(ReservationPlan& plan, const Booking& booked, const Occurrence& window) {
    Booking kept{window, {}};
    int64_t wanted = plan.facts.count;
    for (const auto& [node, devices] : booked.devices) {
      const int64_t free = choice_.free_on(node, plan.facts, window, {true, true});
      const int64_t here = std::min({devices, free, wanted});
      if (here <= 0) continue;
      kept.devices[node] = here;
      wanted -= here;
    }
    if (!kept.devices.empty()) add(plan, std::move(kept));
  }

  void add(ReservationPlan& plan, Booking booking) {
    for (const auto& [node, devices] : booking.devices) {
      choice_.booked(node, {plan.facts.uid, booking.window, devices, plan.facts.allow_backfill});
    }
    const auto after = std::upper_bound(
        plan.bookings.begin(), plan.bookings.end(), booking.window.from,
        [](Instant from, const Booking& other) { return from < other.window.from; });
    plan.bookings.insert(after, std::move(booking));
  }

  // Whoever lost devices gets others, as many as there are.
  void refill(ReservationPlan& plan) {
    for (Booking& booking : plan.bookings) {
      const int64_t lacks = plan.facts.count - booking.total();
      if (lacks <= 0) continue;
      // Where its tenant is bound to regions, a booking is in one.
      Region region;
      if (is_bound(plan.facts)) region = world_.region_of(booking.devices.begin()->first);
      const auto more = choice_.choose_more(plan.facts, booking, region);
      for (const auto& [node, devices] : more) {
        booking.devices[node] += devices;
        choice_.booked(node, {plan.facts.uid, booking.window, devices, plan.facts.allow_backfill});
      }
      if (booking.total() == plan.facts.count || booking.window != plan.window) continue;
      fail(plan, ReservationFault::NoCapacity,
           "has " + std::to_string(booking.total()) + " of " + wants(plan.facts) + " from " +
               text_of(booking.window.from) + " on, the others were lost");
    }
  }

  void book(ReservationPlan& plan) {
    if (plan.is_expired || plan.fault == ReservationFault::Invalid) return;
    if (!plan.facts.quota) {
      return fail(plan, ReservationFault::NoQuota,
                  "the namespace of " + plan.facts.name + " belongs to no Quota");
    }
    if (!plan.facts.when && plan.bookings.empty()) return book_soonest(plan);
    for (const Occurrence& window : windows_.at(plan.facts.uid)) {
      const bool is_booked = std::any_of(plan.bookings.begin(), plan.bookings.end(),
                                         [&](const Booking& b) { return b.window == window; });
      if (is_booked) continue;
      const auto [fault, message] = try_book(plan, window);
      if (fault == ReservationFault::Nothing || window != plan.window) continue;
      if (plan.fault == ReservationFault::Nothing) fail(plan, fault, message);
      if (fault == ReservationFault::NoCapacity) plan.possible = soonest(plan, window.from).from;
    }
  }

  void book_soonest(ReservationPlan& plan) {
    const Occurrence window = soonest(plan, now_);
    if (window.from == Instant::max()) {
      const auto [fault, message] = try_book(plan, {now_, later(now_, plan.facts.duration)});
      return fail(plan, fault, message);
    }
    plan.window = window;
    try_book(plan, window);
  }

  using Tried = std::pair<ReservationFault, std::string>;
  Tried try_book(ReservationPlan& plan, const Occurrence& window) {
    Tried why;
    for (const Region& region : regions_for(plan.facts)) {
      Tried tried = try_book(plan, window, region);
      if (tried.first == ReservationFault::Nothing) return tried;
      if (why.first == ReservationFault::Nothing) why = std::move(tried);
    }
    return why;
  }

  bool is_bound(const Reservation& one) const {
    const QuotaTree& tree = world_.tree();
    const auto leaf = tree.find(*one.quota);
    const auto of = tree.find_class(one.device_class);
    return leaf && of && tree.is_bound(*leaf, *of);
  }

  // Those that the tenant may use, by name, where any is limited; else the one of wherever it is.
  std::vector<Region> regions_for(const Reservation& one) const {
    std::vector<Region> regions;
    if (is_bound(one)) {
      for (const auto& [region, devices] : world_.usable_in(one.device_class)) {
        const bool may = world_.tree().may_use(*one.quota, one.device_class, region);
        if (may) regions.emplace_back(region);
      }
    }
    if (regions.empty()) regions.emplace_back();
    return regions;
  }

  Tried try_book(ReservationPlan& plan, const Occurrence& window, const Region& region) {
    if (const auto no = over_quota(plan.facts, window, region)) {
      return {ReservationFault::OverQuota, *no};
    }
    const auto exist = world_.usable().find(plan.facts.device_class);
    const int64_t all = exist == world_.usable().end() ? 0 : exist->second;
    if (all == 0) {
      return {ReservationFault::NoSuchDevice, wants(plan.facts) + ", no usable node has any"};
    }
    auto devices = choice_.choose(plan.facts, window, /*is_strict=*/false, region);
    if (!devices) {
      return {ReservationFault::NoCapacity,
              wants(plan.facts) + " from " + text_of(window.from) + " on; of " +
                  std::to_string(all) + " there, too few" +
                  (plan.facts.cells ? " in one " + plan.facts.cells->level : std::string()) +
                  " are free by then or can be made free"};
    }
    add(plan, {window, *std::move(devices)});
    return {};
  }

  // The first window from `from` on that could be booked; at Instant::max() when none is known.
  Occurrence soonest(const ReservationPlan& plan, Instant from) {
    const Reservation& one = plan.facts;
    for (const Instant at : choice_.starts_for(one, from, kMostStartsTried)) {
      const Occurrence window{at, later(at, one.duration)};
      for (const Region& region : regions_for(one)) {
        if (over_quota(one, window, region)) continue;
        if (choice_.choose(one, window, /*is_strict=*/true, region)) return window;
      }
    }
    return {Instant::max(), Instant::max()};
  }

  // A promise to one tenant must not rest on what is promised to another: neither what it has
  // booked nor its work that never gives way could be given back to whom it was borrowed from.
  std::optional<std::string> beyond_guarantee(const Reservation& one, const Occurrence& window,
                                              const std::string& region = {}) const {
    const int64_t guaranteed =
        guaranteed_to(world_.tree(), *one.quota, column_of(one.device_class, region));
    const Firm firm = most_firm(world_, plans_, one, window, region, now_);
    if (one.count <= guaranteed - firm.booked - firm.held) return std::nullopt;
    std::string text = wants(one) + (region.empty() ? "" : " in " + region) + ", quota " +
                       one.quota->name + " is guaranteed " + std::to_string(guaranteed);
    const auto of_which = [&](int64_t devices, const char* what) {
      if (devices > 0) text += ", of which " + std::to_string(devices) + what;
    };
    of_which(firm.booked, " are reserved at that time");
    of_which(firm.held, " are held by work that never gives way");
    return text;
  }

  std::optional<std::string> over_quota(const Reservation& one, const Occurrence& window,
                                        const Region& bound) {
    if (auto no = beyond_guarantee(one, window)) return no;
    const Column there = column_of(one.device_class, bound.value_or(std::string()));
    if (bound && world_.tree().limits(*one.quota).contains(there)) {
      if (auto no = beyond_guarantee(one, window, *bound)) return no;
    }
    const Instant at = std::max(now_, window.from);
    QuotaTree tree = tree_at(world_, plans_, at, now_, at > now_);
    int64_t mine = 0;  // that its users hold counts already
    for (const auto& [source, held] : world_.holders()) {
      if (held.facts.reservation != one.uid) continue;
      for (const Charge& charge : held.facts.charges) mine += charge.devices;
    }
    const int64_t more = std::max<int64_t>(0, one.count - mine);
    auto no = tree.refuses(*one.quota, one.device_class, more);
    if (!no && bound) no = tree.refuses(*one.quota, there, more);
    if (!no) return std::nullopt;
    return wants(one) + (no->region.empty() ? "" : " in " + no->region) + ", at " + text_of(at) +
           " quota " + (no->at.name.empty() ? one.quota->name : no->at.name) + " leaves " +
           std::to_string(std::max<int64_t>(0, no->leaves)) +
           " beside work that is not surely gone by then";
  }

  static std::string wants(const Reservation& one) {
    return std::to_string(one.count) + " " + one.device_class;
  }

  World& world_;
  Instant now_;
  NodeChoice choice_;
  std::vector<const Reservation*> order_;
  std::map<std::string, ReservationPlan> plans_;
  std::map<std::string, std::vector<Occurrence>> windows_;
};

Instant next_change(const std::map<std::string, ReservationPlan>& plans, Instant now) {
  Instant next = Instant::max();
  const auto at = [&](Instant when) {
    if (when > now) next = std::min(next, when);
  };
  for (const auto& [uid, plan] : plans) {
    if (plan.window && !plan.is_expired) at(plan.window->from), at(plan.window->until);
    for (const Booking& booking : plan.bookings) at(booking.window.from), at(booking.window.until);
  }
  return next;
}

}  // namespace

Bookings plan_reservations(World& world, const std::vector<Reservation>& wanted, Instant now) {
  Bookings made;
  if (wanted.empty()) return made;
  made.plans = Booker(world, wanted, now).run();
  made.next = next_change(made.plans, now);
  add_drains(world, now, made);
  return made;
}

QuotaTree tree_at(World& world, const std::map<std::string, ReservationPlan>& plans, Instant at,
                  Instant now, bool may_drain) {
  QuotaTree tree = world.tree();
  UsersIn users;
  for (const auto& [source, held] : world.holders()) {
    if (held.facts.leaving) continue;  // not charged
    const Release release = release_of(world, held, now);
    const bool is_gone = may_drain ? release.by(at, now) : release.ends_by(at);
    for (const Charge& charge : held.facts.charges) {
      if (charge.kind != ChargeKind::Admitted || charge.devices == 0) continue;
      if (is_gone) {
        world.count_in(tree, charge, -1);
      } else if (!held.facts.reservation.empty()) {
        users[held.facts.reservation][world.region_of(charge)] += charge.devices;
      }
    }
  }
  for (const auto& [uid, plan] : plans) {
    for (const Booking& booking : plan.bookings) {
      if (!booking.window.holds(at)) continue;
      count_booked(tree, world, plan, booking, users);
    }
  }
  return tree;
}

}  // namespace berth::sched
