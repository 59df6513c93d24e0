#include "translate/outlook.h"

#include <gtest/gtest.h>

namespace berth::translate {
namespace {

constexpr const char* kFast = "nvidia-h200";
constexpr const char* kSlow = "nvidia-l4";

api::GpuJob job(int64_t workers, std::vector<api::DeviceAsk> devices) {
  api::GpuJob made;
  made.spec.workers = {workers, workers};
  made.spec.worker.devices = std::move(devices);
  made.spec.worker.resources.cpu = "4";
  return made;
}

api::DeviceAsk asks(const std::string& device_class, int64_t count) {
  return {.device_class = device_class, .count = count};
}

TEST(Mix, CountsWorkersByWhatTheyTakeAndWhere) {
  Mix mix;
  mix.add(job(2, {asks(kSlow, 1), asks(kFast, 1)}), {});
  mix.add(job(3, {asks(kFast, 1), asks(kSlow, 1), asks("cpu", 1)}), {});
  mix.add(job(9, {asks(kFast, 8)}), {});
  const std::vector<sched::DemandClass> forms = mix.forms();
  ASSERT_EQ(forms.size(), 2U);
  EXPECT_EQ(forms[0].weight, 9);
  EXPECT_EQ(forms[0].need.devices, 8);
  EXPECT_EQ(forms[0].cpu_milli, 4'000);
  EXPECT_EQ(forms[1].weight, 5);
  EXPECT_EQ(forms[1].classes, (std::vector<sched::DeviceClass>{kFast, kSlow}));
}

TEST(Mix, LeavesOutWhatHasEndedOrIsSuspended) {
  Mix mix;
  api::GpuJob ended = job(1, {asks(kFast, 1)});
  ended.status.conditions = {{.type = "Complete", .status = api::ConditionStatus::True}};
  mix.add(ended, {});
  api::GpuJob suspended = job(1, {asks(kFast, 1)});
  suspended.spec.suspend = true;
  mix.add(suspended, {});
  EXPECT_TRUE(mix.forms().empty());
}

TEST(Mix, KeepsTheMostFrequentForms) {
  Mix mix;
  for (int64_t i = 1; i <= 100; ++i) {
    api::GpuJob one = job(i, {asks(kFast, 1)});
    one.spec.worker.resources.cpu = std::to_string(i);
    mix.add(one, {});
  }
  EXPECT_EQ(mix.forms().size(), kMostForms);
  EXPECT_EQ(mix.forms().front().weight, 100);
}

class OutlookTest : public ::testing::Test {
 protected:
  OutlookTest() {
    node("a", kFast, 8);
    node("b", kSlow, 8);
  }
  void node(const std::string& name, const std::string& device_class, int64_t devices) {
    world_.set_node({.id = {"", name},
                     .device_class = device_class,
                     .devices = devices,
                     .room = {64'000, 1LL << 40},
                     .workers = 110});
  }
  sched::World world_;
  Mix mix_;
};

TEST_F(OutlookTest, WhatConstrainedWorkNeedsIsDearForWorkThatIsNot) {
  mix_.add(job(16, {asks(kFast, 1)}), {});
  mix_.add(job(4, {asks(kFast, 1), asks(kSlow, 1)}), {});
  const sched::Outlook outlook = outlook_of(mix_, world_, {});
  EXPECT_GT(outlook.prices.at(kFast), outlook.prices.at(kSlow));
  EXPECT_EQ(outlook.mix.size(), 2U);
}

TEST_F(OutlookTest, KnowsWhatUsersPay) {
  Pools pools;
  pools.pools.push_back(
      {.device_class = kFast, .terms = {.pool = "p", .micro_usd_per_device_hour = 3'000'000}});
  const sched::Outlook outlook = outlook_of(mix_, world_, pools);
  EXPECT_EQ(outlook.micro_usd_per_hour,
            (std::map<sched::DeviceClass, int64_t>{{kFast, 3'000'000}}));
}

TEST_F(OutlookTest, WithoutWorkOrNodesThereIsNothingToExpect) {
  sched::World empty;
  EXPECT_EQ(outlook_of(mix_, empty, {}), sched::Outlook{});
  EXPECT_TRUE(outlook_of(mix_, world_, {}).mix.empty());
}

}  // namespace
}  // namespace berth::translate
