#include "operator/controllers/gpujob/gpujob_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/controllers/gpujob/testing/situation.h"

namespace berth::control {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> names(const std::vector<const translate::Pod*>& pods) {
  std::vector<std::string> out;
  for (const translate::Pod* pod : pods) out.push_back(pod->meta.name);
  return out;
}

bool does_nothing(const JobPlan& plan) {
  return !plan.status && !plan.add_finalizer && !plan.remove_finalizer && !plan.delete_job &&
         !plan.list_pods && plan.rendezvous == Rendezvous{} && plan.create_workers.empty() &&
         plan.delete_pods.empty();
}

// Ends the placed attempt by what its first worker says, and sees its pods go.
Situation& end_attempt(Situation& s, const PodState& how) {
  s.pod(0, how).store();
  s.no_pods().store();
  return s;
}

// ---- waiting and admission ----

TEST(GpuJobPlan, WaitsUntilThePassHasDecided) { EXPECT_TRUE(does_nothing(Situation().plan())); }

TEST(GpuJobPlan, PutsTheFinalizerOnBeforeThePlacementIsWritten) {
  const JobPlan plan = Situation().no_finalizer().grant({"a"}).plan();
  EXPECT_TRUE(plan.add_finalizer);
  EXPECT_FALSE(plan.status);
  EXPECT_THAT(plan.create_workers, IsEmpty());
}

TEST(GpuJobPlan, StoresThePlacementBeforeAnyPodIsMade) {
  Situation s;
  s.workers(2).grant({"a", "b"});
  const JobPlan plan = s.store();
  ASSERT_TRUE(plan.status);
  EXPECT_THAT(plan.create_workers, IsEmpty());
  EXPECT_EQ(plan.status->placement, s.granted);
  EXPECT_EQ(plan.status->attempt, 1);
  EXPECT_EQ(plan.status->admitted_at, s.now);
  EXPECT_EQ(said(s.job, "Admitted"), "True Admitted");
  EXPECT_EQ(condition(s.job, "Admitted")->message, "2 nvidia-h200 on a, b");
  EXPECT_EQ(said(s.job, "Ready"), "False Starting");
  s.granted.reset();
  EXPECT_THAT(s.plan().create_workers, ElementsAre(0, 1));
}

TEST(GpuJobPlan, MakesOnlyTheWorkersThatAreMissing) {
  EXPECT_THAT(Situation().placed({"a", "b", "c"}).pod(1, pending()).plan().create_workers,
              ElementsAre(0, 2));
}

TEST(GpuJobPlan, StartsNoAttemptBesideALiveRestOfAnEarlierOne) {
  Situation s;
  s.grant({"a"}).pod_named("train-1-0", running().being_deleted());
  EXPECT_TRUE(does_nothing(s.plan()));
  s.no_pods();
  EXPECT_TRUE(s.plan().status);
}

TEST(GpuJobPlan, DeletesARestThatNobodyIsChargedForWhileItWaits) {
  Situation s;
  s.pod_named("train-1-0", running());
  EXPECT_THAT(names(s.plan().delete_pods), ElementsAre("train-1-0"));
}

TEST(GpuJobPlan, DeletesALivePodOfTheAttemptBefore) {
  Situation s;
  s.placed({"a"}, 2).pod_named("train-1-0", running()).pod(0, running()).store();
  EXPECT_THAT(names(s.plan().delete_pods), ElementsAre("train-1-0"));
}

TEST(GpuJobPlan, KeepsTheEndedPodsOfTheAttemptBeforeForTheirLogs) {
  Situation s;
  s.placed({"a"}, 3).started();
  s.pod_named("train-1-0", exited(1)).pod_named("train-2-0", exited(1));
  EXPECT_THAT(names(s.plan().delete_pods), ElementsAre("train-1-0"));
}

TEST(GpuJobPlan, AGangIsPublishedWhileItRunsAndWithdrawnAfterItsEndIsStored) {
  Situation s;
  s.placed({"a", "b"}).pod(0, starting()).pod(1, starting());
  for (translate::Pod& pod : s.pods) pod.ip = "10.0.0.1";
  EXPECT_THAT(s.plan().rendezvous.publish, SizeIs(1));
  Named slice;
  slice.meta.name = "train-1-0";
  s.slices = {&slice};
  EXPECT_EQ(s.plan().rendezvous, Rendezvous{});
  s.pod(0, exited(0)).pod(1, exited(0)).store();
  EXPECT_THAT(s.plan().rendezvous.withdraw, ElementsAre("train-1-0"));
}

// ---- holding ----

TEST(GpuJobPlan, SaysWhyItWaitsOnceTheReasonHasLastedASecond) {
  Situation s;
  s.hold(sched::Reason::OverQuota, "wants 8, quota leaves 3", Millis{400});
  EXPECT_TRUE(does_nothing(s.plan()));
  EXPECT_EQ(s.plan().again_at, s.now + Millis{600});
  s.hold(sched::Reason::OverQuota, "wants 8, quota leaves 3", Millis{1'000});
  const JobPlan plan = s.store();
  ASSERT_TRUE(plan.status);
  EXPECT_EQ(said(s.job, "Admitted"), "False OverQuota");
  EXPECT_EQ(condition(s.job, "Admitted")->message, "wants 8, quota leaves 3");
  EXPECT_EQ(said(s.job, "Ready"), "False NotAdmitted");
  EXPECT_THAT(plan.notes, SizeIs(1));
  EXPECT_TRUE(does_nothing(s.plan()));  // said once
}

TEST(GpuJobPlan, NewNumbersOfTheSameReasonAreWrittenAtABoundedRateAndWithoutAnEvent) {
  Situation s;
  s.hold(sched::Reason::OverQuota, "leaves 3", seconds(2)).store();
  s.hold(sched::Reason::OverQuota, "leaves 2", seconds(9), seconds(7));
  EXPECT_FALSE(s.plan().status);
  EXPECT_EQ(s.plan().again_at, s.now + seconds(23));
  s.hold(sched::Reason::OverQuota, "leaves 2", seconds(40), seconds(30));
  const JobPlan plan = s.plan();
  EXPECT_TRUE(plan.status);
  EXPECT_THAT(plan.notes, IsEmpty());
}

TEST(GpuJobPlan, AnswersOfALongQueueAreWrittenAtABoundedRateOverAllOfIt) {
  Situation s;
  s.hold(sched::Reason::NoCapacity, "1 free", seconds(2));
  s.held->waiting = 1'000;
  EXPECT_EQ(s.plan().again_at, s.now + seconds(48));
  s.held->waiting = 1'000'000;
  s.held->age = seconds(60);
  EXPECT_TRUE(s.store().status);
  s.hold(sched::Reason::NoCapacity, "2 free", seconds(90), seconds(90));
  s.held->waiting = 1'000;
  EXPECT_EQ(s.plan().again_at, s.now + seconds(10));
}

TEST(GpuJobPlan, AnAnswerThatStandsIsLookedAtAgainWhenItsNumbersMayBeWritten) {
  Situation s;
  s.hold(sched::Reason::OverQuota, "leaves 3", seconds(2)).store();
  const JobPlan plan = s.plan();
  EXPECT_FALSE(plan.status);
  EXPECT_EQ(plan.again_at, s.now + seconds(30));
}

TEST(GpuJobPlan, ANewReasonDoesNotWaitForTheRefresh) {
  Situation s;
  s.hold(sched::Reason::OverQuota, "leaves 3", seconds(2)).store();
  s.hold(sched::Reason::NoCapacity, "1 free", seconds(1), seconds(2));
  EXPECT_EQ(s.store().notes.size(), 1u);
  EXPECT_EQ(said(s.job, "Admitted"), "False NoCapacity");
}

TEST(GpuJobPlan, ASpecThatAnOlderSchemaLetInIsNamedAndNeverRun) {
  Situation s;
  s.violations = {{"spec.workers.max", "max may not be below min"}};
  s.grant({"a"}).store();
  EXPECT_EQ(said(s.job, "Admitted"), "False InvalidSpec");
  EXPECT_EQ(condition(s.job, "Admitted")->message, "spec.workers.max: max may not be below min");
  EXPECT_FALSE(s.job.status.placement);
  EXPECT_TRUE(does_nothing(s.plan()));
}

// ---- running ----

TEST(GpuJobPlan, IsReadyOnceEveryWorkerIs) {
  Situation s;
  s.placed({"a", "b"}).pod(0, running()).pod(1, pending());
  EXPECT_FALSE(s.plan().status);  // half a gang is no news
  s.pod(1, running()).after(seconds(3)).store();
  EXPECT_EQ(said(s.job, "Ready"), "True AllWorkersReady");
  EXPECT_EQ(s.job.status.started_at, s.now);
  EXPECT_EQ(s.job.status.workers, (api::WorkerCounts{2, 2}));
}

TEST(GpuJobPlan, AQuietLifeIsThreeStatusWrites) {
  Situation s;
  int writes = 0;
  const auto settle = [&] {
    for (int i = 0; i < 5; ++i) writes += s.store().status.has_value() ? 1 : 0;
  };
  s.workers(2).grant({"a", "b"});
  settle();
  s.granted.reset();
  s.pod(0, pending()).pod(1, pending());
  settle();
  s.pod(0, starting());
  settle();
  s.pod(0, running()).pod(1, running());
  settle();
  s.pod(0, exited(0));
  settle();
  s.pod(1, exited(0));
  settle();
  EXPECT_EQ(said(s.job, "Complete"), "True Completed");
  EXPECT_EQ(writes, 3);
}

TEST(GpuJobPlan, CompletionGivesTheDevicesBackInTheSameWrite) {
  Situation s;
  s.placed({"a", "b"}).started().after(seconds(60));
  s.pod(0, exited(0)).pod(1, exited(0)).store();
  EXPECT_EQ(said(s.job, "Complete"), "True Completed");
  EXPECT_EQ(said(s.job, "Ready"), "True Completed");
  EXPECT_EQ(said(s.job, "Admitted"), "False Finished");
  EXPECT_EQ(s.job.status.finished_at, s.now);
  EXPECT_FALSE(s.job.status.placement);
  EXPECT_EQ(s.job.status.device_seconds->productive, 120);
  EXPECT_TRUE(does_nothing(s.plan()));
}

TEST(GpuJobPlan, AJobThatIsOverIsLeftAlone) {
  Situation s;
  s.placed({"a"}).started().pod(0, exited(0)).store();
  s.grant({"b"});
  EXPECT_TRUE(does_nothing(s.plan()));
  s.suspended();
  EXPECT_TRUE(does_nothing(s.plan()));
  EXPECT_FALSE(is_waiting(s.job));
}

// ---- failure ----

TEST(GpuJobPlan, WritesTheEndOfAnAttemptDownBeforeItTouchesItsPods) {
  Situation s;
  s.placed({"a", "b"}).started().pod(0, exited(1));
  const JobPlan ended = s.store();
  ASSERT_TRUE(ended.status);
  EXPECT_THAT(ended.delete_pods, IsEmpty());
  EXPECT_EQ(s.job.status.failures, 1);
  EXPECT_TRUE(s.job.status.placement);  // still charged: a peer runs
  EXPECT_THAT(names(s.plan().delete_pods), ElementsAre("train-1-1"));
  s.pod(1, running().being_deleted());
  EXPECT_TRUE(does_nothing(s.plan()));  // asked once; waits until it is gone
  s.no_pod("train-1-1").store();
  EXPECT_FALSE(s.job.status.placement);
  EXPECT_EQ(s.job.status.failures, 1);
  EXPECT_EQ(said(s.job, "Admitted"), "False Requeued");
  EXPECT_THAT(condition(s.job, "Admitted")->message, HasSubstr("train-1-0 on a exited with 1"));
}

TEST(GpuJobPlan, BacksOffTwiceAsLongAfterEachFailure) {
  Situation s;
  s.job.spec.retry = {.max_failures = 9, .max_preemptions = 20, .backoff_seconds = 30};
  for (const int64_t backoff : {30, 60, 120}) {
    s.placed({"a"}, s.job.status.attempt + 1).started();
    end_attempt(s, exited(1));
    EXPECT_EQ(s.job.status.next_attempt_at, s.now + seconds(backoff));
    EXPECT_EQ(s.plan().again_at, s.now + seconds(backoff));
  }
}

TEST(GpuJobPlan, NeverBacksOffLongerThanAnHour) {
  Situation s;
  s.job.spec.retry = {.max_failures = 100, .max_preemptions = 20, .backoff_seconds = 30};
  s.job.status.failures = 90;
  s.placed({"a"}).started();
  end_attempt(s, exited(1));
  EXPECT_EQ(s.job.status.next_attempt_at, s.now + std::chrono::hours(1));
}

TEST(GpuJobPlan, GivesUpWhenMoreAttemptsFailedThanAreForgiven) {
  Situation s;
  s.job.spec.retry = {.max_failures = 1, .max_preemptions = 20, .backoff_seconds = 0};
  s.placed({"a"}).started();
  end_attempt(s, exited(1));
  EXPECT_EQ(said(s.job, "Failed"), "absent");
  s.placed({"a"}, 2).started();
  end_attempt(s, exited(1));
  EXPECT_EQ(said(s.job, "Failed"), "True MaxFailures");
  EXPECT_THAT(condition(s.job, "Failed")->message, HasSubstr("2 failures: train-2-0 on a exited"));
  EXPECT_EQ(s.job.status.finished_at, s.now);
  EXPECT_TRUE(is_finished(s.job));
}

TEST(GpuJobPlan, AWrongConfigurationIsNeverTriedAgain) {
  Situation s;
  s.placed({"a"}).started();
  end_attempt(s, exited(64));
  EXPECT_EQ(said(s.job, "Failed"), "True NonRetriableExit");
}

TEST(GpuJobPlan, PreemptionsHaveACounterOfTheirOwn) {
  Situation s;
  s.job.spec.retry = {.max_failures = 0, .max_preemptions = 1, .backoff_seconds = 30};
  s.placed({"a"}).started();
  end_attempt(s, exited(143).taken_away());
  EXPECT_EQ(s.job.status.preemptions, 1);
  EXPECT_EQ(s.job.status.failures, 0);
  EXPECT_EQ(said(s.job, "Preempted"), "True Preempted");
  EXPECT_FALSE(s.job.status.next_attempt_at);  // no backoff: it was not its fault
  s.placed({"b"}, 2);
  EXPECT_EQ(said(s.job, "Preempted"), "False Readmitted");
  s.started();
  end_attempt(s, exited(143).taken_away());
  EXPECT_EQ(said(s.job, "Failed"), "True MaxPreemptions");
}

TEST(GpuJobPlan, APlanThatCouldNotStartCostsTheJobNothing) {
  Situation s;
  s.job.spec.retry = {.max_failures = 0, .max_preemptions = 0, .backoff_seconds = 30};
  s.placed({"a", "b"}).pod(0, rejected("OutOfcpu")).pod(1, pending());
  EXPECT_THAT(s.plan().avoid_nodes, ElementsAre("a"));
  s.store();
  s.no_pods().store();
  EXPECT_EQ(said(s.job, "Admitted"), "False PlanFailed");
  EXPECT_EQ(s.job.status.failures + s.job.status.preemptions, 0);
  EXPECT_FALSE(is_finished(s.job));
  EXPECT_TRUE(is_waiting(s.job));
}

TEST(GpuJobPlan, RemembersTheLastTenAttempts) {
  Situation s;
  s.job.spec.retry.max_preemptions = 100;
  for (int64_t attempt = 1; attempt <= 12; ++attempt) {
    s.placed({"a"}, attempt).started();
    end_attempt(s, exited(42));
  }
  EXPECT_THAT(s.job.status.attempts, SizeIs(10));
  EXPECT_EQ(s.job.status.attempts.front().attempt, 3);
  EXPECT_EQ(s.job.status.attempts.back().attempt, 12);
  EXPECT_EQ(s.job.status.attempts.back().cause, "Preempted");
}

// ---- deadlines ----

TEST(GpuJobPlan, LooksAgainWhenTheStartTimeoutEnds) {
  Situation s;
  s.placed({"a"}).pod(0, pending()).after(seconds(100));
  EXPECT_EQ(s.plan().again_at, s.now + seconds(800));
}

TEST(GpuJobPlan, FailsWhenAllAttemptsTogetherRanTooLong) {
  Situation s;
  s.job.spec.limits.max_runtime_seconds = 100;
  s.placed({"a", "a"}).started().after(seconds(70));
  end_attempt(s, exited(42));
  s.after(seconds(500)).placed({"a", "a"}, 2).started();
  EXPECT_EQ(s.plan().again_at, s.now + seconds(30));
  s.after(seconds(29));
  EXPECT_FALSE(s.plan().status);
  s.after(seconds(1)).store();
  EXPECT_THAT(names(s.plan().delete_pods), ElementsAre("train-2-0", "train-2-1"));
  s.no_pods().store();
  EXPECT_EQ(said(s.job, "Failed"), "True DeadlineExceeded");
}

TEST(GpuJobPlan, CountsTheSameSecondsOnWhateverDevicesItRan) {
  Situation s;
  s.job.spec.limits.max_runtime_seconds = 100;
  s.job.spec.worker.devices = {{.device_class = "nvidia-h200", .count = 1},
                               {.device_class = "nvidia-l4", .count = 8}};
  s.placed({"a"});
  s.job.status.placement->workers.front() = {"", "a", "nvidia-l4", 8};
  s.started().after(seconds(30));
  end_attempt(s, exited(42));
  s.placed({"a"}, 2).started();
  EXPECT_EQ(s.plan().again_at, s.now + seconds(70));
}

// ---- suspend, delete, clean up ----

TEST(GpuJobPlan, SuspendStopsTheWorkersAndGivesTheDevicesBack) {
  Situation s;
  s.placed({"a"}).started().suspended().store();
  EXPECT_TRUE(s.job.status.placement);
  EXPECT_THAT(names(s.plan().delete_pods), ElementsAre("train-1-0"));
  s.no_pods().store();
  EXPECT_FALSE(s.job.status.placement);
  s.store();
  EXPECT_EQ(said(s.job, "Admitted"), "False Suspended");
  EXPECT_EQ(said(s.job, "Suspended"), "True Suspended");
  EXPECT_EQ(s.job.status.failures + s.job.status.preemptions, 0);
  EXPECT_TRUE(does_nothing(s.plan()));
  EXPECT_FALSE(is_waiting(s.job));
}

TEST(GpuJobPlan, WorkersThatNobodySawAreAskedForBeforeTheDevicesAreGivenBack) {
  Situation s;
  s.placed({"a"}).suspended().in_doubt = true;
  s.store();
  EXPECT_TRUE(s.job.status.placement) << "its end is stored first, so that nobody binds one";
  EXPECT_TRUE(s.plan().list_pods);
  EXPECT_FALSE(s.plan().status);
  s.pod(0, pending());  // as the server says
  EXPECT_THAT(names(s.plan().delete_pods), ElementsAre("train-1-0"));
  s.no_pods().in_doubt = false;
  s.store();
  EXPECT_FALSE(s.job.status.placement);
}

TEST(GpuJobPlan, ADeletedJobIsKeptUntilItsUnseenWorkersWereAskedFor) {
  Situation s;
  s.placed({"a"}).deleted().in_doubt = true;
  EXPECT_TRUE(s.plan().list_pods);
  EXPECT_FALSE(s.plan().remove_finalizer);
  s.in_doubt = false;
  EXPECT_TRUE(s.plan().remove_finalizer);
}

TEST(GpuJobPlan, ResumesAsANewAttempt) {
  Situation s;
  s.placed({"a"}).started().suspended().store();
  s.no_pods().store();
  s.store();
  s.suspended(false);
  EXPECT_TRUE(is_waiting(s.job));
  s.grant({"b"}).store();
  EXPECT_EQ(s.job.status.placement->attempt, 2);
  EXPECT_EQ(said(s.job, "Suspended"), "False NotSuspended");
}

TEST(GpuJobPlan, AJobCreatedSuspendedSaysSo) {
  Situation s;
  s.suspended().store();
  EXPECT_EQ(said(s.job, "Admitted"), "False Suspended");
  EXPECT_TRUE(does_nothing(s.plan()));
}

TEST(GpuJobPlan, AGrantToASuspendedJobIsNotTaken) {
  Situation s;
  s.suspended().grant({"a"}).store();
  EXPECT_FALSE(s.job.status.placement);
}

TEST(GpuJobPlan, DeletionEndsThePodsBeforeTheFinalizer) {
  Situation s;
  s.placed({"a", "b"}).started().deleted();
  JobPlan plan = s.plan();
  EXPECT_THAT(names(plan.delete_pods), ElementsAre("train-1-0", "train-1-1"));
  EXPECT_FALSE(plan.remove_finalizer);
  s.no_pod("train-1-0").pod(1, running().being_deleted());
  EXPECT_TRUE(does_nothing(s.plan()));
  s.no_pods();
  EXPECT_TRUE(s.plan().remove_finalizer);
}

TEST(GpuJobPlan, EndedPodsDoNotKeepADeletedJob) {
  EXPECT_TRUE(
      Situation().placed({"a"}).started().pod(0, exited(0)).deleted().plan().remove_finalizer);
}

TEST(GpuJobPlan, DeletesAFinishedJobWhenItsTimeIsOver) {
  Situation s;
  s.job.spec.limits.ttl_seconds_after_finished = 60;
  s.placed({"a"}).started().pod(0, exited(0)).store();
  EXPECT_FALSE(s.plan().delete_job);
  EXPECT_EQ(s.plan().again_at, s.now + seconds(60));
  EXPECT_TRUE(s.after(seconds(60)).plan().delete_job);
}

TEST(GpuJobPlan, AFinishedJobWithoutATimeToLiveStays) {
  Situation s;
  s.placed({"a"}).started().pod(0, exited(0)).store();
  EXPECT_FALSE(s.after(std::chrono::hours(10'000)).plan().delete_job);
}

// ---- what workers say ----

TEST(GpuJobPlan, TakesTheResultFromTheFirstWorkersLastWords) {
  Situation s;
  s.placed({"a", "b"}).started();
  s.pod(0, exited(0).saying(R"({"step":50,"metrics":{"accuracy":"0.97"}})"));
  s.pod(1, exited(0).saying(R"({"step":50,"metrics":{"accuracy":"0.11"}})")).store();
  EXPECT_EQ(s.job.status.result.at("accuracy"), "0.97");
  EXPECT_EQ(s.job.status.progress->step, 50);
}

TEST(GpuJobPlan, WhatFollowedTheLastCheckpointIsLost) {
  Situation s;
  s.workers(1, 4).placed({"a"}).started().after(seconds(40));
  s.job.status.checkpoint = api::CheckpointStatus{.step = 10, .at = s.now};
  s.after(seconds(20));
  end_attempt(s, exited(1));
  EXPECT_EQ(s.job.status.device_seconds->productive, 4 * 40);
  EXPECT_EQ(s.job.status.device_seconds->lost, 4 * 20);
  EXPECT_EQ(s.job.status.attempts.back().lost_device_seconds, 4 * 20);
}

// ---- starting ----

TEST(GpuJobPlan, SaysWhatKeepsAWorkerFromStartingOnceThatLasts) {
  Situation s;
  s.placed({"a", "b"}).pod(0, running());
  s.pod(1, pending().detailed("persistentvolumeclaim \"data\" not found"));
  EXPECT_TRUE(does_nothing(s.plan()));
  EXPECT_EQ(s.plan().again_at, s.now + seconds(10));
  s.after(seconds(10)).store();
  EXPECT_EQ(said(s.job, "Ready"), "False Starting");
  EXPECT_EQ(condition(s.job, "Ready")->message,
            "1 of 2 workers ready, train-1-1: persistentvolumeclaim \"data\" not found");
  EXPECT_TRUE(does_nothing(s.plan()));
}

// ---- the last word of workers that were asked to end ----

constexpr const char* kSaved = R"({"step":40,"checkpointStep":40})";

// Suspended after a minute of running, with its end stored and its worker still there.
Situation suspended_after_a_minute() {
  Situation s;
  s.placed({"a"}).started().after(seconds(60)).suspended().store();
  EXPECT_EQ(s.job.status.attempts.back().lost_device_seconds, 60);
  return s;
}

TEST(GpuJobPlan, ACheckpointWrittenOnRequestSavesWhatWasBookedAsLost) {
  Situation s = suspended_after_a_minute();
  s.pod(0, exited(42).saying(kSaved)).store();
  EXPECT_EQ(s.job.status.checkpoint->step, 40);
  EXPECT_EQ(s.job.status.attempts.back().lost_device_seconds, 0);
  EXPECT_EQ(*s.job.status.device_seconds, (api::DeviceSeconds{60, 0, 0}));
  EXPECT_FALSE(s.job.status.placement);
}

TEST(GpuJobPlan, TheLastWordCountsAlsoOfAPodThatIsGone) {
  Situation s = suspended_after_a_minute();
  s.last_word = LastWord{"train-1-0", kSaved};
  s.no_pods().store();
  EXPECT_EQ(s.job.status.checkpoint->step, 40);
  EXPECT_EQ(s.job.status.device_seconds->lost, 0);
}

TEST(GpuJobPlan, TheLastWordOfAnotherAttemptDoesNotCount) {
  Situation s = suspended_after_a_minute();
  s.last_word = LastWord{"train-7-0", kSaved};
  s.no_pods().store();
  EXPECT_FALSE(s.job.status.checkpoint);
  EXPECT_EQ(s.job.status.device_seconds->lost, 60);
}

TEST(GpuJobPlan, WithoutANewCheckpointWhatIsLostStaysLost) {
  Situation s = suspended_after_a_minute();
  s.pod(0, exited(1).saying(R"({"step":40})")).store();
  EXPECT_EQ(s.job.status.device_seconds->lost, 60);
}

TEST(GpuJobPlan, APreemptionSaysWhatItCostInTheEnd) {
  Situation s;
  s.placed({"a", "b"}).started().after(seconds(60));
  s.pod(1, running().taken_away()).store();
  EXPECT_THAT(condition(s.job, "Preempted")->message, HasSubstr("lost 120 device-seconds"));
  s.pod(0, exited(42).saying(kSaved)).pod(1, exited(42)).store();
  EXPECT_THAT(condition(s.job, "Preempted")->message, HasSubstr("lost 0 device-seconds"));
}

}  // namespace
}  // namespace berth::control
