#include "sim/endpoint/simulate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace berth::sim::endpoint {
namespace {

std::string azure_trace() {
  for (const char* at : {"../shared", "../../shared"}) {
    const std::string path =
        std::string(at) + "/traces/azure-llm/AzureLLMInferenceTrace_conv.csv.gz";
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

// One request a second of half a second's work.
std::vector<Request> even(int64_t count) {
  std::vector<Request> requests;
  for (int64_t n = 0; n < count; ++n) requests.push_back({static_cast<double>(n), 0.5});
  return requests;
}

TEST(EndpointFleet, AnswersARequestAloneInItsWork) {
  Fleet fleet({}, 1, 1);
  fleet.arrive({.at = 10, .work = 0.75});
  fleet.advance(10.74);
  EXPECT_EQ(fleet.counted().answered, 0);
  fleet.advance(10.76);
  EXPECT_EQ(fleet.counted().answered, 1);
  EXPECT_EQ(fleet.counted().late, 0);
  EXPECT_NEAR(fleet.counted().request_seconds, 0.75, 1e-9);
  EXPECT_NEAR(fleet.counted().replica_seconds, 10.76, 1e-9);
}

TEST(EndpointFleet, AnswersTwoTogetherSlowerThanOneAndFasterThanInTurn) {
  Fleet fleet({.batch_cost = 0.5}, 1, 1);
  fleet.arrive({.at = 0, .work = 1});
  fleet.arrive({.at = 0, .work = 1});
  fleet.advance(1.49);
  EXPECT_EQ(fleet.counted().answered, 0);
  fleet.advance(1.51);
  EXPECT_EQ(fleet.counted().answered, 2);
  EXPECT_EQ(fleet.counted().late, 2);
}

TEST(EndpointFleet, HoldsRequestsUntilAReplicaIsReady) {
  Fleet fleet({.start_seconds = 60}, 100, 0);
  fleet.scale_to(1);
  fleet.arrive({.at = 1, .work = 1});
  fleet.advance(60.9);
  EXPECT_EQ(fleet.counted().answered, 0);
  EXPECT_EQ(fleet.starting(), 0);
  fleet.advance(61.1);
  EXPECT_EQ(fleet.counted().answered, 1);
}

TEST(EndpointFleet, LetsAReplicaThatGoesFinishWhatItHas) {
  Fleet fleet({}, 100, 2);
  fleet.arrive({.at = 0, .work = 10});
  fleet.arrive({.at = 0, .work = 10});
  fleet.scale_to(0);
  fleet.advance(20);
  EXPECT_EQ(fleet.counted().answered, 2);
  EXPECT_NEAR(fleet.counted().replica_seconds, 20, 1e-9);
}

TEST(EndpointBound, IsTheWorkOverTheRateOfAFullBatch) {
  Settings settings;
  settings.rules.min_replicas = 0;
  settings.replica = {.max_batch = 2, .batch_cost = 0.25};  // 1.6 seconds of work in a second
  settings.bound_seconds = 0.5;
  // The last one may be answered after the end, and 10 may be missed.
  EXPECT_NEAR(least_replica_seconds(even(1001), settings), 990 * 0.5 / 1.6, 1e-9);
  settings.rules.min_replicas = 1;
  EXPECT_NEAR(least_replica_seconds(even(1001), settings), 1000, 1e-9);
}

TEST(EndpointBound, CountsAPauseAtWhatAStartCosts) {
  Settings settings;
  settings.rules.min_replicas = 0;
  settings.bound_seconds = 1;
  std::vector<Request> requests = even(1000);
  for (const Request& request : even(1000)) requests.push_back({request.at + 50'000, request.work});
  const double working = least_replica_seconds(requests, settings);
  settings.replica.start_seconds = 0;
  EXPECT_NEAR(working - least_replica_seconds(requests, settings), 120, 1e-9);
}

TEST(EndpointBound, IsUndercutByNobodyWhoKeepsTheObjective) {
  for (const Day day : {Day::Diurnal, Day::Spikes, Day::FlashCrowd, Day::Silence}) {
    Settings settings;
    settings.rules = {.min_replicas = 0, .max_replicas = 100, .target_milli = 12'000};
    settings.bound_seconds = 20;
    const Report report = compare(synthetic(day, 1, 4, 2, 7), settings, true);
    for (const Outcome& outcome : report.outcomes) {
      if (outcome.met_percent >= 99) {
        EXPECT_GE(outcome.ratio, 1) << outcome.scaler;
      }
    }
  }
}

TEST(EndpointSimulation, GivesTheSameBytesForTheSameSeed) {
  Settings settings;
  settings.rules = {.min_replicas = 0, .max_replicas = 50, .target_milli = 12'000};
  settings.bound_seconds = 20;
  const auto requests = synthetic(Day::Spikes, 1, 4, 2, 11);
  const Report first = compare(requests, settings, false);
  const Report again = compare(requests, settings, false);
  EXPECT_EQ(first.outcomes[0].counted.replica_seconds, again.outcomes[0].counted.replica_seconds);
  EXPECT_EQ(first.outcomes[0].counted.late, again.outcomes[0].counted.late);
}

TEST(EndpointSimulation, KeepsTheObjectiveOverAzuresHourAtAFifthAboveTheLeast) {
  const std::string path = azure_trace();
  if (path.empty()) GTEST_SKIP() << "../shared/traces/azure-llm is not there";
  const auto csv = Csv::read(path);
  ASSERT_TRUE(csv.ok()) << csv.error().message;
  const WorkModel model{
      .request_seconds = 0.05, .context_seconds = 0.0002, .generated_seconds = 0.015};
  Settings settings;
  settings.replica.batch_cost = 0.03;
  settings.bound_seconds = 20;
  settings.rules = {.max_replicas = 500, .target_milli = 12'000};
  settings.rules.stable_window = Millis{300'000};
  settings.rules.scale_down_delay = Millis{180'000};
  for (const uint64_t seed : {42, 43, 44}) {
    const auto requests = from_azure(*csv, model, 10, seed);
    ASSERT_TRUE(requests.ok()) << requests.error().message;
    const Outcome berth = compare(*requests, settings, false).outcomes[0];
    EXPECT_GE(berth.met_percent, 99);
    EXPECT_LE(berth.ratio, 1.2);
  }
}

TEST(EndpointTrace, RefusesWhatIsNoTrace) {
  const auto csv = Csv::parse("a.csv", "TIMESTAMP,ContextTokens\n1,2\n");
  ASSERT_TRUE(csv.ok());
  const auto refused = from_azure(*csv, {}, 1, 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "a.csv:1: want requests as TIMESTAMP,ContextTokens,GeneratedTokens");
}

}  // namespace
}  // namespace berth::sim::endpoint
