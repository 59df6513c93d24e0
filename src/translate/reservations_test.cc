#include "translate/reservations.h"

#include <gtest/gtest.h>

namespace berth::translate {
namespace {

using std::chrono::hours;

const Instant kStart{hours{480'000}};

Tenancy blue() {
  Tenancy tenancy;
  tenancy.quota_of["team"] = {"blue"};
  return tenancy;
}

api::Reservation weekly() {
  api::Reservation one;
  one.meta.uid = "u1";
  one.meta.name = "nights";
  one.meta.name_space = "team";
  one.meta.generation = 2;
  one.spec.device_class = "nvidia-h200";
  one.spec.count = 16;
  one.spec.cell = api::Cell{"rack", 2, 8};
  one.spec.start = kStart;
  one.spec.duration_seconds = 7'200;
  one.spec.recurrence = api::Recurrence{
      api::RecurrenceUnit::Week, {api::Weekday::Monday, api::Weekday::Sunday}, kStart + hours{999}};
  return one;
}

TEST(TranslateReservation, SaysWhatTheSpecSays) {
  const sched::Reservation made = reservation_of(weekly(), blue());
  EXPECT_EQ(made.name, "team/nights");
  EXPECT_EQ(made.quota, sched::QuotaId{"blue"});
  EXPECT_EQ(made.count, 16);
  EXPECT_EQ(made.cells, (sched::Cells{"rack", 2, 8}));
  EXPECT_EQ(made.when->every, sched::Every::Week);
  EXPECT_EQ(made.when->weekdays, 0b1000001);
  EXPECT_EQ(made.when->duration, hours{2});
  EXPECT_EQ(made.when->until, kStart + hours{999});
}

TEST(TranslateReservation, WithoutAStartThereIsNoCalendar) {
  api::Reservation one = weekly();
  one.spec.start.reset();
  one.spec.recurrence.reset();
  EXPECT_FALSE(reservation_of(one, blue()).when);
  EXPECT_FALSE(reservation_of(one, {}).quota);
}

TEST(TranslateReservation, WhatWasBookedIsReadOffTheStatusOfThisSpec) {
  api::Reservation one = weekly();
  EXPECT_TRUE(booked_in(one, blue()).bookings.empty());
  one.status.observed_generation = 2;
  one.status.next_start = kStart;
  one.status.next_end = kStart + hours{2};
  one.status.nodes = {{"", "a", 8}, {"", "b", 8}};
  const sched::ReservationPlan plan = booked_in(one, blue());
  ASSERT_EQ(plan.bookings.size(), 1U);
  EXPECT_EQ(plan.bookings[0].window, (sched::Occurrence{kStart, kStart + hours{2}}));
  EXPECT_EQ(plan.bookings[0].total(), 16);
  one.meta.generation = 3;
  EXPECT_TRUE(booked_in(one, blue()).bookings.empty()) << "it may want something else now";
}

}  // namespace
}  // namespace berth::translate
