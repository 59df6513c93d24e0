#include "sim/queue/policy.h"

#include <gtest/gtest.h>

#include "sim/queue/testing/jobs.h"

namespace berth::sim::queue {
namespace {

std::string replayed(const Jobs& jobs) { return starts(jobs.setup, replay_knowing(jobs.setup)); }

TEST(Policies, AreMadeByName) {
  EXPECT_TRUE(make_policy("drf"));
  EXPECT_TRUE(make_policy("berth"));
  EXPECT_EQ(make_policy("sjf").error().message, "policy sjf: want fifo, easy, las, drf or berth");
}

// long runs until 100; wide needs both nodes; small fits beside long, and ends at 60.
Jobs head_of_line(const std::string& policy) {
  Jobs jobs({2, 8}, policy);
  jobs.job("long", 0, 8, 100).job("wide", 10, 16, 50).job("small", 20, 4, 40);
  return jobs;
}

TEST(FifoPolicy, LetsNobodyPassAJobThatDoesNotFit) {
  EXPECT_EQ(replayed(head_of_line("fifo")), "long@0 wide@100 small@150 ");
}

TEST(EasyPolicy, StartsALaterJobThatEndsBeforeTheHeadCanStart) {
  EXPECT_EQ(replayed(head_of_line("easy")), "long@0 small@20 wide@100 ");
}

TEST(EasyPolicy, HoldsALaterJobThatWouldDelayTheHead) {
  Jobs jobs = head_of_line("easy");
  jobs.setup.jobs[2].duration = seconds(81);  // one second too long
  EXPECT_EQ(replayed(jobs), "long@0 wide@100 small@150 ");
}

TEST(EasyPolicy, StartsALongJobOnANodeThatTheHeadDoesNotNeed) {
  Jobs jobs({3, 8}, "easy");
  jobs.job("long", 0, 8, 100).job("other", 0, 8, 300).job("wide", 10, 16, 50);
  jobs.job("tiny", 20, 2, 1000);
  // The head gets the nodes of long and the empty one at 100: tiny may not touch them.
  EXPECT_EQ(replayed(jobs), "long@0 other@0 wide@100 tiny@150 ");
  jobs.setup.jobs[1].visible.devices = 4;  // now there is room beside other
  EXPECT_EQ(replayed(jobs), "long@0 other@0 tiny@20 wide@100 ");
}

TEST(EasyPolicy, CountsDevicesByNodeAndNotInAll) {
  Jobs jobs({2, 8}, "easy");
  jobs.job("a", 0, 5, 100).job("b", 0, 5, 200).job("whole", 10, 8, 50).job("c", 20, 3, 500);
  // Six devices are free, but no node is: whole waits for the node of a, and c goes beside b.
  EXPECT_EQ(replayed(jobs), "a@0 b@0 c@20 whole@100 ");
}

class EasyProperty : public testing::TestWithParam<uint32_t> {};

// Each time a head is blocked, the time promised to it with right guesses is kept or bettered: with
// FIFO order that is, no job starts later than if all jobs behind it had never been.
TEST_P(EasyProperty, NeverDelaysTheHeadWhenGuessesAreRight) {
  const Jobs jobs = Jobs::random(GetParam(), {6, 8}, "easy");
  Oracle oracle(jobs.setup);
  class Watched final : public Policy {
   public:
    Decision decide(const View& view, Instant now) override {
      Decision decision = easy_->decide(view, now);
      for (const Action& action : decision.actions) {
        const JobId id = std::get<Start>(action).job;
        const auto promised = promised_.find(id);
        EXPECT_TRUE(promised == promised_.end() || now <= promised->second) << view.job(id).name;
      }
      note_head(view, now, decision);
      return decision;
    }

   private:
    void note_head(const View& view, Instant now, const Decision& decision) {
      FreeDevices free = view.free;
      std::vector<std::pair<Instant, Placement>> ends;
      for (const JobId id : view.running) {
        ends.emplace_back(now + view.expected_left(id, now), view.of(id).placement);
      }
      std::vector<JobId> left(view.waiting.begin(), view.waiting.end());
      for (const Action& action : decision.actions) {
        const Start& start = std::get<Start>(action);
        free.take(start.placement);
        ends.emplace_back(now + view.expected_left(start.job, now), start.placement);
        left.erase(std::find(left.begin(), left.end(), start.job));
      }
      if (left.empty()) return;
      std::sort(ends.begin(), ends.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
      for (const auto& [end, placement] : ends) {
        free.give(placement);
        if (!free.fits(view.job(left.front()).devices)) continue;
        const auto [at, is_new] = promised_.try_emplace(left.front(), end);
        if (!is_new) at->second = std::min(at->second, end);
        return;
      }
    }
    std::unique_ptr<Policy> easy_ = *make_policy("easy");
    std::map<JobId, Instant> promised_;
  } watched;
  ASSERT_TRUE(replay(jobs.setup, watched, oracle));
}

INSTANTIATE_TEST_SUITE_P(Seeds, EasyProperty, testing::Range(1U, 21U));

TEST(LasPolicy, PreemptsForAJobThatHasHadLess) {
  Jobs jobs({1, 8}, "las");
  jobs.job("old", 0, 8, 7200).job("new", 3600, 8, 100);
  const Outcome outcome = replay_knowing(jobs.setup);
  EXPECT_EQ(starts(jobs.setup, outcome), "old@0 new@3600 ");
  EXPECT_EQ(outcome.preemptions, 1);
  EXPECT_EQ(outcome.useless_preemptions, 0);
  // 30 s until the save is done; old then restores for 60 s and has 3,600 s to go.
  EXPECT_EQ(outcome.jobs[1].ended, Instant(seconds(3600 + 30 + 100)));
  EXPECT_EQ(outcome.jobs[0].ended, Instant(seconds(3730 + 60 + 3600)));
}

TEST(LasPolicy, LeavesAJobAloneForAQuantumAfterItsStart) {
  Jobs jobs({1, 8}, "las");
  jobs.job("old", 0, 8, 7200).job("new", 460, 8, 100);  // old leaves the first queue at 450
  EXPECT_EQ(replayed(jobs), "old@0 new@600 ");
}

TEST(LasPolicy, PreemptsTheYoungestAndNoMoreThanIsNeeded) {
  Jobs jobs({2, 8}, "las");
  jobs.job("a", 0, 8, 7200).job("b", 1, 4, 7200).job("c", 2, 4, 7200).job("new", 3600, 4, 100);
  const Outcome one = replay_knowing(jobs.setup);
  EXPECT_EQ(one.preemptions, 1);
  EXPECT_EQ(one.jobs[2].runs.size(), 2U);
  // A node is wanted and c has not had its hour yet: preempting b, the youngest, would not help.
  jobs.setup.jobs[2].visible.submitted = Instant(seconds(3500));
  jobs.setup.jobs[3].visible.devices = 8;
  const Outcome node = replay_knowing(jobs.setup);
  EXPECT_EQ(node.jobs[3].runs.at(0).from, Instant(seconds(3600)));
  EXPECT_EQ(node.jobs[0].runs.at(0).to, Instant(seconds(3600)));
  EXPECT_EQ(node.jobs[1].runs.size(), 1U);
}

TEST(LasPolicy, IsFirstComeFirstServedWithinAQueue) {
  Jobs jobs({1, 8}, "las");
  jobs.job("a", 0, 8, 400).job("b", 1, 8, 400).job("c", 2, 8, 10);
  EXPECT_EQ(replayed(jobs), "a@0 b@400 c@800 ");
}

TEST(DrfPolicy, AlternatesBetweenTenantsOfEqualWeight) {
  Jobs jobs({1, 4}, "drf");
  for (int at = 0; at < 4; ++at) jobs.job("r" + std::to_string(at), 0, 1, 100 + at, 0);
  for (int at = 0; at < 4; ++at) jobs.job("b" + std::to_string(at), 0, 1, 100 + at, 1);
  EXPECT_EQ(replayed(jobs), "r0@0 r1@0 b0@0 b1@0 r2@100 b2@100 r3@101 b3@101 ");
  jobs.setup.tenants[0].weight = 3;
  EXPECT_EQ(replayed(jobs), "r0@0 r1@0 r2@0 b0@0 r3@100 b1@100 b2@101 b3@102 ");
}

TEST(DrfPolicy, IsEasyForOneTenant) {
  Jobs jobs = Jobs::random(7, {6, 8}, "easy");
  for (Job& job : jobs.setup.jobs) job.visible.tenant = 0;
  const Outcome easy = replay_knowing(jobs.setup);
  jobs.setup.policy = "drf";
  EXPECT_EQ(replay_knowing(jobs.setup), easy);
}

}  // namespace
}  // namespace berth::sim::queue
