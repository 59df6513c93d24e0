#include "sched/core/regions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "sched/core/book_reservations.h"
#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

constexpr const char* kEu = "nvidia-h200@eu";
constexpr const char* kUs = "nvidia-h200@us";

// Nodes in regions, and quotas that list what they are given.
struct Map : Scene {
  using Limits = std::map<Column, Limit>;
  explicit Map(CoreSettings settings = {}) : Scene(std::move(settings)) {}

  Map& in(const std::string& name, int64_t devices, const std::string& region) {
    Node made{.id = {"", name},
              .device_class = kGpu,
              .devices = devices,
              .room = {64'000, 1LL << 40},
              .workers = 110};
    if (!region.empty()) made.labels[kRegionLabel] = region;
    world.set_node(made);
    return *this;
  }
  Map& lists(const std::string& name, Limits limits, const std::string& parent = "") {
    Quota made{.id = {name}, .limits = std::move(limits)};
    if (!parent.empty()) made.parent = QuotaId{parent};
    quotas.push_back(std::move(made));
    world.set_quotas(quotas);
    return *this;
  }
  std::string message() { return std::get<Hold>(decide().at(0)).message; }
};

TEST(Regions, WorkStaysInTheRegionThatItsQuotaLists) {
  Map map;
  map.in("e", 8, "eu").in("u", 8, "us").lists("blue", {{kEu, {.guaranteed = 4}}});
  map.ask("x", "blue", 1, 4);
  EXPECT_EQ(map.told(), "x on e\n");
  map.ask("y", "blue", 1, 4);
  EXPECT_EQ(map.told(), "x on e\ny OverQuota\n") << "although us is free";
}

TEST(Regions, AHoldNamesTheRegion) {
  Map map;
  map.in("e", 16, "eu").lists("org", {{kEu, {.guaranteed = 4}}});
  map.lists("blue", {{kGpu, {.guaranteed = 8}}}, "org").ask("x", "blue", 1, 8);
  EXPECT_EQ(map.message(), "wants 8 nvidia-h200 in eu, quota org leaves 4");
  Map full;
  full.in("e", 4, "eu").in("u", 8, "us").lists("blue", {{kEu, {.guaranteed = 8}}});
  full.ask("x", "blue", 1, 8);
  EXPECT_EQ(full.message(), "wants 8 nvidia-h200 in eu, usable nodes have 4 in all");
}

TEST(Regions, ADeviceCountsAgainstEveryEntryThatMatchesIt) {
  Map map;
  map.in("e", 16, "eu").in("u", 16, "us");
  map.lists("blue", {{kGpu, {.guaranteed = 6}}, {kEu, {.guaranteed = 4}}});
  map.ask("a", "blue", 1, 4).ask("b", "blue", 1, 2).ask("c", "blue", 1, 1);
  EXPECT_EQ(map.told(), "a on e\nb on u\nc OverQuota\n");
}

TEST(Regions, WhereItIsWithinItsOwnGuaranteeItGoesFirstAndThenWhereMostIsLeft) {
  Map map;
  map.in("a", 8, "asia").in("e", 8, "eu").in("u", 16, "us");
  map.lists("blue", {{kGpu, {.guaranteed = 4, .borrowing = 28}}, {kEu, {.guaranteed = 4}}});
  map.ask("x", "blue", 1, 4).ask("y", "blue", 1, 4);
  EXPECT_EQ(map.told(), "x on e\ny on u\n");
}

TEST(Regions, AGangDoesNotSpanRegionsWhereOneIsLimited) {
  Map map;
  map.in("e", 4, "eu").in("u", 4, "us");
  map.lists("blue", {{kGpu, {.guaranteed = 8}}, {kEu, {.guaranteed = 8}}});
  map.lists("green", {{kGpu, {.guaranteed = 8}}});
  map.ask("x", "blue", 2, 4);
  EXPECT_EQ(map.told(), "x TooLarge\n");
  map.asks.clear();
  map.ask("y", "green", 2, 4);
  EXPECT_EQ(map.told(), "y on e u\n") << "nothing says where green has to be";
}

TEST(Regions, AQuotaAboveThatListsNoRegionDoesNotStandInTheWay) {
  Map map;
  map.in("e", 8, "eu").in("u", 8, "us");
  map.lists("org", {{kGpu, {.borrowing = 8}}});
  map.lists("blue", {{kEu, {.guaranteed = 2, .borrowing = 4}}}, "org");
  map.ask("x", "blue", 1, 6);
  EXPECT_EQ(map.told(), "x on e\n") << "borrowed from the pool through org";
}

TEST(Regions, AGuaranteeInARegionIsReturnedByWhoHasNoRightToBeThere) {
  Map map;
  map.in("e", 4, "eu").in("u", 8, "us");
  map.lists("blue", {{kEu, {.guaranteed = 4}}}).lists("green", {{kGpu, {.guaranteed = 8}}});
  map.run("g1", "green", {{"e", 4}}).run("g2", "green", {{"u", 4}}, {.hours_ago = 1});
  map.ask("x", "blue", 1, 4);
  EXPECT_EQ(map.told(), "x on e for g1\n") << "which it is guaranteed, but not there";
}

TEST(Regions, NobodyTakesWhatARegionGuarantees) {
  Map map;
  map.in("e", 4, "eu").in("u", 4, "us");
  map.lists("blue", {{kEu, {.guaranteed = 4}}, {kUs, {.borrowing = 4}}});
  map.lists("green", {{kGpu, {.guaranteed = 4}}});
  map.run("old", "blue", {{"u", 4}}, {.hours_ago = 9}).run("own", "blue", {{"e", 4}});
  map.ask("x", "green", 1, 4);
  EXPECT_EQ(map.told(), "x on u for old\n") << "own is younger, but at home";
}

TEST(Regions, ReclaimsFromTheRegionItIsForAndNotTwice) {
  Map map;
  map.in("e", 4, "eu").in("u", 4, "us");
  map.lists("blue", {{kEu, {.guaranteed = 4}}}).lists("red", {{kGpu, {.borrowing = 8}}});
  map.run("r1", "red", {{"e", 4}}, {.hours_ago = 9}).run("r2", "red", {{"u", 4}}, {.hours_ago = 1});
  map.ask("x", "blue", 1, 4);
  EXPECT_EQ(map.told(), "x on e for r1\n");
}

TEST(Regions, ANodeThatMovesTakesItsChargesAlong) {
  Map map;
  map.in("e", 8, "eu").in("u", 8, "us");
  map.lists("blue", {{kEu, {.guaranteed = 8}}, {kUs, {.guaranteed = 4}}});
  map.run("r", "blue", {{"e", 8}});
  EXPECT_EQ(map.world.tree().used({"blue"}, kEu), 8);
  map.in("e", 8, "us");
  EXPECT_EQ(map.world.tree().used({"blue"}, kEu), 0);
  EXPECT_EQ(map.world.tree().used({"blue"}, kUs), 8) << "over its limit";
  map.in("e2", 8, "eu").ask("x", "blue", 1, 4);
  EXPECT_EQ(map.told(), "x on e2\n") << "nobody is evicted for that, and eu is empty";
  map.world.remove_holder("r");
  EXPECT_EQ(map.world.tree().used({"blue"}, kUs), 0);
}

TEST(Regions, AReservationIsBookedWhereItsQuotaIsGuaranteedIt) {
  Map map;
  map.in("a", 8, "asia").in("e", 8, "eu");
  map.lists("blue", {{kEu, {.guaranteed = 8}}});
  Reservation wanted{.uid = "night", .name = "blue/night", .quota = QuotaId{"blue"}};
  wanted.device_class = kGpu;
  wanted.count = 8;
  wanted.duration = std::chrono::hours{1};
  const Bookings made = plan_reservations(map.world, {wanted}, map.now);
  const ReservationPlan& plan = made.plans.at("night");
  ASSERT_EQ(plan.bookings.size(), 1U) << plan.message;
  EXPECT_EQ(plan.bookings[0].devices, (std::map<NodeId, int64_t>{{{"", "e"}, 8}}));
  const QuotaTree tree = tree_at(map.world, made.plans, map.now, map.now, false);
  EXPECT_EQ(tree.used({"blue"}, kEu), 8) << "and charged there";
}

// Whatever is admitted, preempted and ended in whatever region.
TEST(Regions, RandomWorkNeverExceedsAnyColumnAndSumsAgree) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random{seed};
    const auto pick = [&](int64_t below) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(below));
    };
    Map map;
    const std::vector<std::string> regions = {"eu", "us", ""};
    for (int node = 0; node < 6; ++node) {
      map.in("n" + std::to_string(node), 4 + pick(5), regions[static_cast<size_t>(pick(3))]);
    }
    const auto some = [&] { return Limit{.guaranteed = pick(5), .borrowing = pick(9)}; };
    map.lists("org", {{kGpu, some()}});
    for (const char* leaf : {"a", "b", "c"}) {
      Map::Limits limits;
      if (pick(2) == 0) limits[kGpu] = some();
      if (pick(2) == 0) limits[kEu] = some();
      if (limits.empty() || pick(3) == 0) limits[kUs] = some();
      map.lists(leaf, limits, pick(2) == 0 ? "org" : "");
    }
    for (int step = 0; step < 60; ++step) {
      map.asks.clear();
      const std::string leaf(1, static_cast<char>('a' + pick(3)));
      map.ask("w" + std::to_string(step), leaf, static_cast<int>(1 + pick(3)), 1 + pick(3));
      const Decision decision = map.decide().at(0);
      const Admit* admit = std::get_if<Admit>(&decision);
      if (const auto* preempt = std::get_if<Preempt>(&decision)) {
        admit = &preempt->placement;
        for (const Victim& victim : preempt->victims) map.world.remove_holder(victim.id.uid);
      }
      if (admit != nullptr) {
        std::vector<std::pair<std::string, int64_t>> places;
        for (size_t at = 0; at < admit->nodes.size(); ++at) {
          places.emplace_back(admit->nodes[at].name, admit->counts[at]);
        }
        map.run(admit->id.uid, leaf, places);
      }
      if (pick(4) == 0) map.world.remove_holder("w" + std::to_string(pick(step + 1)));
      const QuotaTree& tree = map.world.tree();
      for (const Quota& quota : map.quotas) {
        int64_t all = 0;
        for (const char* column : {kEu, kUs}) all += tree.used(quota.id, column);
        EXPECT_LE(all, tree.used(quota.id, kGpu)) << "seed " << seed << " step " << step;
        for (const auto& [column, limit] : quota.limits) {
          EXPECT_LE(tree.used(quota.id, column),
                    add_saturating(tree.guaranteed_below(quota.id, column), limit.borrowing))
              << quota.id.name << " " << column << " seed " << seed << " step " << step;
        }
        if (!quota.limits.contains(kGpu)) {
          EXPECT_EQ(all, tree.used(quota.id, kGpu)) << "in no other region";
        }
      }
      int64_t roots = 0;
      for (const Quota& quota : map.quotas) roots += quota.parent ? 0 : tree.used(quota.id, kEu);
      if (const auto eu = tree.find_class(kEu)) {
        EXPECT_EQ(roots, tree.used(tree.pool(), *eu));
      }
    }
  }
}

// Tenants with and without limits of regions, all of whose guarantees can be kept at once, ask as
// long as anybody gets anything.
class SettlingMap {
 public:
  explicit SettlingMap(unsigned seed) : random_(seed), map_({.service_levels_device_ms = {}}) {
    int64_t all = 0;
    std::map<Column, int64_t> most;
    for (const char* leaf : {"a", "b", "c", "d"}) {
      Map::Limits limits;
      for (const char* column : {kEu, kUs}) {
        if (pick(2) == 0) continue;
        limits[column] = {.guaranteed = pick(4), .borrowing = pick(7)};
        most[column] += limits[column].guaranteed;
      }
      if (limits.empty() || pick(2) == 0)
        limits[kGpu] = {.guaranteed = pick(6), .borrowing = pick(9)};
      map_.lists(leaf, limits);
    }
    // Nodes for what is guaranteed in each region and, on top, for what is guaranteed anywhere.
    map_.in("e", most[kEu] + pick(3), "eu").in("u", most[kUs] + pick(3), "us");
    for (const Quota& quota : map_.quotas) all += guaranteed(quota.id.name, kGpu);
    map_.in("x", std::max<int64_t>(1, all - most[kEu] - most[kUs]) + pick(3), pick(2) ? "us" : "");
    for (int job = 0; job < 40; ++job) {
      leaf_of_["j" + std::to_string(job)] = std::string(1, static_cast<char>('a' + pick(4)));
    }
  }

  int64_t pick(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }
  int64_t guaranteed(const std::string& leaf, const Column& column) {
    const QuotaTree& tree = map_.world.tree();
    const auto at = tree.find_class(column);
    return at ? tree.limit(*tree.find({leaf}), *at).guaranteed : 0;
  }

  // Whether anybody got anything.
  bool round() {
    bool moves = false;
    std::vector<std::string> jobs;
    for (const auto& [job, leaf] : leaf_of_) jobs.push_back(job);
    std::shuffle(jobs.begin(), jobs.end(), random_);
    for (const std::string& job : jobs) {
      if (map_.world.holders().contains(job)) continue;
      map_.asks.clear();
      map_.ask(job, leaf_of_[job], 1, 1);
      const Decision decision = map_.decide().at(0);
      const Admit* admit = std::get_if<Admit>(&decision);
      if (const auto* preempt = std::get_if<Preempt>(&decision)) {
        admit = &preempt->placement;
        for (const Victim& victim : preempt->victims) map_.world.remove_holder(victim.id.uid);
      }
      if (admit == nullptr) continue;
      moves = true;
      map_.run(job, leaf_of_[job], {{admit->nodes[0].name, 1}});
    }
    return moves;
  }

  void expect_guarantees_are_had() {
    for (const auto& [job, leaf] : leaf_of_) {
      if (map_.world.holders().contains(job)) continue;
      const QuotaTree& tree = map_.world.tree();
      if (tree.used({leaf}, kGpu) >= guaranteed(leaf, kGpu)) continue;
      const auto& limits = tree.limits({leaf});
      for (const auto& [column, limit] : limits) {
        // The limits of its own regions may leave it too little of what it is guaranteed at all.
        if (!is_regional(column) && limits.size() > 1) continue;
        EXPECT_GE(tree.used({leaf}, column), limit.guaranteed) << leaf << " waits for " << column;
      }
    }
  }

 private:
  std::mt19937 random_;
  Map map_;
  std::map<std::string, std::string> leaf_of_;  // by job
};

TEST(Regions, ReclaimComesToRestAndEveryGuaranteeInARegionIsHad) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    SettlingMap map(seed);
    int rounds = 0;
    while (map.round()) ASSERT_LT(++rounds, 30) << "for ever";
    map.expect_guarantees_are_had();
  }
}

}  // namespace
}  // namespace berth::sched::testing
