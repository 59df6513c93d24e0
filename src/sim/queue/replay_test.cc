#include "sim/queue/replay.h"

#include <gtest/gtest.h>

#include "sim/queue/core_estimator.h"
#include "sim/queue/testing/jobs.h"

namespace berth::sim::queue {
namespace {

TEST(QueueReplay, RefusesJobsThatAreWiderThanTheClusterAndRunsTheRest) {
  Jobs jobs({2, 8});
  jobs.job("wide", 0, 17, 10).job("fits", 0, 16, 10);
  const Outcome outcome = replay_knowing(jobs.setup);
  EXPECT_TRUE(outcome.jobs[0].refused);
  EXPECT_TRUE(outcome.jobs[0].runs.empty());
  EXPECT_EQ(outcome.jobs[1].ended, Instant(seconds(10)));
}

TEST(QueueReplay, RefusesJobsOutOfOrder) {
  Jobs jobs({1, 8});
  jobs.job("late", 10, 1, 1).job("early", 0, 1, 1);
  CoreEstimator estimator;
  const auto outcome = replay(jobs.setup, **make_policy("fifo"), estimator);
  EXPECT_EQ(outcome.error().message,
            "job early: out of order, or without tenant, devices or duration");
}

// Does what it was told to, whatever it sees.
class Scripted final : public Policy {
 public:
  explicit Scripted(std::vector<std::vector<Action>> script) : script_(std::move(script)) {}
  Decision decide(const View& /*view*/, Instant /*now*/) override {
    return {next_ < script_.size() ? script_[next_++] : std::vector<Action>{}};
  }

 private:
  std::vector<std::vector<Action>> script_;
  size_t next_ = 0;
};

std::string refused(Jobs jobs, std::vector<std::vector<Action>> script) {
  Scripted policy(std::move(script));
  Oracle oracle(jobs.setup);
  const auto outcome = replay(jobs.setup, policy, oracle);
  return outcome ? "" : outcome.error().message;
}

TEST(QueueReplay, StopsAPolicyThatAsksForWhatCannotBe) {
  Jobs jobs({1, 8}, "mine");
  jobs.job("a", 0, 8, 10).job("b", 0, 4, 10);
  const Start a{0, {{0, 8}}};
  EXPECT_EQ(refused(jobs, {{a, Start{1, {{0, 4}}}}}),
            "policy mine on job b: is placed where nothing is free");
  EXPECT_EQ(refused(jobs, {{Start{0, {{0, 4}}}}}), "policy mine on job a: is not whole");
  EXPECT_EQ(refused(jobs, {{a, a}}), "policy mine on job a: starts unasked");
  EXPECT_EQ(refused(jobs, {{Preempt{0, 1}}}),
            "policy mine on job a: is preempted, and does not run");
  EXPECT_EQ(refused(jobs, {{a}}), "policy mine: starts nothing while 1 jobs wait");
}

TEST(QueueReplay, CountsAPreemptionWhoseBeneficiaryDoesNotStart) {
  Jobs jobs({1, 8}, "mine");
  jobs.job("a", 0, 8, 1000).job("b", 500, 4, 10).job("c", 600, 8, 10);
  Scripted policy({{Start{0, {{0, 8}}}},
                   {Preempt{0, 1}},
                   {Start{0, {{0, 8}}}},
                   {Start{1, {{0, 4}}}},
                   {Start{2, {{0, 8}}}}});
  Oracle oracle(jobs.setup);
  const auto outcome = replay(jobs.setup, policy, oracle);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->preemptions, 1);
  EXPECT_EQ(outcome->useless_preemptions, 1);
  EXPECT_EQ(outcome->jobs[0].ended, Instant(seconds(600 + 60 + 500)));
}

TEST(QueueReplay, AFailureTakesWhatWasDoneSinceTheLastCheckpoint) {
  Jobs jobs({1, 8});
  jobs.job("a", 0, 8, 3 * 86'400);
  jobs.setup.failures = Failures{.seed = 3, .mean_between = hours(24), .repair = hours(4)};
  const Outcome outcome = replay_knowing(jobs.setup);
  const auto& runs = outcome.jobs[0].runs;
  ASSERT_GT(runs.size(), 1U);
  EXPECT_EQ(outcome.failures_met, static_cast<int64_t>(runs.size()) - 1);
  Millis kept{};
  for (size_t at = 0; at + 1 < runs.size(); ++at) {
    EXPECT_EQ(runs[at + 1].from, runs[at].to + hours(4));
    const Millis ran = runs[at].to - runs[at].from - (kept > Millis{} ? seconds(60) : Millis{});
    if (ran > Millis{}) kept += ran - ran % minutes(10);
  }
  EXPECT_EQ(runs.back().to - runs.back().from, hours(72) - kept + seconds(60));
}

class ReplayProperty : public testing::TestWithParam<std::tuple<const char*, uint32_t, bool>> {
 protected:
  QueueSetup setup() const {
    const auto [policy, seed, fails] = GetParam();
    QueueSetup setup = Jobs::random(seed, {6, 8}, policy).setup;
    if (fails) setup.failures = Failures{.seed = seed, .mean_between = hours(24)};
    return setup;
  }
  static Outcome learned(const QueueSetup& setup) {
    CoreEstimator estimator;
    const auto outcome = replay(setup, **make_policy(setup.policy), estimator);
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome.ok() ? *outcome : Outcome{};
  }
};

TEST_P(ReplayProperty, EndsEveryJobOverNoCapacityAndFreesNothingInVain) {
  const QueueSetup given = setup();
  const Outcome outcome = learned(given);
  ASSERT_EQ(outcome.jobs.size(), given.jobs.size());
  std::map<Instant, int64_t> changes;
  for (size_t id = 0; id < given.jobs.size(); ++id) {
    const Job& job = given.jobs[id];
    const JobOutcome& done = outcome.jobs[id];
    ASSERT_FALSE(done.runs.empty());
    EXPECT_EQ(done.runs.back().to, done.ended);
    EXPECT_GE(done.ended - job.visible.submitted, job.duration);
    Instant before = job.visible.submitted;
    Millis held{};
    for (const Stretch& run : done.runs) {
      EXPECT_GE(run.from, before);
      before = run.to;
      held += run.to - run.from;
      changes[run.from] += job.visible.devices;
      changes[run.to] -= job.visible.devices;
    }
    EXPECT_GE(held, job.duration);
  }
  int64_t used = 0;
  for (const auto& [at, change] : changes) {
    used += change;
    EXPECT_LE(used, given.cluster.devices());
  }
  EXPECT_EQ(used, 0);
  EXPECT_EQ(outcome.useless_preemptions, 0);
}

TEST_P(ReplayProperty, IsTheSameTwice) { EXPECT_EQ(learned(setup()), learned(setup())); }

INSTANTIATE_TEST_SUITE_P(Policies, ReplayProperty,
                         testing::Combine(testing::Values("fifo", "easy", "las", "drf", "berth"),
                                          testing::Range(1U, 6U), testing::Bool()));

}  // namespace
}  // namespace berth::sim::queue
