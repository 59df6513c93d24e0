#include "translate/charges.h"

#include <gtest/gtest.h>

#include "sched/bounds.h"

namespace berth::translate {
namespace {

constexpr const char* kH200 = "nvidia-h200";

Tenancy blue_pays_for(const std::string& name_space) {
  Tenancy tenancy;
  tenancy.quota_of.emplace(name_space, sched::QuotaId{"blue"});
  return tenancy;
}

Pod pod_with(int64_t devices) {
  Pod pod;
  pod.meta.name_space = "team";
  pod.node = "a";
  pod.phase = PodPhase::Running;
  if (devices > 0) pod.requests.devices["nvidia.com/gpu"] = devices;
  pod.requests.room = {500, 1 << 20};
  return pod;
}

sched::Charge only(const std::vector<sched::Charge>& charges) {
  EXPECT_EQ(charges.size(), 1u);
  return charges.empty() ? sched::Charge{} : charges.front();
}

sched::Charge charge_of(const Pod& pod, bool exempt = false) {
  return only(charges_of(pod, kH200, exempt, blue_pays_for("team")));
}

TEST(Charges, OfAPlacementAreOnePerWorkerWithItsRoom) {
  api::GpuJob job;
  job.meta.name_space = "team";
  job.spec.worker.resources = {.cpu = "1500m", .memory = "2Gi"};
  const api::Placement placement{.attempt = 1,
                                 .workers = {{"", "a", kH200, 4}, {"", "b", kH200, 4}}};
  const auto charges = charges_of(job, placement, blue_pays_for("team"));
  ASSERT_EQ(charges.size(), 2u);
  EXPECT_EQ(charges[1], (sched::Charge{.node = {"", "b"},
                                       .device_class = kH200,
                                       .devices = 4,
                                       .room = {1'500, 2LL << 30},
                                       .kind = sched::ChargeKind::Admitted,
                                       .quota = {"blue"}}));
}

TEST(Charges, OfAPlacementWhoseQuotaIsGoneOnlyTakeRoom) {
  api::GpuJob job;
  job.meta.name_space = "elsewhere";
  const api::Placement placement{.attempt = 1, .workers = {{"", "a", kH200, 4}}};
  const auto charge = only(charges_of(job, placement, blue_pays_for("team")));
  EXPECT_EQ(charge.kind, sched::ChargeKind::Unmanaged);
  EXPECT_EQ(charge.devices, 4);
}

TEST(Charges, OfABoundPodThatNobodyAdmittedAreUnadmitted) {
  const sched::Charge charge = charge_of(pod_with(2));
  EXPECT_EQ(charge.kind, sched::ChargeKind::Unadmitted);
  EXPECT_EQ(charge.quota.name, "blue");
  EXPECT_EQ(charge.devices, 2);
}

TEST(Charges, OfAPinnedUngatedPodAreAdmitted) {
  Pod pod = pod_with(2);
  pod.node.clear();
  pod.pinned_node = "b";
  EXPECT_EQ(charge_of(pod).kind, sched::ChargeKind::Admitted);
  EXPECT_EQ(charge_of(pod).node.name, "b");
}

TEST(Charges, OfAGatedPodBeginWithItsPlan) {
  Pod pod = pod_with(2);
  pod.node.clear();
  pod.gated = true;
  EXPECT_TRUE(charges_of(pod, kH200, false, blue_pays_for("team")).empty());
  pod.meta.annotations["berth.dev/plan"] = "c";
  EXPECT_EQ(charge_of(pod).kind, sched::ChargeKind::Admitted);
  EXPECT_EQ(charge_of(pod).node.name, "c");
}

TEST(Charges, OfATerminatingPodStayUntilItHasEnded) {
  Pod pod = pod_with(2);
  pod.meta.deletion = Instant{};
  EXPECT_EQ(charge_of(pod).devices, 2);
  pod.phase = PodPhase::Failed;
  EXPECT_TRUE(charges_of(pod, kH200, false, blue_pays_for("team")).empty());
}

TEST(Charges, OutsideAllQuotasOnlyTakeRoom) {
  EXPECT_EQ(charge_of(pod_with(2), true).kind, sched::ChargeKind::Unmanaged);
  Pod elsewhere = pod_with(2);
  elsewhere.meta.name_space = "elsewhere";
  EXPECT_EQ(charge_of(elsewhere).kind, sched::ChargeKind::Unmanaged);
}

TEST(Charges, OfAPodWithoutDevicesAreItsRoom) {
  const sched::Charge charge = charge_of(pod_with(0));
  EXPECT_EQ(charge.kind, sched::ChargeKind::Unmanaged);
  EXPECT_EQ(charge.devices, 0);
  EXPECT_EQ(charge.room, (sched::Room{500, 1 << 20}));
}

TEST(Charges, OfAPodOfTwoResourcesAreBoundedTogether) {
  Pod pod = pod_with(sched::kMostHeldDevices);
  pod.requests.devices["amd.com/gpu"] = sched::kMostHeldDevices;
  EXPECT_EQ(charge_of(pod).devices, sched::kMostHeldDevices);
}

TEST(Charges, RoomBeyondAllMeasureIsBounded) {
  EXPECT_EQ(room_of({.cpu = "1e30", .memory = "16Ei"}),
            (sched::Room{sched::kMostCpuMilli, sched::kMostMemoryBytes}));
}

TEST(Charges, RoomThatCannotBeReadIsNone) {
  EXPECT_EQ(room_of({.cpu = "lots", .memory = ""}), (sched::Room{}));
}

}  // namespace
}  // namespace berth::translate
