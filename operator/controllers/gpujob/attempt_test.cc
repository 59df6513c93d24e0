#include "operator/controllers/gpujob/attempt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/controllers/gpujob/testing/situation.h"

namespace berth::control {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A gang on nodes a, b, ...: Gang(3).has(0, running()).has(1, exited(1)).verdict()
struct Gang {
  Situation situation;

  explicit Gang(size_t workers, bool started = true) {
    std::vector<std::string> nodes;
    for (size_t i = 0; i < workers; ++i) nodes.emplace_back(1, static_cast<char>('a' + i));
    situation.placed(nodes);
    if (started) situation.started();
  }
  Gang& has(int64_t index, const PodState& state) {
    situation.pod(index, state);
    return *this;
  }
  Gang& lacks(int64_t index) {
    situation.no_pod("train-1-" + std::to_string(index));
    return *this;
  }
  Gang& lacks_node(const std::string& name) {
    situation.missing.push_back(name);
    return *this;
  }
  Gang& after(Millis time) {
    situation.after(time);
    return *this;
  }
  Verdict verdict() const {
    std::vector<const translate::Pod*> workers;
    for (size_t i = 0; i < situation.job.status.placement->workers.size(); ++i) {
      const std::string name = "train-1-" + std::to_string(i);
      const auto at = std::find_if(situation.pods.begin(), situation.pods.end(),
                                   [&](const auto& pod) { return pod.meta.name == name; });
      workers.push_back(at == situation.pods.end() ? nullptr : &*at);
    }
    return judge({.job = situation.job,
                  .workers = workers,
                  .missing_nodes = situation.missing,
                  .start_counts_from = *situation.job.status.admitted_at,
                  .now = situation.now});
  }
};

TEST(Attempt, GoesOnWhileAllWorkersRun) {
  const Verdict verdict = Gang(2).verdict();
  EXPECT_FALSE(verdict.end);
  EXPECT_EQ(verdict.ready, 2);
}

TEST(Attempt, CountsWorkersThatAreDoneAsReady) {
  const Verdict verdict = Gang(2).has(0, exited(0)).verdict();
  EXPECT_FALSE(verdict.end);
  EXPECT_EQ(verdict.ready, 2);
}

TEST(Attempt, CountsAWorkerAsDoneOnceItsContainerIsAndBeforeItsPodIs) {
  PodState leaving = exited(0);
  leaving.phase = translate::PodPhase::Running;
  const Verdict verdict = Gang(2).has(0, leaving).verdict();
  EXPECT_EQ(verdict.ready, 2);
  EXPECT_FALSE(verdict.end);
}

TEST(Attempt, IsCompleteWhenAllWorkersExitedWithZero) {
  EXPECT_EQ(Gang(2).has(0, exited(0)).has(1, exited(0)).verdict().end, EndCause::Completed);
}

TEST(Attempt, IsCompleteEvenWhenItWasTooShortToBeSeenReady) {
  EXPECT_EQ(Gang(2, false).has(0, exited(0)).has(1, exited(0)).verdict().end, EndCause::Completed);
}

TEST(Attempt, ASuccessThatIsBeingDeletedIsASuccess) {
  EXPECT_EQ(Gang(1).has(0, exited(0).being_deleted()).verdict().end, EndCause::Completed);
}

// ---- exit codes ----

struct ExitCase {
  const char* what;
  PodState state;
  EndCause want;
};

TEST(Attempt, ReadsTheCauseOffTheExitCode) {
  const ExitCase cases[] = {
      {"any other code is a failure", exited(1), EndCause::Failed},
      {"127 too", exited(127), EndCause::Failed},
      {"64 is a wrong configuration", exited(64), EndCause::NonRetriableExit},
      {"42 checkpointed on request", exited(42), EndCause::Preempted},
      {"128+n alone is a failure", exited(137), EndCause::Failed},
      {"SIGTERM from inside too", exited(143), EndCause::Failed},
      {"out of memory too", exited(137).because("OOMKilled"), EndCause::Failed},
      {"128+n with DisruptionTarget", exited(137).taken_away(), EndCause::Preempted},
      {"any code with DisruptionTarget", exited(1).taken_away(), EndCause::Preempted},
      {"128+n while being deleted", exited(143).being_deleted(), EndCause::Preempted},
      {"its node went away", exited(255).because("NodeLost"), EndCause::Preempted},
      {"deleted while it runs", running().being_deleted(), EndCause::Preempted},
      {"disruption announced", running().taken_away(), EndCause::Preempted},
      {"deleted before it ran", pending().being_deleted(), EndCause::Preempted},
  };
  for (const ExitCase& c : cases) {
    EXPECT_EQ(Gang(1).has(0, c.state).verdict().end, c.want) << c.what;
  }
}

TEST(Attempt, SaysWhichWorkerEndedHowAndWhere) {
  EXPECT_EQ(Gang(2).has(1, exited(1).because("OOMKilled")).verdict().message,
            "train-1-1 on b exited with 1 (OOMKilled)");
}

TEST(Attempt, SaysWhatTheWorkerSaidOfIt) {
  const PodState failed = exited(64).saying(R"({"error":"--sha256: the model\nis another"})");
  EXPECT_EQ(Gang(1).has(0, failed).verdict().message,
            "train-1-0 on a exited with 64, --sha256: the model is another");
  EXPECT_EQ(Gang(1).has(0, exited(1).saying("Segmentation fault")).verdict().message,
            "train-1-0 on a exited with 1");
}

// ---- the worst decides ----

TEST(Attempt, PeersThatFailBesideADrainedWorkerCountAsPreemption) {
  const Verdict verdict =
      Gang(3).has(0, exited(1)).has(1, exited(143).taken_away()).has(2, exited(139)).verdict();
  EXPECT_EQ(verdict.end, EndCause::Preempted);
  EXPECT_THAT(verdict.message, HasSubstr("train-1-1"));
}

TEST(Attempt, PeersThatFailBesideARejectedWorkerCostNothing) {
  EXPECT_EQ(Gang(2, false).has(0, exited(1)).has(1, rejected("OutOfcpu")).verdict().end,
            EndCause::PlanFailed);
}

TEST(Attempt, AWrongConfigurationIsWorseThanADrain) {
  EXPECT_EQ(Gang(2).has(0, exited(143).taken_away()).has(1, exited(64)).verdict().end,
            EndCause::NonRetriableExit);
}

TEST(Attempt, OneFailureAmongSuccessesIsAFailure) {
  EXPECT_EQ(Gang(2).has(0, exited(0)).has(1, exited(1)).verdict().end, EndCause::Failed);
}

// ---- plans that fail ----

TEST(Attempt, ARejectedPodNamesItsNodeAndWhy) {
  for (const char* reason : {"OutOfcpu", "OutOfnvidia.com/gpu", "UnexpectedAdmissionError"}) {
    const Verdict verdict = Gang(2, false).has(1, rejected(reason)).verdict();
    EXPECT_EQ(verdict.end, EndCause::PlanFailed);
    EXPECT_THAT(verdict.bad_nodes, ElementsAre("b"));
    EXPECT_THAT(verdict.message, HasSubstr(reason));
  }
}

TEST(Attempt, APlanOnANodeThatIsGoneFails) {
  const Verdict verdict = Gang(2, false).lacks_node("b").verdict();
  EXPECT_EQ(verdict.end, EndCause::PlanFailed);
  EXPECT_EQ(verdict.message, "node b is gone");
}

TEST(Attempt, ARunningGangWaitsForThePodsOfANodeThatIsGone) {
  EXPECT_FALSE(Gang(2).lacks_node("b").verdict().end);  // the worker may still write
}

TEST(Attempt, NotReadyInTimeFailsThePlanAndNamesTheNodesToAvoid) {
  Gang gang(3, false);
  gang.has(0, running()).has(1, pending().detailed("ImagePullBackOff"));
  EXPECT_FALSE(gang.after(seconds(899)).verdict().end);
  const Verdict verdict = gang.after(seconds(1)).verdict();
  EXPECT_EQ(verdict.end, EndCause::PlanFailed);
  EXPECT_THAT(verdict.bad_nodes, testing::Contains("b"));
  EXPECT_THAT(verdict.bad_nodes, testing::Not(testing::Contains("a")));
  EXPECT_EQ(verdict.message,
            "not all workers were ready within 900 s, train-1-1: ImagePullBackOff");
}

TEST(Attempt, TheStartTimeoutEndsWithTheStart) {
  EXPECT_FALSE(Gang(2).has(1, starting()).after(seconds(5'000)).verdict().end);
}

TEST(Attempt, AWorkerThatIsBoundElsewhereThanPlannedFailsThePlan) {
  Gang gang(2);
  gang.has(1, running());
  gang.situation.pods.back().node = "z";
  const Verdict verdict = gang.verdict();
  EXPECT_EQ(verdict.end, EndCause::PlanFailed);
  EXPECT_EQ(verdict.message, "train-1-1 is on z and was planned on b");
}

// ---- workers that vanish ----

TEST(Attempt, AWorkerThatVanishesFromARunningGangWasTakenAway) {
  const Verdict verdict = Gang(2).lacks(1).verdict();
  EXPECT_EQ(verdict.end, EndCause::Preempted);
  EXPECT_EQ(verdict.message, "worker 1 is gone");
}

TEST(Attempt, AWorkerThatIsNotThereYetIsNoEnd) {
  EXPECT_FALSE(Gang(2, false).has(0, pending()).verdict().end);
}

// ---- deadline ----

TEST(Attempt, RunsNoLongerThanItMay) {
  Gang gang(1);
  gang.situation.job.spec.limits.max_runtime_seconds = 60;
  EXPECT_FALSE(gang.after(seconds(59)).verdict().end);
  const Verdict verdict = gang.after(seconds(1)).verdict();
  EXPECT_EQ(verdict.end, EndCause::DeadlineExceeded);
  EXPECT_THAT(verdict.message, HasSubstr("60 s"));
}

TEST(Attempt, TimeSpentStartingDoesNotCountAgainstTheDeadline) {
  Gang gang(1, false);
  gang.situation.job.spec.limits.max_runtime_seconds = 60;
  EXPECT_FALSE(gang.has(0, pending()).after(seconds(300)).verdict().end);
}

TEST(Attempt, KeepsCountingSecondsThatTheListHasForgotten) {
  Gang gang(2);
  api::GpuJobStatus& status = gang.situation.job.status;
  status.device_seconds = api::DeviceSeconds{.productive = 180, .lost = 20, .waiting = 999};
  EXPECT_EQ(seconds_run(gang.situation.job, gang.situation.now + seconds(5)), 100 + 5);
}

TEST(Attempt, CausesHaveNamesThatComeBack) {
  for (const EndCause cause :
       {EndCause::Completed, EndCause::Failed, EndCause::NonRetriableExit, EndCause::Preempted,
        EndCause::PlanFailed, EndCause::DeadlineExceeded, EndCause::Suspended}) {
    EXPECT_EQ(end_cause(name_of(cause)), cause);
  }
  EXPECT_FALSE(end_cause("Whatever"));
}

}  // namespace
}  // namespace berth::control
