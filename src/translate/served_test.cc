#include "translate/served.h"

#include <gtest/gtest.h>

namespace berth::translate {
namespace {

using std::chrono::hours;

const Instant kLongAgo{hours{1'000}};

// A job of eight devices that was created five hours ago.
api::GpuJob job() {
  api::GpuJob made;
  made.meta.creation = kLongAgo - hours{5};
  made.spec.workers = {2, 2};
  made.spec.worker.devices = {{.device_class = "nvidia-h200", .count = 4}};
  return made;
}
void place(api::GpuJob& job, int64_t attempt, Instant admitted) {
  job.status.attempt = attempt;
  job.status.placement =
      api::Placement{.attempt = attempt, .workers = {{.count = 4}, {.count = 4}}};
  job.status.admitted_at = admitted;
}
void ended(api::GpuJob& job, int64_t attempt, Instant from, Instant until) {
  job.status.attempts.push_back({.attempt = attempt,
                                 .nodes = {},
                                 .cause = "Preempted",
                                 .started_at = from,
                                 .ended_at = until});
}
void says(api::GpuJob& job, const std::string& type, bool holds, const std::string& reason,
          Instant since) {
  job.status.conditions.push_back(
      {.type = type,
       .status = holds ? api::ConditionStatus::True : api::ConditionStatus::False,
       .last_transition_time = since,
       .reason = reason});
}

const Service kWaits{8, 0, true};
const Service kRuns{8, 8, true};
const Service kOwnFault{8, 0, false};

TEST(Served, WorkThatNobodyLookedAtYetWaits) {
  EXPECT_EQ(service_of(job(), ""), kWaits);
  EXPECT_EQ(service_so_far(job(), kLongAgo),
            (std::vector<ServiceSpan>{{kLongAgo - hours{5}, kLongAgo, kWaits}}));
}

TEST(Served, WaitingForDevicesCountsAndForWhatTheOwnerCanMendDoesNot) {
  for (const char* reason : {"NoCapacity", "Fragmented", "Reserved", "LentOut", "Preempting"}) {
    EXPECT_TRUE(service_of(job(), reason).eligible) << reason;
  }
  for (const char* reason : {"NoQuota", "OverQuota", "NoTier", "BudgetSpent", "PromisedOut",
                             "NoSuchDevice", "TooLarge", "InvalidSpec", "Suspended"}) {
    EXPECT_FALSE(service_of(job(), reason).eligible) << reason;
  }
  api::GpuJob stopped = job();
  stopped.spec.suspend = true;
  EXPECT_FALSE(service_of(stopped, "").eligible);
}

TEST(Served, APlacementHoldsUntilItsEndIsWrittenDown) {
  api::GpuJob runs = job();
  place(runs, 1, kLongAgo - hours{1});
  EXPECT_EQ(service_of(runs, ""), kRuns);
  ended(runs, 1, kLongAgo - hours{1}, kLongAgo);
  EXPECT_EQ(service_of(runs, ""), kWaits);
}

TEST(Served, AttemptsAndTheWaitsBetweenThemAreReadBack) {
  api::GpuJob again = job();
  ended(again, 1, kLongAgo - hours{4}, kLongAgo - hours{3});
  place(again, 2, kLongAgo - hours{1});
  EXPECT_EQ(service_so_far(again, kLongAgo),
            (std::vector<ServiceSpan>{{kLongAgo - hours{5}, kLongAgo - hours{4}, kWaits},
                                      {kLongAgo - hours{4}, kLongAgo - hours{3}, kRuns},
                                      {kLongAgo - hours{3}, kLongAgo - hours{1}, kWaits},
                                      {kLongAgo - hours{1}, kLongAgo, kRuns}}));
}

TEST(Served, ASuspensionDoesNotCountFromWhenItBegan) {
  api::GpuJob stopped = job();
  stopped.spec.suspend = true;
  says(stopped, "Suspended", true, "Suspended", kLongAgo - hours{2});
  EXPECT_EQ(service_so_far(stopped, kLongAgo),
            (std::vector<ServiceSpan>{{kLongAgo - hours{5}, kLongAgo - hours{2}, kWaits},
                                      {kLongAgo - hours{2}, kLongAgo, kOwnFault}}));
}

TEST(Served, AHoldThatIsTheOwnersToMendDoesNotCount) {
  api::GpuJob held = job();
  says(held, "Admitted", false, "NoQuota", kLongAgo - hours{4});
  EXPECT_EQ(service_so_far(held, kLongAgo),
            (std::vector<ServiceSpan>{{kLongAgo - hours{5}, kLongAgo - hours{4}, kWaits},
                                      {kLongAgo - hours{4}, kLongAgo, kOwnFault}}));
}

TEST(Served, WhatIsOverEndsWhenItEnded) {
  api::GpuJob over = job();
  ended(over, 1, kLongAgo - hours{4}, kLongAgo - hours{3});
  says(over, "Complete", true, "Completed", kLongAgo - hours{3});
  over.status.finished_at = kLongAgo - hours{3};
  EXPECT_EQ(service_so_far(over, kLongAgo).back().until, kLongAgo - hours{3});
}

TEST(Served, ANewWaitBeginsWithTheEndOfAnAttempt) {
  api::GpuJob again = job();
  EXPECT_EQ(waits_since(again), kLongAgo - hours{5});
  ended(again, 1, kLongAgo - hours{4}, kLongAgo - hours{3});
  EXPECT_EQ(waits_since(again), kLongAgo - hours{3});
}

}  // namespace
}  // namespace berth::translate
