#include "operator/controllers/gpujob/job_cost.h"

#include <gtest/gtest.h>

#include "base/saturating.h"

namespace berth::control {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Instant kNow{hours{480'000}};
constexpr int64_t kDollar = 1'000'000;

api::GpuJob job_running(Millis since) {
  api::GpuJob job;
  job.status.attempt = 2;
  job.status.placement =
      api::Placement{2, {{"", "a", "nvidia-h200", 4}, {"", "b", "nvidia-h200", 4}}};
  job.status.admitted_at = kNow - since;
  job.status.cost = api::JobCost{.micro_usd = 5 * kDollar, .micro_usd_lost = kDollar};
  return job;
}

TEST(JobCost, IsWhatEarlierAttemptsCostAndTheCurrentOneSoFar) {
  EXPECT_EQ(micro_usd_spent(job_running(minutes(30)), 8 * kDollar, kNow), 9 * kDollar);
  EXPECT_EQ(micro_usd_spent(job_running(minutes(30)), std::nullopt, kNow), 5 * kDollar);
}

TEST(JobCost, SaysWhenTheLimitIsSpent) {
  api::GpuJob job = job_running(minutes(30));
  EXPECT_EQ(spent_at(job, 8 * kDollar, kNow), std::nullopt) << "there is no limit";
  job.spec.limits.max_micro_usd = 13 * kDollar;
  EXPECT_EQ(spent_at(job, 8 * kDollar, kNow), kNow + minutes(30));
  EXPECT_EQ(spent_at(job, std::nullopt, kNow), std::nullopt);
  job.spec.limits.max_micro_usd = 1;
  EXPECT_EQ(spent_at(job, 8 * kDollar, kNow), kNow);
  job.spec.limits.max_micro_usd = kUnlimited;
  EXPECT_EQ(spent_at(job, 1, kNow), std::nullopt) << "not in a hundred years";
}

TEST(JobCost, IsBookedOnceWithWhatWasLost) {
  api::GpuJob job = job_running(hours(1));
  book_cost(job.status, 8 * kDollar, 8 * 900, kNow);
  EXPECT_EQ(job.status.cost->micro_usd, 13 * kDollar);
  EXPECT_EQ(job.status.cost->micro_usd_lost, 3 * kDollar);
  job.status.attempts.push_back({.attempt = 2});
  EXPECT_EQ(micro_usd_spent(job, 8 * kDollar, kNow + hours(5)), 13 * kDollar);
}

TEST(JobCost, WithoutAPriceNothingIsBooked) {
  api::GpuJob job = job_running(hours(1));
  job.status.cost.reset();
  book_cost(job.status, std::nullopt, 900, kNow);
  EXPECT_FALSE(job.status.cost.has_value());
}

}  // namespace
}  // namespace berth::control
