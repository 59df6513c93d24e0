#include "operator/controllers/reservation/reservation_plan.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const Instant kNow{hours{480'000}};

// A Reservation of eight devices whose window is booked for an hour from now on.
struct Booked {
  api::Reservation object;
  sched::ReservationPlan plan;

  Booked() {
    object.meta.generation = 3;
    plan.facts.device_class = "nvidia-h200";
    plan.facts.count = 8;
    plan.window = sched::Occurrence{kNow + hours{1}, kNow + hours{2}};
    plan.bookings = {{*plan.window, {{{"", "a"}, 8}}}};
  }
  api::ReservationStatus at(Instant now) const { return decide({object, plan, now}); }
  static std::string said(const api::ReservationStatus& status, std::string_view type) {
    const api::Condition* condition = api::find_condition(status.conditions, type);
    if (condition == nullptr) return "absent";
    return (condition->is_true() ? "True " : "False ") + condition->reason;
  }
};

TEST(ReservationPlan, SaysWhenAndWhereItIsBooked) {
  const Booked one;
  const api::ReservationStatus status = one.at(kNow);
  EXPECT_EQ(status.observed_generation, 3);
  EXPECT_EQ(status.next_start, kNow + hours{1});
  EXPECT_EQ(status.next_end, kNow + hours{2});
  ASSERT_EQ(status.nodes.size(), 1U);
  EXPECT_EQ(status.nodes[0].count, 8);
  EXPECT_EQ(Booked::said(status, "Ready"), "True Booked");
  EXPECT_EQ(Booked::said(status, "Active"), "False NotStarted");
  EXPECT_EQ(Booked::said(status, "Short"), "absent");
  EXPECT_EQ(Booked::said(status, "Expired"), "absent");
}

TEST(ReservationPlan, IsActiveFromTheSecondOnAtWhichItStarts) {
  const Booked one;
  EXPECT_EQ(Booked::said(one.at(kNow + hours{1} - Millis{1}), "Active"), "False NotStarted");
  EXPECT_EQ(Booked::said(one.at(kNow + hours{1}), "Active"), "True Started");
}

TEST(ReservationPlan, AFaultSaysWhyAndWhenItCouldStart) {
  Booked one;
  one.plan.bookings.clear();
  one.plan.fault = sched::ReservationFault::NoCapacity;
  one.plan.message = "8 nvidia-h200";
  one.plan.possible = kNow + hours{5};
  const api::ReservationStatus status = one.at(kNow);
  EXPECT_EQ(Booked::said(status, "Ready"), "False NoCapacity");
  const std::string message = api::find_condition(status.conditions, "Ready")->message;
  EXPECT_NE(message.find("8 nvidia-h200; it could start at "), std::string::npos) << message;
  EXPECT_TRUE(status.nodes.empty());
}

TEST(ReservationPlan, LostDevicesAreSaidUntilOthersAreFound) {
  Booked one;
  one.plan.bookings[0].devices = {{{"", "a"}, 6}};
  one.object.status = one.at(kNow);
  EXPECT_EQ(Booked::said(one.object.status, "Short"), "True CapacityLost");
  one.plan.bookings[0].devices = {{{"", "a"}, 6}, {{"", "b"}, 2}};
  EXPECT_EQ(Booked::said(one.at(kNow), "Short"), "False Whole");
}

TEST(ReservationPlan, ExpiredHoldsNothing) {
  Booked one;
  one.object.status = one.at(kNow + hours{1});
  one.plan.is_expired = true;
  one.plan.bookings.clear();
  const api::ReservationStatus status = one.at(kNow + hours{2});
  EXPECT_EQ(Booked::said(status, "Expired"), "True Expired");
  EXPECT_EQ(Booked::said(status, "Active"), "False Expired");
  EXPECT_EQ(Booked::said(status, "Ready"), "False Expired");
  EXPECT_TRUE(status.nodes.empty());
}

TEST(ReservationPlan, TheSameFactsAreNoNews) {
  Booked one;
  one.object.status = one.at(kNow);
  EXPECT_EQ(one.at(kNow + seconds{30}), one.object.status);
}

}  // namespace
}  // namespace berth::control
