#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "api/inferenceendpoint.h"
#include "kube/request.h"
#include "slo/history.h"
#include "tests/simulation/schedule.h"
#include "tests/simulation/schedule_text.h"

namespace berth::simulation {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Simulation, OfOneSeedIsTheSameRunEveryTime) {
  for (const uint64_t seed : {3, 5}) {
    const Schedule schedule = draw_schedule(seed);
    EXPECT_EQ(schedule.acts, draw_schedule(seed).acts);
    EXPECT_EQ(run(schedule).trace, run(schedule).trace);
  }
}

TEST(Simulation, OfAnotherSeedIsAnotherRun) {
  EXPECT_NE(run(draw_schedule(3)).trace, run(draw_schedule(5)).trace);
}

TEST(Simulation, KnowsAtLeastThirtySixKindsOfFault) {
  size_t faults = 0;
  for (const ActKind& kind : act_kinds()) faults += kind.is_fault ? 1 : 0;
  EXPECT_GE(faults, 36U);
}

TEST(Simulation, HasEndpointsInAboutEveryThirdSchedule) {
  const size_t serve = *kind_named("serve");
  int with = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const Schedule schedule = draw_schedule(seed);
    with += std::any_of(schedule.acts.begin(), schedule.acts.end(),
                        [&](const Act& act) { return act.kind == serve; });
  }
  EXPECT_GT(with, 70);
  EXPECT_LT(with, 130);
}

// Each alone, in the middle of work, so that one that breaks by itself is named by the test.
TEST(Simulation, SurvivesEachKindOfFaultAlone) {
  for (size_t kind = 0; kind < act_kinds().size(); ++kind) {
    if (!act_kinds()[kind].is_fault || act_kinds()[kind].weight == 0) continue;
    SCOPED_TRACE(act_kinds()[kind].name);
    Schedule schedule;
    const size_t submit = *kind_named("submit");
    for (uint32_t i = 0; i < 6; ++i) {
      schedule.acts.push_back({Millis{i * 500}, submit, {i * 7, 8 + i, i}});
    }
    if (act_kinds()[kind].is_of_endpoints) {
      // Between one replica and two, with a promise and six requests in flight.
      schedule.acts.insert(schedule.acts.begin(), {Millis{0}, *kind_named("serve"), {485, 0, 0}});
      schedule.acts.push_back({Millis{9'000}, kind, {11, 5, 3}});
    } else {
      schedule.acts.push_back({Millis{2'600}, kind, {11, 5, 3}});
    }
    EXPECT_THAT(run(schedule).broken, IsEmpty());
  }
}

// Schedules that once failed, cut down to what it took.
TEST(Simulation, SurvivesWhatOnceBrokeIt) {
  size_t played = 0;
  for (const auto& file : std::filesystem::directory_iterator("tests/simulation/pinned")) {
    if (file.path().extension() != ".schedule") continue;
    SCOPED_TRACE(file.path().filename().string());
    std::ifstream in(file.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto schedule = parse_schedule(text);
    ASSERT_TRUE(schedule.ok()) << schedule.error().message;
    EXPECT_THAT(run(*schedule).broken, IsEmpty());
    ++played;
  }
  EXPECT_GT(played, 0U);
}

TEST(ScheduleText, ComesBackAsItWas) {
  const Schedule schedule = draw_schedule(7);
  const auto read = parse_schedule("# why it is kept\n\n" + text_of(schedule));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->acts, schedule.acts);
  EXPECT_EQ(text_of(*read), text_of(schedule));
}

TEST(ScheduleText, NamesTheLineThatItCannotRead) {
  const auto read =
      parse_schedule("seed 1, fenced, latency up to 0 ms\n  1.000 s  nonsense 1 2 3\n");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, testing::HasSubstr("line 2"));
  EXPECT_FALSE(parse_schedule("").ok());
  EXPECT_FALSE(parse_schedule("seed x, fenced").ok());
}

TEST(Shrink, KeepsOnlyTheActsThatItTakes) {
  Schedule schedule;
  for (int i = 0; i < 37; ++i) schedule.acts.push_back({Millis{i}, 0, {}});
  int runs = 0;
  const Schedule least = shrink(schedule, [&](const Schedule& part) {
    ++runs;
    const auto has = [&](int at) {
      return std::any_of(part.acts.begin(), part.acts.end(),
                         [&](const Act& act) { return act.at == Millis{at}; });
    };
    return has(5) && has(30);
  });
  ASSERT_EQ(least.acts.size(), 2U);
  EXPECT_EQ(least.acts[0].at, Millis{5});
  EXPECT_EQ(least.acts[1].at, Millis{30});
  EXPECT_LT(runs, 80);
}

// What nobody may write, written by the test: the checker has to see it.
class Seen : public testing::Test {
 protected:
  Seen() : simulation_({.seed = 1}) {
    simulation_.cluster.in("blue").job("train", 1, 2).pass(std::chrono::seconds(3));
    EXPECT_THAT(simulation_.broken(), IsEmpty());
  }
  void write(const kube::Request& request) { simulation_.cluster.server.handle(request); }
  void write_job(const Json& status) {
    write(kube::patch_status(kube::kGpuJobs, "blue", "train", {{"status", status}}));
  }
  void gave_way_to(const std::string& job, const std::string& whom) {
    const Json attempts = {{{"attempt", 1}, {"cause", "Preempted"}}};
    const Json ready = {{"type", "Ready"},
                        {"status", "False"},
                        {"reason", "Preempted"},
                        {"lastTransitionTime", "2027-01-15T08:00:00Z"},
                        {"message", "gives way to " + whom}};
    write(kube::patch_status(kube::kGpuJobs, "blue", job,
                             {{"status", {{"attempts", attempts}, {"conditions", {ready}}}}}));
  }
  void breaks(const std::string& invariant) {
    EXPECT_THAT(simulation_.broken(), Contains(StartsWith(invariant + ": ")));
  }

  Simulation simulation_;
};

TEST_F(Seen, AChargeThatNoLongerCoversWhatIsPlaced) {
  Json status = api::to_json(simulation_.cluster.quota_named("blue")).at("status");
  status["limits"][0]["used"] = 1;
  write(kube::patch_status(kube::kQuotas, "", "blue", {{"status", status}}));
  breaks("charge_covers");
}

TEST_F(Seen, AnEpochThatGoesBack) {
  simulation_.cluster.server.validate_with(kube::kQuotas, {});
  write(kube::patch_status(kube::kQuotas, "", "blue", {{"status", {{"epoch", 0}}}}));
  breaks("epoch_monotone");
}

TEST_F(Seen, APlacementThatIsClearedWhileItsPodLives) {
  write_job({{"placement", nullptr}});
  breaks("released_before_gone");
  breaks("conditions_truthful");
}

TEST_F(Seen, AWorkerThatIsMovedWithinItsAttempt) {
  const api::GpuJob job = simulation_.cluster.job_named("train");
  Json placement = api::to_json(job).at("status").at("placement");
  placement["workers"][0]["node"] = "node-7x";
  write_job({{"placement", placement}});
  breaks("placement_stands");
}

TEST_F(Seen, ASecondPodOfAWorker) {
  Json pod = simulation_.cluster.pod("train-1-0");
  pod["metadata"]["name"] = "train-2-0";
  for (const char* own : {"uid", "resourceVersion", "creationTimestamp"}) {
    pod["metadata"].erase(own);
  }
  write(kube::create(kube::kPods, pod));
  breaks("one_pod_per_worker");
}

TEST_F(Seen, AJobThatIsOverAndGoesOn) {
  simulation_.cluster.finish("train-1-0", 0).pass(std::chrono::seconds(3));
  ASSERT_TRUE(simulation_.cluster.is_finished("train"));
  write_job({{"conditions", Json::array()}});
  breaks("terminal_is_terminal");
}

TEST_F(Seen, ALeaseTakenFromWhoHoldsIt) {
  const auto& settings = simulation_.cluster.settings;
  Json lease =
      *simulation_.cluster.server.find(kube::kLeases, settings.name_space, settings.lease_name);
  lease["spec"]["holderIdentity"] = "operator-x";
  write(kube::replace(kube::kLeases, lease));
  breaks("lease_respected");
}

TEST_F(Seen, WorkThatGaveWayToNobody) {
  simulation_.cluster.job("idle", 1, 1, [](auto& job) { job.spec.suspend = true; });
  gave_way_to("train", "blue/idle");
  breaks("evicted_for_somebody");
}

// What is promised, long enough for all to know, and then work of which the test says where it is.
class Promised : public Seen {
 protected:
  template <class K>
  void create(const kube::Resource& resource, const K& wanted) {
    Json object = api::to_json(wanted);
    object.erase("status");
    write(kube::create(resource, object));
    settle();
  }
  void settle() { simulation_.cluster.pass(std::chrono::seconds(20)); }
  void late_job(const integration::Cluster::JobChange& change = {}) {
    simulation_.cluster.in("blue").job("late", 1, 1, change);
  }
  void place(const std::string& node, int64_t devices) {
    const Json worker = {{"node", node}, {"class", integration::kH200}, {"count", devices}};
    const Json placement = {{"attempt", 2}, {"workers", {worker}}};
    write(kube::patch_status(kube::kGpuJobs, "blue", "late",
                             {{"status", {{"placement", placement}}}}));
  }
  static void is_premium(api::GpuJob& job) { job.spec.tier = "premium"; }
};

TEST_F(Promised, ANodeThatAPolicyForbids) {
  api::PlacementPolicy policy;
  policy.meta.name = "here";
  policy.spec.mode = api::PolicyMode::Enforce;
  policy.spec.require = {{.node_label = api::NodeLabelTerm{kRack, api::Operator::In, {"rack-1"}}}};
  create(kube::kPlacementPolicies, policy);
  late_job();
  place("node-2", 1);
  breaks("policy_required");
}

TEST_F(Promised, ATierThatTheTenantMayNotAskFor) {
  simulation_.install_tiers();
  simulation_.cluster.change_quota("blue", [](auto& quota) { quota.spec.tiers = {"spot"}; });
  settle();
  late_job(is_premium);
  place("node-2", 1);
  breaks("tier_offered");
}

TEST_F(Promised, WorkThatNeverGivesWayAndBorrows) {
  simulation_.install_tiers();
  settle();
  late_job(is_premium);
  place("node-2", 9);
  breaks("firm_within_guarantee");
}

TEST_F(Promised, WorkThatNeverGivesWayAndDoes) {
  simulation_.install_tiers();
  settle();
  late_job(is_premium);
  gave_way_to("late", "red/other");
  breaks("firm_stays");
}

TEST_F(Promised, DevicesOfAReservationGivenToOthers) {
  api::Reservation wanted;
  wanted.meta.name = "kept";
  wanted.meta.name_space = "blue";
  wanted.spec.device_class = integration::kH200;
  wanted.spec.count = 4;
  wanted.spec.allow_backfill = false;
  create(kube::kReservations, wanted);
  const Json& kept = *simulation_.cluster.server.find(kube::kReservations, "blue", "kept");
  const std::string node = kept["status"]["nodes"][0]["node"];
  late_job();
  place(node, 1);
  breaks("reservation_honoured");
}

TEST_F(Promised, AUserOfAReservationThatNeverWas) {
  late_job([](auto& job) { job.spec.reservation = "nowhere"; });
  place("node-2", 1);
  breaks("reservation_honoured");
}

// An endpoint with two replicas, and what no operator does to it.
class SeenServed : public Seen {
 protected:
  SeenServed() {
    api::InferenceEndpoint one;
    one.meta.name = "fraud";
    one.meta.name_space = "blue";
    one.spec.model.uri = "pvc://models/fraud";
    one.spec.worker.image = "example/serve@sha256:" + std::string(64, '0');
    one.spec.worker.devices = {{.device_class = integration::kH200, .count = 1}};
    one.spec.scaling.min_replicas = 2;
    one.spec.scaling.max_replicas = 2;
    one.spec.slo = api::Slo{.availability_basis_points = 9900};
    Json object = api::to_json(one);
    object.erase("status");
    write(kube::create(kube::kInferenceEndpoints, object));
    simulation_.routers.carry({"blue", "fraud"}, {.in_flight = 4});
    simulation_.cluster.pass(std::chrono::minutes(2));
    EXPECT_THAT(simulation_.broken(), IsEmpty());
  }
  Json stored(const kube::Resource& resource, const char* name) {
    Json object = *simulation_.cluster.server.find(resource, "blue", name);
    for (const char* own : {"uid", "resourceVersion", "creationTimestamp"}) {
      object["metadata"].erase(own);
    }
    return object;
  }
  void copy_replica(const char* name) {
    Json copy = stored(kube::kGpuJobs, "fraud-r0");
    copy["metadata"]["name"] = name;
    copy.erase("status");
    write(kube::create(kube::kGpuJobs, copy));
  }
  void write_status(const Json& status) {
    write(kube::patch_status(kube::kInferenceEndpoints, "blue", "fraud", {{"status", status}}));
  }
  void leader_goes() {
    for (integration::Process* process : simulation_.cluster.operators()) {
      if (process->runs()) process->crash();
    }
  }
};

TEST_F(SeenServed, MoreReplicasThanMayBe) {
  leader_goes();
  copy_replica("fraud-r2");
  simulation_.cluster.pass(std::chrono::seconds(11));
  copy_replica("fraud-r3");
  breaks("replicas_bounded");
}

TEST_F(SeenServed, AReplicaThatServesAndIsTakenFromTooFew) {
  simulation_.arrive("operator-0", kube::remove(kube::kGpuJobs, "blue", "fraud-r0"));
  breaks("serving_kept");
}

TEST_F(SeenServed, CountsThatAreLost) {
  write_status({{"slo", {{"counted", slo::History().encode()}}}});
  breaks("counts_monotone");
}

TEST_F(SeenServed, AReplicaThatOutlivesItsEndpoint) {
  leader_goes();
  Json orphan = stored(kube::kGpuJobs, "fraud-r0");
  orphan["metadata"]["name"] = "fraud-r7";
  orphan["metadata"]["ownerReferences"][0]["uid"] = "nobody";
  // As a finalizer of somebody's keeps it.
  orphan["metadata"]["finalizers"] = {"example.com/keep"};
  orphan.erase("status");
  write(kube::create(kube::kGpuJobs, orphan));
  simulation_.calm_down();
  breaks("owned_replicas");
}

TEST_F(SeenServed, AnEndpointThatDoesNotSettle) {
  simulation_.cluster.settings.router.image.clear();
  leader_goes();
  simulation_.calm_down();
  breaks("settled");
}

}  // namespace
}  // namespace berth::simulation
