#include <gtest/gtest.h>

#include "sched/core/book_reservations.h"
#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// A scene with reservations, planned before each pass as a scheduler does.
struct Booked : Scene {
  std::vector<Reservation> wanted;
  Bookings made;

  Reservation& reserve(const std::string& name, const std::string& quota, int64_t count,
                       Instant from, Millis lasts = hours{2}) {
    Reservation one{.uid = "uid-" + name, .name = "team/" + name, .quota = QuotaId{quota}};
    one.device_class = kGpu;
    one.count = count;
    one.when = Recurring{.start = from, .duration = lasts};
    one.duration = lasts;
    one.created = at_hour(1) + Millis{static_cast<int64_t>(wanted.size())};
    wanted.push_back(std::move(one));
    return wanted.back();
  }
  const ReservationPlan& plan(const std::string& name) { return made.plans.at("uid-" + name); }
  Booked& book() {
    made = plan_reservations(world, wanted, now);
    world.set_reservations(made.plans);
    return *this;
  }
  // "a:4 b:2", of the window that is shown; "" for none.
  std::string booked(const std::string& name) {
    std::string text;
    const Booking* booking = plan(name).current();
    if (booking == nullptr) return text;
    for (const auto& [node, devices] : booking->devices) {
      text += (text.empty() ? "" : " ") + node.name + ":" + std::to_string(devices);
    }
    return text;
  }
  Ask& last() { return asks.back(); }
  std::string told_after_booking() {
    for (Ask& ask : asks) ask.shape = shape_of(ask);
    book();
    return told();
  }
  // Of work that runs.
  void change_run(const std::string& name, const std::function<void(Holder&)>& change) {
    Holder holder = world.holders().at(name).facts;
    change(holder);
    world.set_holder(std::move(holder));
  }
};

TEST(Reservations, WorkWithoutAnEndDoesNotTakeBookedDevices) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("other", 8);
  scene.reserve("night", "q", 6, scene.now + hours{5});
  scene.ask("long", "other", 1, 4, {.tier = "Premium"})
      .ask("small", "other", 1, 2, {.tier = "Premium"});
  EXPECT_EQ(scene.told_after_booking(), "long NoCapacity\nsmall on a\n");
  EXPECT_EQ(scene.booked("night"), "a:6");
}

TEST(Reservations, WorkThatSurelyEndsBeforeTheStartRunsMeanwhile) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("other", 8);
  scene.reserve("night", "q", 8, scene.now + hours{5});
  scene.ask("in-time", "other", 1, 4, {.tier = "Premium"});
  scene.last().max_runtime = hours{4};
  scene.ask("too-long", "other", 1, 4, {.tier = "Premium"});
  scene.last().max_runtime = hours{5};
  EXPECT_EQ(scene.told_after_booking(), "in-time on a\ntoo-long NoCapacity\n");
}

TEST(Reservations, WorkThatGivesWayRunsMeanwhileWhereThatIsAllowed) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 16).quota("other", 16);
  scene.reserve("night", "q", 8, scene.now + hours{5});
  scene.reserve("mine", "q", 8, scene.now + hours{5}).allow_backfill = false;
  scene.ask("spot", "other", 1, 8, {.tier = "Spot"}).ask("more", "other", 1, 8, {.tier = "Spot"});
  EXPECT_EQ(scene.told_after_booking(), "spot on a\nmore NoCapacity\n");
  EXPECT_EQ(scene.booked("night"), "a:8");
  EXPECT_EQ(scene.booked("mine"), "b:8");
}

TEST(Reservations, WorkThatWouldHaveToGoAtOnceIsNotStarted) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("other", 8);
  scene.reserve("night", "q", 8, scene.now + minutes{1});
  scene.ask("spot", "other", 1, 8, {.tier = "Spot"});
  EXPECT_EQ(scene.told_after_booking(), "spot NoCapacity\n");
}

TEST(Reservations, UsersAreHeldUntilTheStartAndToldWhenItIs) {
  Booked scene;
  scene.node("a", 8).quota("q", 8);
  scene.reserve("night", "q", 8, scene.now + hours{5});
  scene.ask("user", "q", 1, 8);
  scene.last().reservation = "uid-night";
  EXPECT_EQ(scene.told_after_booking(), "user AwaitsReservation\n");
  EXPECT_EQ(std::get<Hold>(scene.decide().at(0)).starts, scene.now + hours{5});
  scene.now += hours{5};
  EXPECT_EQ(scene.told_after_booking(), "user on a\n");
  scene.now += hours{2};
  EXPECT_EQ(scene.told_after_booking(), "user NoReservation\n");
}

TEST(Reservations, DuringTheWindowOnlyItsUsersGetItsDevices) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("other", 8);
  scene.reserve("night", "q", 6, scene.now);
  scene.ask("other-job", "other", 1, 4, {.tier = "Premium", .hours_ago = 3});
  scene.ask("own-job", "q", 1, 4, {.hours_ago = 3});
  scene.ask("user", "q", 1, 6, {.hours_ago = 1});
  scene.last().reservation = "uid-night";
  EXPECT_EQ(scene.told_after_booking(), "other-job NoCapacity\nown-job OverQuota\nuser on a\n");
}

TEST(Reservations, UsersGetNoMoreThanIsReserved) {
  Booked scene;
  scene.node("a", 8).quota("q", 8);
  scene.reserve("night", "q", 4, scene.now);
  scene.ask("first", "q", 1, 3, {.hours_ago = 3}).ask("second", "q", 1, 2);
  scene.asks[0].reservation = scene.asks[1].reservation = "uid-night";
  scene.ask("large", "q", 1, 5);
  scene.last().reservation = "uid-night";
  EXPECT_EQ(scene.told_after_booking(), "first on a\nsecond NoCapacity\nlarge TooLarge\n");
}

TEST(Reservations, WorkThatNamesAReservationThatIsNotThereIsHeld) {
  Booked scene;
  scene.node("a", 8).quota("q", 8);
  scene.ask("user", "q", 1, 1);
  scene.last().reservation = "";
  EXPECT_EQ(scene.told_after_booking(), "user NoReservation\n");
}

TEST(Reservations, WorkThatIsThereMeanwhileGivesWayWhenAUserComes) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("other", 8);
  scene.reserve("night", "q", 8, scene.now - hours{1});
  scene.book();
  scene.run("spot", "other", {{"a", 8}}, {.tier = "Spot"});
  EXPECT_EQ(scene.told_after_booking(), "");
  EXPECT_EQ(scene.booked("night"), "a:8");
  scene.ask("user", "q", 1, 8);
  scene.last().reservation = "uid-night";
  EXPECT_EQ(scene.told_after_booking(), "user on a for spot\n");
}

TEST(Reservations, NobodyIsHelpedByAUserWhoGoesWhileTheWindowLasts) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 8).quota("other", 8);
  scene.reserve("night", "q", 8, scene.now - hours{1});
  scene.book();
  scene.run("user", "q", {{"a", 8}}, {.tier = "Spot"});
  scene.change_run("user", [](Holder& user) { user.reservation = "uid-night"; });
  scene.ask("firm", "q", 1, 4, {.tier = "Premium"});
  EXPECT_EQ(scene.told_after_booking(), "firm OverQuota\n");
}

TEST(Reservations, WithoutBackfillNobodyGoesForDevicesThatAreFreeAndNobodyTakesThem) {
  for (const Millis in : {Millis{0}, Millis{hours{5}}}) {
    Booked scene;
    scene.node("a", 8).quota("q", 4).quota("other", 8);
    scene.run("spot", "other", {{"a", 4}}, {.tier = "Spot"});
    scene.reserve("mine", "q", 4, scene.now + in).allow_backfill = false;
    scene.ask("more", "other", 1, 4, {.tier = "Spot"});
    EXPECT_EQ(scene.told_after_booking(), "more NoCapacity\n");
    EXPECT_EQ(scene.booked("mine"), "a:4");
    EXPECT_TRUE(scene.made.drains.empty());
  }
}

TEST(Reservations, WhoIsCountedOnTomorrowNeedNotGoForWhatIsFreeToday) {
  Booked scene;
  scene.node("a", 4).quota("q", 4).quota("p", 4).quota("other", 4);
  scene.run("guest", "other", {{"a", 1}}, {.tier = "Spot"});
  scene.reserve("today", "q", 3, scene.now).allow_backfill = false;
  scene.reserve("tomorrow", "p", 4, scene.now + hours{24});
  scene.ask("next", "other", 1, 1, {.tier = "Spot"});
  EXPECT_EQ(scene.told_after_booking(), "next NoCapacity\n");
  EXPECT_EQ(scene.booked("tomorrow"), "a:4");
  EXPECT_TRUE(scene.made.drains.empty());
}

TEST(Reservations, WorkInTheWayIsToldToGoItsGraceAndAMarginBeforeTheStart) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("other", 8);
  scene.run("spot", "other", {{"a", 8}}, {.tier = "Spot"});
  scene.reserve("night", "q", 8, scene.now + hours{1});
  scene.book();
  EXPECT_EQ(scene.plan("night").fault, ReservationFault::Nothing) << scene.plan("night").message;
  EXPECT_TRUE(scene.made.drains.empty());
  EXPECT_EQ(scene.made.next, scene.now + hours{1} - std::chrono::seconds{60});
  scene.now = scene.made.next;
  scene.book();
  ASSERT_EQ(scene.made.drains.size(), 1U);
  EXPECT_EQ(scene.made.drains[0].victims.at(0).id.uid, "spot");
  EXPECT_EQ(scene.made.drains[0].reservation, "uid-night");
}

TEST(Reservations, TheCheapestGiveWay) {
  Booked scene;
  scene.node("a", 8).quota("q", 4).quota("other", 8);
  scene.run("old", "other", {{"a", 4}}, {.tier = "Spot", .hours_ago = 9});
  scene.run("young", "other", {{"a", 4}}, {.tier = "Spot", .hours_ago = 1});
  scene.reserve("night", "q", 4, scene.now + minutes{1});
  scene.book();
  ASSERT_EQ(scene.made.drains.size(), 1U);
  EXPECT_EQ(scene.made.drains[0].victims.size(), 1U);
  EXPECT_EQ(scene.made.drains[0].victims[0].id.uid, "young");
}

TEST(Reservations, OneThatCannotBeHonouredSaysWhyAndWhenItCouldBe) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("other", 8);
  scene.run("fixed", "other", {{"a", 8}}, {.tier = "Premium"});
  scene.reserve("night", "q", 4, scene.now + hours{1});
  scene.book();
  EXPECT_EQ(scene.plan("night").fault, ReservationFault::NoCapacity);
  EXPECT_EQ(scene.plan("night").possible, Instant::max());
  scene.change_run("fixed", [&](Holder& h) { h.run->ends_surely = scene.now + hours{3}; });
  scene.book();
  EXPECT_EQ(scene.plan("night").possible, scene.now + hours{3} + std::chrono::seconds{10});
  EXPECT_EQ(scene.booked("night"), "");
}

TEST(Reservations, OnlyWhatIsGuaranteedCanBeReserved) {
  Booked scene;
  scene.node("a", 8).quota("q", 4, 4);
  scene.reserve("large", "q", 6, scene.now + hours{1});
  scene.reserve("one", "q", 4, scene.now + hours{1});
  scene.reserve("two", "q", 1, scene.now + hours{2});
  scene.book();
  EXPECT_EQ(scene.plan("large").fault, ReservationFault::OverQuota);
  EXPECT_EQ(scene.plan("large").message, "6 nvidia-h200, quota q is guaranteed 4");
  EXPECT_EQ(scene.booked("one"), "a:4");
  EXPECT_EQ(scene.plan("two").message,
            "1 nvidia-h200, quota q is guaranteed 4, of which 4 are reserved at that time");
}

TEST(Reservations, NeitherIsWhatWorkHoldsThatNeverGivesWay) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 8, 8).quota("lender", 8);
  scene.run("firm", "q", {{"b", 6}}, {.tier = "Premium"});
  scene.reserve("large", "q", 4, scene.now + hours{1});
  scene.reserve("small", "q", 2, scene.now + hours{1});
  scene.book();
  EXPECT_EQ(scene.plan("large").message,
            "4 nvidia-h200, quota q is guaranteed 8, of which 6 are held by work that never gives "
            "way");
  EXPECT_EQ(scene.booked("small"), "b:2");
}

TEST(Reservations, WorkThatNeverGivesWayDoesNotBorrowBesideWhatIsBooked) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 8, 8).quota("lender", 8);
  scene.reserve("night", "q", 6, scene.now + hours{5});
  scene.ask("firm", "q", 1, 4, {.tier = "Premium"}).ask("spot", "q", 1, 4, {.tier = "Spot"});
  EXPECT_EQ(scene.told_after_booking(), "firm Reserved\nspot on b\n");
}

TEST(Reservations, TheQuotaIsKeptForTheStartToo) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 8);
  scene.reserve("night", "q", 8, scene.now + hours{5});
  scene.ask("long", "q", 1, 8, {.tier = "Premium"}).ask("short", "q", 1, 8, {.tier = "Premium"});
  scene.last().max_runtime = hours{2};
  EXPECT_EQ(scene.told_after_booking(), "long Reserved\nshort on b\n");
}

TEST(Reservations, OwnWorkElsewhereGivesWayForTheQuota) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 8);
  scene.run("own", "q", {{"b", 8}}, {.tier = "Spot"});
  scene.reserve("night", "q", 8, scene.now + minutes{1});
  scene.book();
  EXPECT_EQ(scene.booked("night"), "a:8");
  ASSERT_EQ(scene.made.drains.size(), 1U);
  EXPECT_EQ(scene.made.drains[0].victims[0].id.uid, "own");
}

// Two tenants are owed eight devices each, and a third has borrowed all that they leave.
struct Borrowed : Booked {
  Borrowed() {
    for (const char* name : {"a", "b", "c", "d"}) node(name, 8);
    quota("org", 0).quota("q", 8, 0, "org").quota("owed", 8, 0, "org");
    quota("borrower", 8, 8, "org");
    run("fixed", "borrower", {{"a", 8}}, {.tier = "Premium"});
    run("borrows", "borrower", {{"b", 8}}, {.tier = "Spot", .hours_ago = 9});
    reserve("night", "q", 6, now + minutes{1});
  }
};

TEST(Reservations, WhoBorrowsGivesWayForTheQuotaBeforeWhoIsOwed) {
  Borrowed scene;
  scene.run("young", "owed", {{"c", 4}}, {.tier = "Spot", .hours_ago = 1});
  scene.book();
  ASSERT_EQ(scene.made.drains.size(), 1U);
  ASSERT_EQ(scene.made.drains[0].victims.size(), 1U);
  EXPECT_EQ(scene.made.drains[0].victims[0].id.uid, "borrows");
}

TEST(Reservations, WorkThatWouldBeAskedToGoForTheQuotaIsNotStarted) {
  Borrowed scene;
  scene.ask("spot", "owed", 1, 4, {.tier = "Spot"});
  EXPECT_EQ(scene.told_after_booking(), "spot Reserved\n");
  scene.asks.clear();
  scene.ask("firm", "owed", 1, 4, {.tier = "Premium"});
  EXPECT_EQ(scene.told_after_booking(), "firm on d\n");
}

TEST(Reservations, WithoutAStartItBeginsAsSoonAsItCan) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("other", 8);
  scene.run("fixed", "other", {{"a", 8}}, {.tier = "Premium"});
  scene.change_run("fixed", [&](Holder& h) { h.run->ends_surely = scene.now + hours{3}; });
  scene.reserve("soon", "q", 4, {}).when.reset();
  scene.book();
  EXPECT_EQ(scene.plan("soon").window->from, scene.now + hours{3} + std::chrono::seconds{10});
  scene.world.remove_holder("fixed");
  scene.book();
  EXPECT_EQ(scene.plan("soon").window->from, scene.now) << "it is free already";
  const Instant began = scene.now;
  scene.now += hours{1};
  scene.book();
  EXPECT_EQ(scene.plan("soon").window->from, began);
  scene.now += hours{1};
  scene.book();
  EXPECT_TRUE(scene.plan("soon").is_expired);
  scene.now += hours{1};
  EXPECT_TRUE(scene.book().plan("soon").is_expired) << "it does not begin anew";
}

TEST(Reservations, ANodeThatIsLostIsReplacedWhileThereIsAnother) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 8);
  scene.reserve("night", "q", 8, scene.now - hours{1});
  scene.book();
  EXPECT_EQ(scene.booked("night"), "a:8");
  scene.node("a", 2);
  scene.book();
  EXPECT_EQ(scene.booked("night"), "a:2 b:6");
  scene.world.remove_node({"", "b"});
  scene.book();
  EXPECT_EQ(scene.booked("night"), "a:2");
  EXPECT_EQ(scene.plan("night").fault, ReservationFault::NoCapacity);
}

TEST(Reservations, CellsLieInDomainsOfTheLevel) {
  Booked scene;
  scene.node("a1", 8, "r1").node("b1", 8, "r2").node("b2", 8, "r2").node("c1", 8, "r3");
  scene.node("c2", 8, "r3").quota("q", 64).quota("other", 8);
  scene.run("fixed", "other", {{"c1", 1}}, {.tier = "Premium"});
  scene.reserve("racks", "q", 16, scene.now + hours{1}).cells = Cells{"rack", 1, 16};
  scene.reserve("two", "q", 16, scene.now + hours{1}).cells = Cells{"rack", 2, 8};
  scene.book();
  EXPECT_EQ(scene.booked("racks"), "b1:8 b2:8");
  EXPECT_EQ(scene.booked("two"), "a1:8 c2:8");
}

TEST(Reservations, EachWindowOfARecurringOneIsBookedOnTheSameNodes) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 8);
  Reservation& one = scene.reserve("daily", "q", 8, scene.now + hours{1});
  one.when->every = Every::Day;
  scene.book();
  EXPECT_EQ(scene.plan("daily").bookings.size(), 7U);
  for (const Booking& booking : scene.plan("daily").bookings) {
    EXPECT_EQ(booking.devices, scene.plan("daily").bookings.front().devices);
  }
}

TEST(Reservations, WhatIsBookedStaysWhereItIsWhenAnOlderOneComes) {
  Booked scene;
  scene.node("a", 8).quota("q", 8).quota("r", 8);
  scene.reserve("first", "q", 8, scene.now + hours{1});
  scene.book();
  scene.reserve("older", "r", 8, scene.now + hours{2}).created = at_hour(0);
  scene.book();
  EXPECT_EQ(scene.booked("first"), "a:8");
  EXPECT_EQ(scene.plan("older").fault, ReservationFault::NoCapacity);
  EXPECT_EQ(scene.plan("older").possible, scene.now + hours{3});
}

TEST(Reservations, AClockThatStepsBackChangesNothingThatIsBooked) {
  Booked scene;
  scene.node("a", 8).node("b", 8).quota("q", 8);
  scene.reserve("night", "q", 8, scene.now + hours{1});
  scene.book();
  const auto before = scene.made.plans;
  scene.now -= hours{30};
  EXPECT_EQ(scene.book().made.plans, before);
  scene.now += hours{30};
  EXPECT_EQ(scene.book().made.plans, before);
}

}  // namespace
}  // namespace berth::sched::testing
