#include "sched/core/rejections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kSlow = "nvidia-l4";
constexpr const char* kOld = "nvidia-t4";

// "Devices nvidia-l4 Dearer 8/4", one per alternative; victims last.
std::vector<std::string> lines_of(const std::vector<Rejected>& rejected) {
  std::vector<std::string> lines;
  for (const Rejected& one : rejected) {
    std::string line(name_of(one.what));
    if (!one.name.empty()) line += " " + one.name;
    if (one.workers) line += " x" + std::to_string(*one.workers);
    line += " " + std::string(one.reason ? name_of(*one.reason) : name_of(one.why));
    if (one.its) line += " " + std::to_string(*one.its);
    if (one.taken) line += "/" + std::to_string(*one.taken);
    for (const WorkloadId& victim : one.victims) line += " " + victim.uid;
    lines.push_back(std::move(line));
  }
  return lines;
}

// One tenant that may have everything of three classes.
struct Market : Scene {
  Market() {
    Quota blue{.id = {"blue"}};
    for (const char* device_class : {kGpu, kSlow, kOld}) {
      blue.limits[device_class] = {.guaranteed = 64};
    }
    quotas.push_back(std::move(blue));
    world.set_quotas(quotas);
  }
  Market& other(const std::string& name, const DeviceClass& device_class, int64_t devices) {
    world.set_node({.id = {"", name},
                    .device_class = device_class,
                    .devices = devices,
                    .room = {64'000, 1LL << 40},
                    .workers = 110});
    return *this;
  }
  Market& wants(std::vector<Alternative> alternatives, Options o) {
    ask("x", "blue", static_cast<int>(alternatives.front().counts.size()), 1, o);
    asks.back().alternatives = std::move(alternatives);
    asks.back().shape = shape_of(asks.back());
    return *this;
  }
  Market& wants(std::vector<Alternative> alternatives) {
    return wants(std::move(alternatives), Options{});
  }
  std::vector<std::string> rejected() {
    const auto decisions = decide();
    const Decision& last = decisions.back();
    if (const auto* admit = std::get_if<Admit>(&last)) return lines_of(admit->rejected);
    if (const auto* preempt = std::get_if<Preempt>(&last))
      return lines_of(preempt->placement.rejected);
    return {"held"};
  }
};

TEST(Rejections, AreNoneWhereThereWasNothingElse) {
  Market market;
  market.node("a", 8).ask("x", "blue", 1, 8);
  EXPECT_THAT(market.rejected(), IsEmpty());
}

TEST(Rejections, SayWhatStoodInTheWayOfEachClassThatWasTriedBefore) {
  Market market;
  market.node("a", 8).run("r", "blue", {{"a", 6}});
  market.other("b", kSlow, 4).other("c", kOld, 8);
  market.wants({{kGpu, {4}}, {kSlow, {8}}, {"nvidia-a10", {1}}, {kOld, {8}}});
  EXPECT_THAT(market.rejected(),
              ElementsAre("Devices nvidia-h200 NoCapacity 2/4", "Devices nvidia-l4 TooLarge 4/8",
                          "Devices nvidia-a10 NoSuchDevice"));
}

TEST(Rejections, SayWhatDearerClassesWouldHaveCost) {
  Market market;
  market.other("b", kSlow, 8).other("c", kOld, 8).node("a", 8);
  Outlook outlook;
  outlook.micro_usd_per_hour = {{kGpu, 4'000'000}, {kSlow, 1'000'000}};
  market.world.set_outlook(outlook);
  market.wants({{kGpu, {1}}, {kSlow, {1}, 50}, {kOld, {1}}}, {.hours = 2});
  // Two hours for 4 dollars, or four for 1; an hour of its time is worth one.
  EXPECT_THAT(market.rejected(), ElementsAre("Devices nvidia-h200 Dearer 10000000/8000000",
                                             "Devices nvidia-t4 Later"));
}

TEST(Rejections, NameTheRegionThatHadNoRoom) {
  Scene scene;
  const auto in = [&](const std::string& name, int64_t devices, const std::string& region) {
    scene.world.set_node({.id = {"", name},
                          .device_class = kGpu,
                          .devices = devices,
                          .room = {64'000, 1LL << 40},
                          .workers = 110,
                          .labels = {{kRegionLabel, region}}});
  };
  in("e1", 4, "eu");
  in("e2", 4, "eu");
  in("u", 8, "us");
  scene.quotas.push_back(
      {.id = {"blue"},
       .limits = {{"nvidia-h200@eu", {.guaranteed = 8}}, {"nvidia-h200@us", {.guaranteed = 8}}}});
  scene.world.set_quotas(scene.quotas);
  scene.ask("x", "blue", 1, 8);
  const auto decisions = scene.decide();
  EXPECT_EQ(Scene::line(decisions.front()), "x on u");
  EXPECT_THAT(lines_of(std::get<Admit>(decisions.front()).rejected),
              ElementsAre("Devices nvidia-h200@eu Fragmented 8/8"));
}

TEST(Rejections, NameTheNodeThatWasNext) {
  Market market;
  market.node("a", 8).node("b", 8).node("c", 8).run("r", "blue", {{"c", 4}});
  market.ask("x", "blue", 1, 4);
  const auto decisions = market.decide();
  const auto& admit = std::get<Admit>(decisions.front());
  EXPECT_EQ(Scene::line(admit), "x on c");
  ASSERT_THAT(admit.rejected, SizeIs(1));
  EXPECT_EQ(admit.rejected.front().name, "a");
  EXPECT_EQ(admit.rejected.front().what, Rejected::What::Node);
  EXPECT_LT(admit.rejected.front().its, admit.rejected.front().taken);
}

TEST(Rejections, DoNotNameANodeThatAnotherWorkerOfTheGangGot) {
  Market market;
  market.node("a", 8).node("b", 8).ask("x", "blue", 2, 8);
  EXPECT_THAT(market.rejected(), IsEmpty());
}

TEST(Rejections, NameTheDomainThatWasNext) {
  Market market;
  market.node("a1", 8, "a").node("a2", 8, "a").node("b1", 8, "b").node("b2", 4, "b");
  market.node("c1", 8, "c");
  market.ask("x", "blue", 3, 4, {.near = Nearness{{"rack"}, true}});
  EXPECT_THAT(market.rejected(), ElementsAre("Domain rack=a Worse 16/12"));
}

TEST(Rejections, NameWhoElseCouldHaveGivenWayAndAtWhatCost) {
  Market market;
  market.node("a", 8).node("b", 8).node("c", 8);
  market.run("old", "blue", {{"a", 8}}, {.tier = "Spot", .hours_ago = 9});
  market.run("young", "blue", {{"b", 8}}, {.tier = "Spot", .hours_ago = 1});
  market.run("older", "blue", {{"c", 8}}, {.tier = "Spot", .hours_ago = 20});
  market.ask("x", "blue", 1, 8);
  const std::string cost =
      std::to_string(8 * 9 * kDeviceHour) + "/" + std::to_string(8 * 1 * kDeviceHour);
  EXPECT_EQ(market.told(), "x on b for young\n");
  EXPECT_THAT(market.rejected(), ElementsAre("Devices nvidia-h200 NoCapacity 0/8",
                                             "Victims a Dearer " + cost + " old"));
}

TEST(Rejections, SayWhoWasKeptForWantOfAnotherPlace) {
  Market market;
  market.other("d", kSlow, 8).node("a", 8).node("b", 2).node("c", 2);
  market.quota("green", 8).run("g", "green", {{"a", 4}}, {.tier = "Spot"});
  Holder spot{.source = "s"};
  spot.charges = {{{"", "d"}, kSlow, 8, {1'000, 1 << 20}, ChargeKind::Admitted, {"blue"}}};
  spot.run = sched::Run{
      .job = {.id = {"s"}, .devices = 8, .started = market.now - hours{1}, .preemptible = true},
      .tier = "Spot",
      .ends = market.now + hours{1}};
  market.world.set_holder(std::move(spot));
  market.wants({{kGpu, {8}}, {kSlow, {8}}});
  EXPECT_EQ(market.told(), "x on d for s\n");
  EXPECT_THAT(market.rejected(),
              ElementsAre("Devices nvidia-h200 Fragmented 8/8", "Devices nvidia-l4 NoCapacity 0/8",
                          "Victims NotAllowed " + std::to_string(8 * kDeviceHour) + " g"));
}

TEST(Rejections, SayWithHowManyWorkersAnElasticGangHadNoRoom) {
  Market market;
  market.node("a", 8).run("r", "blue", {{"a", 4}});
  market.ask("x", "blue", 4, 2, {.least = 1});
  EXPECT_THAT(market.rejected(), ElementsAre("Devices nvidia-h200 x4 NoCapacity 4/8"));
}

TEST(Rejections, AreNeverMoreThanFour) {
  Market market;
  market.node("a", 8).node("b", 8);
  std::vector<Alternative> many;
  for (int i = 0; i < 9; ++i) many.push_back({"nvidia-x" + std::to_string(i), {1}});
  many.push_back({kGpu, {1}});
  market.wants(std::move(many));
  const auto rejected = market.rejected();
  EXPECT_THAT(rejected, SizeIs(kMostRejected));
  EXPECT_THAT(rejected.back(), ::testing::StartsWith("Node b")) << "what was next has its place";
}

}  // namespace
}  // namespace berth::sched::testing
