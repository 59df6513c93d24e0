#include "operator/controllers/inferenceendpoint/replica_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "operator/controllers/inferenceendpoint/replica_job.h"

namespace berth::control {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

const Instant kNow{Millis{1'800'000'000'000}};

// An endpoint and its replicas, spoken as sentences.
class Replicas : public testing::Test {
 protected:
  Replicas() {
    endpoint_.meta = {.name = "fraud", .name_space = "risk", .uid = "uid-fraud"};
    endpoint_.spec.model = {.uri = "pvc://models/fraud"};
    endpoint_.spec.worker.image = "example/serve@sha256:0123";
    endpoint_.spec.worker.devices = {{.device_class = "nvidia-l4", .count = 1}};
  }

  api::GpuJob& waiting(int64_t slot, Millis age = seconds(1)) {
    api::GpuJob job = replica_job(endpoint_, slot, {});
    job.meta.uid = "uid-" + job.meta.name;
    job.meta.creation = kNow - age;
    return jobs_.emplace_back(std::move(job));
  }
  api::GpuJob& starting(int64_t slot) {
    api::GpuJob& job = waiting(slot);
    job.status.placement = api::Placement{1, {{"", "node-a", "nvidia-l4", 1}}};
    job.status.attempt = 1;
    return job;
  }
  api::GpuJob& serving(int64_t slot) {
    api::GpuJob& job = starting(slot);
    set(job, "Ready");
    return job;
  }
  // Placed, once ready, and not any more.
  api::GpuJob& silent(int64_t slot, Millis since) {
    api::GpuJob& job = serving(slot);
    api::Condition& ready = job.status.conditions.back();
    ready.status = api::ConditionStatus::False;
    ready.reason = "WorkerNotReady";
    ready.last_transition_time = kNow - since;
    return job;
  }
  api::GpuJob& failed(int64_t slot, Millis ago) {
    api::GpuJob& job = waiting(slot);
    set(job, "Failed");
    job.status.finished_at = kNow - ago;
    return job;
  }
  // Over with success, after it had been ready for so long.
  api::GpuJob& ended(int64_t slot, Millis served, Millis ago) {
    api::GpuJob& job = waiting(slot);
    set(job, "Complete");
    job.status.finished_at = kNow - ago;
    job.status.attempts = {{.attempt = 1,
                            .cause = "Completed",
                            .started_at = kNow - ago - served,
                            .ended_at = kNow - ago}};
    return job;
  }
  static void set_suspended(api::GpuJob& job, api::ConditionStatus status, Millis ago) {
    job.status.conditions = {{.type = "Suspended",
                              .status = status,
                              .last_transition_time = kNow - ago,
                              .reason = "Test"}};
  }
  // Those made so far run what the endpoint said before.
  void change_spec() { endpoint_.spec.worker.max_batch_size += 1; }

  ReplicaPlan scaled_to(int64_t desired) {
    ReplicaFacts facts{.endpoint = endpoint_,
                       .taken = taken_,
                       .desired = desired,
                       .now = kNow,
                       .headroom_percent = headroom_};
    for (const api::GpuJob& job : jobs_) facts.replicas.push_back(&job);
    return plan_replicas(facts);
  }
  static std::vector<std::string> names(const std::vector<const api::GpuJob*>& jobs) {
    std::vector<std::string> names;
    for (const api::GpuJob* job : jobs) names.push_back(job->meta.name);
    return names;
  }

  static std::vector<int64_t> slots(const std::vector<NewReplica>& made) {
    std::vector<int64_t> slots;
    for (const NewReplica& replica : made) slots.push_back(replica.slot);
    return slots;
  }

  api::InferenceEndpoint endpoint_;
  std::deque<api::GpuJob> jobs_;
  std::set<int64_t> taken_;
  int64_t headroom_ = 100;

 private:
  static void set(api::GpuJob& job, std::string type) {
    job.status.conditions.push_back(
        {.type = std::move(type), .status = api::ConditionStatus::True, .reason = "Test"});
  }
};

TEST_F(Replicas, FillTheLowestSlots) {
  serving(1);
  EXPECT_THAT(slots(scaled_to(4).create), ElementsAre(0, 2, 3));
}

TEST_F(Replicas, LeaveNamesToWhoeverHasThem) {
  taken_ = {0, 2};
  EXPECT_THAT(slots(scaled_to(2).create), ElementsAre(1, 3));
}

TEST_F(Replicas, AreAsManyAsWanted) {
  serving(0);
  waiting(1);
  const ReplicaPlan plan = scaled_to(2);
  EXPECT_THAT(plan.create, IsEmpty());
  EXPECT_THAT(plan.remove, IsEmpty());
}

TEST_F(Replicas, GoByWhatIsLostLeastFirst) {
  serving(0);
  serving(1);
  starting(2);
  waiting(3);
  EXPECT_THAT(names(scaled_to(3).remove), ElementsAre("fraud-r3"));
  EXPECT_THAT(names(scaled_to(1).remove), ElementsAre("fraud-r3", "fraud-r2", "fraud-r1"));
}

TEST_F(Replicas, AllGoWhereNoneIsWanted) {
  serving(0);
  failed(1, seconds(1));
  change_spec();
  serving(2);
  EXPECT_EQ(scaled_to(0).remove.size(), 3U);
}

TEST_F(Replicas, OfTheSpecBeforeAreReplacedOneBeyondTheWantedFirst) {
  serving(0);
  serving(1);
  change_spec();
  const ReplicaPlan plan = scaled_to(2);
  EXPECT_THAT(slots(plan.create), ElementsAre(2));
  EXPECT_THAT(plan.remove, IsEmpty());
}

TEST_F(Replicas, OfTheSpecBeforeGoOnceOthersServe) {
  serving(0);
  serving(1);
  change_spec();
  serving(2).status.conditions.back().last_transition_time = kNow - seconds(4);
  EXPECT_THAT(scaled_to(2).remove, IsEmpty()) << "it may fail with its first request";
  EXPECT_THAT(scaled_to(2).again_at, Optional(kNow + seconds(6)));
  jobs_.back().status.conditions.back().last_transition_time = kNow - seconds(10);
  const ReplicaPlan plan = scaled_to(2);
  EXPECT_THAT(names(plan.remove), ElementsAre("fraud-r1"));
  EXPECT_THAT(slots(plan.create), ElementsAre(3)) << "fraud-r1 has its slot until it is gone";
}

TEST_F(Replicas, WithoutASpareDeviceOneOfTheSpecBeforeGivesItsPlace) {
  serving(0);
  change_spec();
  waiting(1, seconds(10));
  EXPECT_THAT(scaled_to(1).remove, IsEmpty());
  EXPECT_THAT(scaled_to(1).again_at, Optional(kNow + seconds(20)));
  jobs_.pop_back();
  waiting(1, seconds(31));
  EXPECT_THAT(names(scaled_to(1).remove), ElementsAre("fraud-r0"));
}

TEST_F(Replicas, OneThatGivesItsPlaceIsEnough) {
  serving(0);
  serving(1).meta.deletion = kNow;
  change_spec();
  waiting(2, seconds(60));
  EXPECT_THAT(scaled_to(2).remove, IsEmpty());
}

TEST_F(Replicas, OfASpecThatFitsNowhereTakeOnePlaceAndNoMore) {
  serving(0);
  change_spec();
  waiting(2, seconds(60));
  EXPECT_THAT(scaled_to(2).remove, IsEmpty());
}

TEST_F(Replicas, ThatDoNotStartTakeNobodysPlace) {
  serving(0);
  change_spec();
  waiting(1, seconds(300)).status.failures = 2;  // waits for its next attempt
  const ReplicaPlan plan = scaled_to(1);
  EXPECT_THAT(plan.remove, IsEmpty());
  EXPECT_THAT(plan.create, IsEmpty());
}

TEST_F(Replicas, ThatAreSuspendedTakeNobodysPlace) {
  serving(0);
  change_spec();
  api::GpuJob& stopped = waiting(1, seconds(60));
  stopped.spec.suspend = true;
  EXPECT_THAT(scaled_to(1).remove, IsEmpty());
  stopped.spec.suspend = false;
  set_suspended(stopped, api::ConditionStatus::True, seconds(50));
  EXPECT_THAT(scaled_to(1).remove, IsEmpty()) << "nobody has looked for a place yet";
  set_suspended(stopped, api::ConditionStatus::False, seconds(10));
  EXPECT_THAT(scaled_to(1).remove, IsEmpty());
  EXPECT_THAT(scaled_to(1).again_at, Optional(kNow + seconds(20)));
}

TEST_F(Replicas, ThatDoNotServeDoNotBlockTheNextSpec) {
  starting(0);
  starting(1);
  change_spec();
  const ReplicaPlan plan = scaled_to(2);
  EXPECT_THAT(names(plan.remove), ElementsAre("fraud-r1", "fraud-r0"));
  EXPECT_THAT(slots(plan.create), ElementsAre(2, 3));
}

TEST_F(Replicas, ThatGaveUpAreMadeAgainAfterAWhile) {
  failed(0, seconds(20));
  EXPECT_THAT(scaled_to(1).create, IsEmpty());
  EXPECT_THAT(scaled_to(1).again_at, Optional(kNow + seconds(40)));
  jobs_.clear();
  failed(0, seconds(61));
  const ReplicaPlan plan = scaled_to(1);
  EXPECT_THAT(names(plan.remove), ElementsAre("fraud-r0"));
  EXPECT_THAT(slots(plan.create), ElementsAre(1));
}

TEST_F(Replicas, ThatEndByThemselvesAtOnceAreMadeAgainAfterAWhile) {
  ended(0, seconds(30), seconds(20));
  EXPECT_THAT(scaled_to(1).create, IsEmpty());
  EXPECT_THAT(scaled_to(1).remove, IsEmpty());
  EXPECT_THAT(scaled_to(1).again_at, Optional(kNow + seconds(40)));
  jobs_.clear();
  ended(0, minutes(2), seconds(20));
  EXPECT_THAT(names(scaled_to(1).remove), ElementsAre("fraud-r0")) << "it had served";
  EXPECT_THAT(slots(scaled_to(1).create), ElementsAre(1));
}

TEST_F(Replicas, ThatGaveUpGoBeforeAnyThatServes) {
  serving(0);
  failed(1, seconds(1));
  EXPECT_THAT(names(scaled_to(1).remove), ElementsAre("fraud-r1"));
}

TEST_F(Replicas, ThatGaveUpWithTheSpecBeforeAreMadeAgainAtOnce) {
  failed(0, seconds(1));
  change_spec();
  EXPECT_THAT(slots(scaled_to(1).create), ElementsAre(1));
}

TEST_F(Replicas, ThatFellSilentAreStoodInForByAnother) {
  serving(0);
  silent(1, seconds(10));
  EXPECT_THAT(scaled_to(2).create, IsEmpty()) << "it may be a blip";
  EXPECT_THAT(scaled_to(2).again_at, Optional(kNow + seconds(5)));
  jobs_.pop_back();
  silent(1, seconds(15));
  EXPECT_THAT(slots(scaled_to(2).create), ElementsAre(2));
  EXPECT_THAT(scaled_to(2).remove, IsEmpty());
  starting(2);
  EXPECT_THAT(scaled_to(2).create, IsEmpty());
  EXPECT_THAT(scaled_to(2).remove, IsEmpty());
}

TEST_F(Replicas, ThatGiveWayBeforeTheyServedAreNotStoodInForAtOnce) {
  serving(0);
  api::GpuJob& evicted = silent(1, seconds(60));
  evicted.status.conditions.back().reason = "Preempted";
  evicted.status.attempts = {{.attempt = 1, .cause = "Preempted", .ended_at = kNow - seconds(1)}};
  EXPECT_THAT(scaled_to(2).create, IsEmpty()) << "its place is about to be free";
  EXPECT_THAT(scaled_to(2).again_at, Optional(kNow + seconds(14)));
  evicted.status.attempts.back().ended_at = kNow - seconds(15);
  EXPECT_THAT(slots(scaled_to(2).create), ElementsAre(2)) << "its pod cannot be told to be gone";
}

TEST_F(Replicas, ThatFellSilentGoOnceEnoughOthersServe) {
  serving(0);
  silent(1, seconds(60));
  serving(2);
  EXPECT_THAT(names(scaled_to(2).remove), ElementsAre("fraud-r1"));
  EXPECT_THAT(scaled_to(2).create, IsEmpty());
}

TEST_F(Replicas, ThatFellSilentAreStoodInForAQuarterAtATime) {
  for (int slot = 0; slot < 4; ++slot) serving(slot);
  for (int slot = 4; slot < 8; ++slot) silent(slot, seconds(60));
  EXPECT_THAT(slots(scaled_to(8).create), ElementsAre(8, 9));
}

TEST_F(Replicas, ThatFellSilentGiveTheirPlaceWhereNoOtherIsSpare) {
  serving(0);
  silent(1, seconds(60));
  waiting(2, seconds(20));
  EXPECT_THAT(scaled_to(2).remove, IsEmpty());
  jobs_.pop_back();
  waiting(2, seconds(30));
  EXPECT_THAT(names(scaled_to(2).remove), ElementsAre("fraud-r1"));
  EXPECT_THAT(scaled_to(2).create, IsEmpty());
}

TEST_F(Replicas, ThatHadAPlaceAMomentAgoTakeNobodys) {
  serving(0);
  serving(1);
  change_spec();
  api::GpuJob& planned_anew = waiting(2, seconds(60));
  planned_anew.status.attempts = {
      {.attempt = 1, .cause = "PlanFailed", .ended_at = kNow - seconds(1)}};
  EXPECT_THAT(scaled_to(2).remove, IsEmpty());
  planned_anew.status.attempts.back().ended_at = kNow - seconds(30);
  EXPECT_THAT(names(scaled_to(2).remove), ElementsAre("fraud-r1"));
}

TEST_F(Replicas, ThatWaitWhileOthersFindPlacesTakeNobodys) {
  serving(0);
  change_spec();
  api::GpuJob& placed = starting(1);
  placed.status.admitted_at = kNow - seconds(1);
  waiting(2, seconds(60));
  EXPECT_THAT(scaled_to(2).remove, IsEmpty());
  EXPECT_THAT(scaled_to(2).again_at, Optional(kNow + seconds(29)));
  placed.status.admitted_at = kNow - seconds(30);
  EXPECT_THAT(names(scaled_to(2).remove), ElementsAre("fraud-r0"));
}

TEST_F(Replicas, AboveAsManyAsTheEndpointSaysGiveWay) {
  endpoint_.spec.scaling.preemptible_above_replicas = 1;
  serving(0);
  serving(4);
  const ReplicaPlan plan = scaled_to(3);
  ASSERT_EQ(plan.set_terms.size(), 1U);
  EXPECT_EQ(plan.set_terms[0].replica->meta.name, "fraud-r4");
  EXPECT_TRUE(plan.set_terms[0].terms.preemptible);
  EXPECT_THAT(plan.create, ElementsAre(NewReplica{.slot = 1, .terms = {.preemptible = true}}));
  jobs_[1].spec.replica->preemptible = true;
  EXPECT_THAT(scaled_to(2).set_terms, IsEmpty());
  endpoint_.spec.priority = 7;
  EXPECT_EQ(scaled_to(2).set_terms.size(), 2U) << "their priority changes in place";
  EXPECT_THAT(scaled_to(2).create, IsEmpty());
}

TEST_F(Replicas, ThatGiveWayKnowWhatTheirEndpointCanSpare) {
  endpoint_.spec.scaling.preemptible_above_replicas = 1;
  headroom_ = 40;
  serving(0);
  serving(1);
  const ReplicaPlan plan = scaled_to(2);
  ASSERT_EQ(plan.set_terms.size(), 1U) << "of those that give way to nobody it is not news";
  EXPECT_EQ(plan.set_terms[0].terms, (ReplicaTerms{.preemptible = true, .headroom_percent = 40}));
}

TEST(ReplicaNames, AreReadBackOnlyAsTheyAreWritten) {
  EXPECT_EQ(slot_of("fraud", "fraud-r12"), 12);
  for (const char* other : {"fraud-r", "fraud-r01", "fraud-r-1", "fraud-r1x", "fraud-1", "fra-r1"})
    EXPECT_EQ(slot_of("fraud", other), std::nullopt) << other;
}

}  // namespace
}  // namespace berth::control
