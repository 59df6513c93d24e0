#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "sched/fleet/need.h"
#include "sched/share_class.h"
#include "translate/asks.h"
#include "translate/class_values.h"
#include "translate/pools.h"

// Devices that are cut: what their nodes give out, and what serves work that asks for a share.
namespace berth::translate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kGpu = "nvidia.com/gpu";
constexpr const char* kSmall = "nvidia.com/mig-1g.18gb";
constexpr const char* kHalf = "nvidia.com/mig-3g.71gb";

const Accelerators kServed{{kGpu, kSmall, kHalf, "other.com/mig-1g.18gb"}};

api::CapacityPool pool(const std::string& name = "h200") {
  api::CapacityPool made;
  made.meta.name = name;
  made.spec.node_selector = {{"pool", name}};
  made.spec.device_class = "nvidia-h200";
  made.spec.resource = kGpu;
  made.spec.shares = {{kHalf, "71Gi", 43}, {kSmall, "18Gi", 14}};
  return made;
}

Pools settled(const std::vector<api::CapacityPool>& all) {
  std::vector<const api::CapacityPool*> pools;
  for (const api::CapacityPool& one : all) pools.push_back(&one);
  return settle(std::move(pools), kServed);
}

Node node(std::vector<DeviceCount> counts) {
  Node made;
  made.meta.name = "a";
  made.meta.labels = {{"pool", "h200"}};
  made.counts = std::move(counts);
  made.ready = true;
  discover(made);
  return made;
}

std::string given_out(std::vector<DeviceCount> counts) {
  Node made = node(std::move(counts));
  enter(made, settled({pool()}));
  return std::to_string(made.devices) + " " + made.device_class;
}

TEST(Shares, AreCalledByTheirDevicesClassAndTheEndOfTheirResource) {
  EXPECT_EQ(sched::share_class("nvidia-h200", kSmall), "nvidia-h200/mig-1g.18gb");
  EXPECT_EQ(sched::whole_class("nvidia-h200/mig-1g.18gb"), "nvidia-h200");
  EXPECT_EQ(sched::whole_class("nvidia-h200"), "nvidia-h200");
  EXPECT_TRUE(sched::is_share_class("nvidia-h200/mig-1g.18gb"));
  EXPECT_FALSE(sched::is_share_class("nvidia-h200"));
}

TEST(Shares, CostTheirPartOfTheDeviceRoundedUp) {
  EXPECT_EQ(sched::price_of_share(2'500'000, 14), 350'000);
  EXPECT_EQ(sched::price_of_share(7, 14), 1);
  EXPECT_EQ(sched::price_of_share(101, 50), 51);
  EXPECT_EQ(sched::price_of_share(0, 14), 0);
  EXPECT_EQ(sched::price_of_share(kUnlimited, 100), kUnlimited);
}

TEST(Shares, ANodeGivesOutTheKindOfWhichItHasMostAndWholeDevicesWhereItHasAsMany) {
  EXPECT_EQ(given_out({{kGpu, 8, 8}}), "8 nvidia-h200");
  EXPECT_EQ(given_out({{kGpu, 0, 0}, {kSmall, 56, 56}}), "56 nvidia-h200/mig-1g.18gb");
  EXPECT_EQ(given_out({{kGpu, 4, 4}, {kHalf, 8, 8}}), "8 nvidia-h200/mig-3g.71gb");
  EXPECT_EQ(given_out({{kGpu, 4, 4}, {kHalf, 4, 4}}), "4 nvidia-h200");
  EXPECT_EQ(given_out({{kSmall, 3, 3}, {"other.com/mig-1g.18gb", 8, 8}}),
            "3 nvidia-h200/mig-1g.18gb")
      << "the other is none of the pool's";
  EXPECT_EQ(given_out({{kGpu, 0, 0}, {kSmall, 0, 56}}), "0 nvidia-h200/mig-1g.18gb")
      << "it has lost them, and keeps its class";
}

TEST(Shares, ACutNodeKeepsTheTaintOfWholeDevicesAndHasThePriceOfAShare) {
  api::CapacityPool priced = pool();
  priced.spec.micro_usd_per_device_hour = 1'000'000;
  const Pools pools = settled({priced});
  Node cut = node({{kSmall, 14, 14}});
  cut.taints = {{kGpu, "present", "NoSchedule"}};
  EXPECT_FALSE(cut.is_usable());
  EXPECT_TRUE(enter(cut, pools));
  EXPECT_TRUE(cut.is_usable());
  EXPECT_EQ(cut.terms.micro_usd_per_device_hour, 140'000);
  EXPECT_TRUE(pools.is_right(cut));
  EXPECT_EQ(pools.dearest_price("nvidia-h200/mig-1g.18gb"), 140'000);
  EXPECT_EQ(pools.dearest_price("nvidia-h200"), 1'000'000);
  cut.counts = {{kGpu, 8, 8}};
  EXPECT_FALSE(pools.is_right(node({{kGpu, 8, 8}})));
  EXPECT_TRUE(enter(cut, pools));
  EXPECT_EQ(cut.device_class, "nvidia-h200");
  EXPECT_THAT(cut.whole_resource, IsEmpty());
}

TEST(Shares, OfOneNodeNoMoreAreGivenOutThanTheCoreCanTellApart) {
  Node many = node({{kSmall, 80, 84}});
  enter(many, settled({pool()}));
  EXPECT_EQ(many.devices, sched::kMostDevicesPerNode);
  EXPECT_EQ(many.installed, 84);
  EXPECT_EQ(devices_beyond(many), 16);
  EXPECT_EQ(devices_beyond(node({{kGpu, 8, 8}})), 0);
}

TEST(Shares, AResourceIsFoundByTheClassOfItsShares) {
  const Pools pools = settled({pool()});
  EXPECT_EQ(pools.resource_of(kServed, "nvidia-h200/mig-3g.71gb"), kHalf);
  EXPECT_EQ(pools.resource_of(kServed, "nvidia-h200"), kGpu);
  EXPECT_TRUE(pools.has(kServed, "nvidia-h200/mig-1g.18gb", kSmall));
  EXPECT_FALSE(pools.has(kServed, "nvidia-h200/mig-1g.18gb", kGpu));
  EXPECT_FALSE(pools.has(kServed, "nvidia-h200", kSmall));
  EXPECT_EQ(Pools{}.resource_of(kServed, "nvidia-l4/mig-1g.18gb"), kSmall) << "no pool says it";
  EXPECT_EQ(Pools{}.resource_of(kServed, "nvidia-l4/mig-9g.99gb"), "");
  EXPECT_EQ(Pools{}.resource_of({{kSmall, kGpu}}, "nvidia-l4"), kGpu) << "the one that is whole";
}

TEST(Shares, APoolWhoseSharesCannotBeCountsForNothing) {
  const auto problem = [](const auto& change) {
    api::CapacityPool made = pool();
    change(made.spec);
    const Pools pools = settled({made});
    return pools.problems.empty() ? "" : pools.problems.at("h200").reason;
  };
  EXPECT_EQ(problem([](auto&) {}), "");
  EXPECT_EQ(problem([](auto& spec) { spec.memory = "141Gi"; }), "");
  EXPECT_EQ(problem([](auto& spec) { spec.memory = "64Gi"; }), "InvalidShares");
  EXPECT_EQ(problem([](auto& spec) { spec.shares[0].resource = "nvidia.com/mig-7g.141gb"; }),
            "NotGated");
  EXPECT_EQ(problem([](auto& spec) { spec.shares[0].resource = "other.com/mig-1g.18gb"; }),
            "InvalidShares")
      << "both would be called mig-1g.18gb";
}

api::GpuJob job(std::vector<api::DeviceAsk> devices) {
  api::GpuJob made;
  made.meta.name = "serve";
  made.meta.name_space = made.meta.uid = "blue";
  made.spec.workers.min = made.spec.workers.max = 2;
  made.spec.worker.devices = std::move(devices);
  return made;
}

api::DeviceAsk share(const std::string& memory, int64_t percent, int64_t count = 1) {
  return {
      .device_class = "nvidia-h200", .count = count, .share = api::DeviceShare{memory, percent}};
}

Tenancy lists(const std::vector<std::string>& classes) {
  sched::Quota quota{.id = {"q"}};
  for (const std::string& one : classes) quota.limits[one] = {.guaranteed = 8};
  return {.quota_of = {{"blue", {"q"}}}, .quotas = {quota}};
}

std::vector<std::string> wanted(const sched::Ask& ask) {
  std::vector<std::string> names;
  for (const sched::Alternative& one : ask.alternatives) {
    names.push_back(std::to_string(one.total()) + " " + one.device_class);
  }
  return names;
}

TEST(Shares, AnAskIsServedByAllThatHaveAsMuchTheSmallestFirstAtItsPlace) {
  const Pools pools = settled({pool()});
  const auto asked = [&](std::vector<api::DeviceAsk> devices) {
    return wanted(ask_of(job(std::move(devices)), {}, pools, sched::Estimates(), {}));
  };
  EXPECT_THAT(asked({share("10Gi", 10, 3)}),
              ElementsAre("6 nvidia-h200/mig-1g.18gb", "6 nvidia-h200/mig-3g.71gb"));
  EXPECT_THAT(asked({share("20Gi", 10)}), ElementsAre("2 nvidia-h200/mig-3g.71gb"));
  EXPECT_THAT(asked({share("10Gi", 15)}), ElementsAre("2 nvidia-h200/mig-3g.71gb"));
  EXPECT_THAT(asked({{.device_class = "nvidia-l4"}, share("20Gi", 1), {.device_class = "cpu"}}),
              ElementsAre("2 nvidia-l4", "2 nvidia-h200/mig-3g.71gb", "0 cpu"));
}

TEST(Shares, OfTheSharesThatServeThoseCountThatTheQuotaLists) {
  const Pools pools = settled({pool()});
  const auto asked = [&](const Tenancy& tenancy) {
    return wanted(ask_of(job({share("10Gi", 10)}), tenancy, pools, sched::Estimates(), {}));
  };
  EXPECT_THAT(asked(lists({"nvidia-h200", "nvidia-h200/mig-3g.71gb"})),
              ElementsAre("2 nvidia-h200/mig-3g.71gb"));
  EXPECT_THAT(asked(lists({"nvidia-h200"})),
              ElementsAre("2 nvidia-h200/mig-1g.18gb", "2 nvidia-h200/mig-3g.71gb"))
      << "for the pass to say what to list";
}

TEST(Shares, AnAskThatNoShareServesSaysWhatTheLargestHas) {
  const auto unserved = [](const Pools& pools) {
    const sched::Ask ask = ask_of(job({share("80Gi", 50)}), {}, pools, sched::Estimates(), {});
    EXPECT_THAT(ask.alternatives, IsEmpty());
    return ask.unserved;
  };
  EXPECT_EQ(unserved(settled({pool()})),
            "wants shares of nvidia-h200 with 80Gi and 50%, the largest that a CapacityPool names "
            "is mig-3g.71gb with 71Gi and 43%");
  EXPECT_THAT(unserved({}), HasSubstr("no CapacityPool of that class names shares"));
  const Pools pools = settled({pool()});
  const auto other = job({share("80Gi", 50), {.device_class = "nvidia-l4"}});
  EXPECT_THAT(ask_of(other, {}, pools, sched::Estimates(), {}).unserved, IsEmpty())
      << "something serves it";
}

TEST(Shares, CountForTheirPartOfADeviceInFairShares) {
  const ClassValues values =
      values_of(settled({pool()}), {"nvidia-h200", "nvidia-h200/mig-1g.18gb", "nvidia-l4/half"});
  EXPECT_EQ(values.at("nvidia-h200").value, 100);
  EXPECT_EQ(values.at("nvidia-h200/mig-1g.18gb").value, 14);
  EXPECT_EQ(values.at("nvidia-l4/half").value, 100) << "of which no pool says anything";
  api::CapacityPool uncut = pool();
  uncut.spec.shares.clear();
  EXPECT_TRUE(are_same(values_of(settled({uncut}), {"nvidia-h200"}), {}));
  EXPECT_FALSE(are_same(values, {}));
}

TEST(Shares, WhereTwoPoolsDifferAboutAShareItHasTheLessAndTheHigherPrice) {
  api::CapacityPool other = pool("other");
  other.spec.shares = {{kSmall, "16Gi", 20}};
  other.spec.micro_usd_per_device_hour = 100;
  const std::vector<Share> shares = settled({pool(), other}).shares_of("nvidia-h200");
  ASSERT_EQ(shares.size(), 2U);
  EXPECT_EQ(shares[0].memory_bytes, 16LL << 30);
  EXPECT_EQ(shares[0].compute_percent, 14);
  EXPECT_EQ(shares[0].micro_usd_per_hour, 20);
}

}  // namespace
}  // namespace berth::translate
