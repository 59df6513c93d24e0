#include "sched/ledger.h"

#include <gtest/gtest.h>

#include <random>

namespace berth::sched {
namespace {

Charge charge(const std::string& node, int64_t devices, ChargeKind kind = ChargeKind::Admitted) {
  return {.node = {"", node},
          .device_class = "nvidia-h200",
          .devices = devices,
          .room = {1'000, 1'024},
          .kind = kind,
          .quota = {"blue"}};
}

TEST(Ledger, SumsByNodeAndByQuota) {
  Ledger ledger;
  ledger.set("job", {charge("a", 2), charge("b", 3)});
  ledger.set("pod", {charge("a", 1, ChargeKind::Unadmitted)});
  EXPECT_EQ(ledger.on({"", "a"}).devices, 3);
  EXPECT_EQ(ledger.on({"", "a"}).workers, 2);
  EXPECT_EQ(ledger.of({"blue"}).admitted.at("nvidia-h200"), 5);
  EXPECT_EQ(ledger.of({"blue"}).unadmitted.at("nvidia-h200"), 1);
}

TEST(Ledger, ReplacesWhatASourceHeldAndForgetsAnEmptyOne) {
  Ledger ledger;
  ledger.set("job", {charge("a", 2)});
  ledger.set("job", {charge("b", 1)});
  EXPECT_EQ(ledger.on({"", "a"}), NodeUse{});
  ledger.set("job", {});
  EXPECT_TRUE(ledger.quotas().empty());
  EXPECT_EQ(ledger.of({"blue"}), QuotaUse{});
}

TEST(Ledger, UnmanagedHoldingsTakeRoomButNoQuota) {
  Ledger ledger;
  ledger.set("pod", {charge("a", 2, ChargeKind::Unmanaged)});
  EXPECT_EQ(ledger.on({"", "a"}).devices, 2);
  EXPECT_TRUE(ledger.quotas().empty());
}

TEST(Ledger, SumsEqualARecountWhateverHappened) {
  std::mt19937 random{7};
  const auto pick = [&](uint64_t below) { return random() % below; };
  Ledger ledger;
  std::map<std::string, std::vector<Charge>> truth;
  std::map<std::string, std::string> regions;
  for (int step = 0; step < 2'000; ++step) {
    const std::string source = "s" + std::to_string(pick(30));
    std::vector<Charge> charges;
    for (uint64_t i = pick(4); i > 0; --i) {
      charges.push_back(charge("n" + std::to_string(pick(5)), static_cast<int64_t>(1 + pick(8)),
                               static_cast<ChargeKind>(pick(3))));
    }
    truth[source] = charges;
    ledger.set(source, charges);
    const std::string moved = "n" + std::to_string(pick(5));
    regions[moved] = pick(2) == 0 ? "eu" : "";
    ledger.set_region({"", moved}, regions[moved]);
  }
  Ledger recount;
  for (const auto& [node, region] : regions) recount.set_region({"", node}, region);
  for (const auto& [source, charges] : truth) recount.set(source, charges);
  EXPECT_EQ(ledger.quotas(), recount.quotas());
  for (int n = 0; n < 5; ++n) {
    const NodeId node{"", "n" + std::to_string(n)};
    EXPECT_EQ(ledger.on(node), recount.on(node));
  }
}

}  // namespace
}  // namespace berth::sched
