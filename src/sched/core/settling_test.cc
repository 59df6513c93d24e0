// Whether all ways to give way come to rest together: own work, reclaim and moves, over random
// worlds whose demand stays while pass after pass is carried out.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "sched/core/testing/scene.h"

namespace berth::sched::testing {
namespace {

class Settling : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    for (int n = 0; n < 8; ++n) {
      scene_.node("n" + std::to_string(n), 8, "r" + std::to_string(n / 4));
    }
    scene_.quota("org", 0).quota("blue", pick(20), pick(40), "org");
    scene_.quota("green", pick(20), pick(40), "org").quota("red", pick(20), pick(40));
    for (int i = 0; i < 40; ++i) add_ask(i);
  }
  int64_t pick(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }

  void add_ask(int number) {
    const std::vector<std::string> tiers{"Premium", "Standard", "Spot"};
    const std::vector<std::string> leaves{"blue", "green", "red"};
    Scene::Options options{.tier = tiers[static_cast<size_t>(pick(3))],
                           .priority = pick(4) == 0 ? 1 : 0,
                           .hours_ago = pick(50),
                           .hours = 1 + pick(20)};
    if (pick(3) == 0) options.near = Nearness{{"rack"}, pick(2) == 0};
    scene_.ask("w" + std::to_string(number), leaves[static_cast<size_t>(pick(3))],
               static_cast<int>(1 + pick(3)), 1 + pick(pick(2) == 0 ? 3 : 8), options);
    Ask& made = scene_.asks.back();
    made.ran = std::chrono::hours{pick(3) * pick(60)};
    if (!is_elastic_ || made.rooms.size() == 1) return;
    made.least_workers = 1;
    made.shape = shape_of(made);
  }

  void run(const Ask& ask, const std::string& quota,
           const std::vector<std::pair<std::string, int64_t>>& places, Millis ran) {
    scene_.run(ask.id.uid, quota, places,
               {.tier = ask.tier,
                .priority = ask.priority,
                .hours_ago = 0,
                .saves = ask.least_workers > 0,
                .least = ask.least_workers});
    auto made = *scene_.world.holders().at(ask.id.uid).facts.run;
    made.ran_before = ran;
    scene_.world.set_run(ask.id.uid, made);
  }

  void start(const Admit& admit) {
    const auto at = std::find_if(scene_.asks.begin(), scene_.asks.end(),
                                 [&](const Ask& ask) { return ask.id == admit.id; });
    ASSERT_NE(at, scene_.asks.end());
    std::vector<std::pair<std::string, int64_t>> places;
    for (size_t worker = 0; worker < admit.nodes.size(); ++worker) {
      places.emplace_back(admit.nodes[worker].name, admit.counts[worker]);
    }
    run(*at, admit.quota.name, places, at->ran);
    running_.emplace(admit.id.uid, std::move(*at));
    scene_.asks.erase(at);
  }

  void stop(const WorkloadId& id) {
    scene_.world.remove_holder(id.uid);
    scene_.asks.push_back(std::move(running_.at(id.uid)));
    running_.erase(id.uid);
    ++evictions_[id.uid];
  }

  // It goes on where it was, with fewer workers.
  void shrink(const Victim& victim) {
    const Holder before = scene_.world.holders().at(victim.id.uid).facts;
    ASSERT_LT(victim.keeps.size(), before.charges.size());
    std::vector<std::pair<std::string, int64_t>> places;
    for (const NodeId& node : victim.keeps) {
      places.emplace_back(node.name, before.charges.front().devices);
    }
    run(running_.at(victim.id.uid), before.charges.front().quota.name, places,
        before.run->ran_before);
    ++shrunk_;
  }

  bool pass() {
    bool moves = false;
    for (const Decision& decision : scene_.decide()) {
      if (const auto* admit = std::get_if<Admit>(&decision)) start(*admit);
      if (const auto* preempt = std::get_if<Preempt>(&decision)) {
        for (const Victim& victim : preempt->victims) {
          if (victim.keeps.empty()) {
            stop(victim.id);
          } else {
            shrink(victim);
          }
        }
        start(preempt->placement);
      }
      moves |= !std::holds_alternative<Hold>(decision);
    }
    return moves;
  }

  std::mt19937 random_{GetParam()};
  Scene scene_;
  std::map<std::string, Ask> running_;
  std::map<std::string, int> evictions_;
  bool is_elastic_ = false;  // every gang may go on with one worker
  int shrunk_ = 0;
};

class SettlingElastic : public Settling {
 protected:
  void SetUp() override {
    is_elastic_ = true;
    Settling::SetUp();
  }
};

// One of a hundred worlds evicts somebody twice before it rests: who has moved, or borrowed anew,
// is in the way of another.
TEST_P(Settling, PassesComeToRestAfterFewEvictionsWhileDemandStays) {
  constexpr int kMostOfOne = 3;
  int passes = 0;
  while (pass()) ASSERT_LE(++passes, 100);
  for (const auto& [name, times] : evictions_) EXPECT_LE(times, kMostOfOne) << name;
  // Somebody ends, and it comes to rest again.
  for (int round = 0; round < 3 && !running_.empty(); ++round) {
    EXPECT_LE(evictions_.size(), 40U);
    evictions_.clear();
    const std::string ended = running_.begin()->first;
    scene_.world.remove_holder(ended);
    running_.erase(ended);
    for (passes = 0; pass();) ASSERT_LE(++passes, 100);
    for (const auto& [name, times] : evictions_) EXPECT_LE(times, kMostOfOne) << name;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Settling, ::testing::Range(0U, 300U));

// Nobody grows in here: each has just started.
TEST_P(SettlingElastic, PassesComeToRestWhereGangsShrinkToo) {
  constexpr int kMostOfOne = 3;
  int passes = 0;
  while (pass()) ASSERT_LE(++passes, 100);
  for (const auto& [name, times] : evictions_) EXPECT_LE(times, kMostOfOne) << name;
}
INSTANTIATE_TEST_SUITE_P(Seeds, SettlingElastic, ::testing::Range(0U, 300U));

}  // namespace
}  // namespace berth::sched::testing
