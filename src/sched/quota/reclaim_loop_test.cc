// Whether reclaim comes to rest and returns every guarantee, over random trees: depth up to 4,
// several classes, random guarantees, borrowing and lending limits, weights and sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>

#include "sched/quota/reclaim.h"

namespace berth::sched {
namespace {

using Node = QuotaTree::Node;

const std::vector<DeviceClass> kClasses = {"nvidia-h200", "nvidia-l4"};

struct Work {
  Node leaf = 0;
  QuotaTree::Class device_class = 0;
  int64_t devices = 0;
  int64_t lost_work = 0;
  std::optional<size_t> holding;  // while it runs
};

// The value of a class's state that reclaim.h says every step raises.
using Value = std::vector<std::vector<int64_t>>;

constexpr int64_t kWeights = 12;  // divisible by all weights below

class Simulation {
 public:
  explicit Simulation(unsigned seed) : random_(seed), is_wild_(seed % 2 == 0) {
    tree_.emplace(quotas(), capacity());
    fair_.emplace(*tree_,
                  FairShareInputs{.values = {{kClasses[0], {.value = 4}}}, .capacity = capacity()});
    reclaim_.emplace(*tree_, *fair_, std::vector<Holding>{});
    for (Node node = 0; node < tree_->pool(); ++node) {
      if (!tree_->children(node).empty()) continue;
      const int64_t jobs = 3 + pick(8);
      for (int64_t job = 0; job < jobs; ++job) {
        const int64_t devices = pick(3) == 0 ? 1 + pick(9) : 1 + pick(3);
        work_.push_back({node, static_cast<size_t>(pick(2)), devices, pick(50), {}});
      }
    }
  }

  int64_t pick(int64_t below) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(below));
  }

  std::map<DeviceClass, int64_t> capacity() {
    if (capacity_ == 0) {
      for (const Quota& quota : quotas_) {
        for (const auto& [name, limit] : quota.limits) most_[name] += limit.guaranteed;
      }
      for (auto& [name, devices] : most_) devices += pick(20);
      capacity_ = 1;
    }
    return most_;
  }

  const std::vector<Quota>& quotas() {
    if (quotas_.empty()) grow("", "q", 4);
    return quotas_;
  }

  void grow(const std::string& parent, const std::string& name, int levels) {
    const int64_t siblings = 1 + pick(3) + (parent.empty() ? 1 : 0);
    for (int64_t sibling = 0; sibling < siblings; ++sibling) {
      Quota quota{.id = {name + std::to_string(sibling)}, .weight = 1 + pick(4)};
      if (!parent.empty()) quota.parent = QuotaId{parent};
      for (const DeviceClass& of : kClasses) {
        Limit limit{.guaranteed = pick(3) == 0 ? 0 : pick(7), .borrowing = pick(4) * pick(12)};
        if (pick(3) == 0) limit.lending = pick(5);
        quota.limits[of] = limit;
      }
      quotas_.push_back(quota);
      if (levels > 1 && pick(5) > 1) grow(quota.id.name, quota.id.name + "_", levels - 1);
    }
  }

  bool fits(const Work& work) const {
    return tree_->available(work.leaf, work.device_class).devices >= work.devices;
  }
  Reclaim::Ask ask(const Work& work) const { return {work.leaf, work.device_class, work.devices}; }

  void start(Work& work) {
    const auto at = static_cast<size_t>(&work - work_.data());
    work.holding = reclaim_->admit({.id = {std::to_string(at)},
                                    .leaf = work.leaf,
                                    .device_class = work.device_class,
                                    .devices = work.devices,
                                    .admitted = ++now_,
                                    .lost_work = work.lost_work});
    runs_[*work.holding] = at;
  }

  // Ends, and another of the same size comes some day.
  void finish(Work& work) {
    if (!work.holding) return;
    reclaim_->take({*work.holding});
    work.holding.reset();
  }

  // Who asks when: by chance, or whole tenants one after the other, so that the first take all.
  std::vector<size_t> order() {
    std::vector<size_t> order(work_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (pick(2) == 0) std::shuffle(order.begin(), order.end(), random_);
    return order;
  }

  // Whatever judge() lets pass.
  std::optional<std::vector<size_t>> wild_plan(const Work& work) {
    std::vector<size_t> all;
    for (size_t at = 0; at < reclaim_->holdings().size(); ++at) {
      const Holding& held = reclaim_->holdings()[at];
      if (reclaim_->holds(at) && held.leaf != work.leaf && held.device_class == work.device_class) {
        all.push_back(at);
      }
    }
    for (int attempt = 0; attempt < 12; ++attempt) {
      std::shuffle(all.begin(), all.end(), random_);
      const auto most = static_cast<int64_t>(all.size());
      std::vector<size_t> some(all.begin(), all.begin() + std::min<int64_t>(most, 1 + pick(4)));
      if (reclaim_->judge(ask(work), some) == ReclaimFault::Nothing) return some;
    }
    return std::nullopt;
  }

  // One more workload runs; false when it may not.
  bool step(Work& work) {
    if (fits(work)) {
      start(work);
      return true;
    }
    auto plan = is_wild_ && pick(2) == 0 ? wild_plan(work) : std::nullopt;
    if (!plan) plan = reclaim_->plan(ask(work));
    if (!plan) return false;
    EXPECT_FALSE(plan->empty());
    reclaim_->take(*plan);
    for (const size_t victim : *plan) {
      ++evictions_;
      Work& evicted = work_[runs_.at(victim)];
      const auto pair = std::pair{&work - work_.data(), &evicted - work_.data()};
      most_by_one_pair_ = std::max(most_by_one_pair_, ++by_pair_[pair]);
      evicted.holding.reset();
    }
    start(work);
    return true;
  }

  // For each depth from the deepest and each node of that depth: see reclaim.h.
  Value value(QuotaTree::Class of) {
    Value value;
    std::vector<size_t> depths;
    QuotaTree claimed = tree_->without_use();
    for (size_t depth = 4; depth + 1 > 0; --depth) {
      for (size_t at = 0; at < reclaim_->holdings().size(); ++at) {
        const Holding& held = reclaim_->holdings()[at];
        if (!reclaim_->holds(at) || reclaim_->claim_of(at) != depth) continue;
        claimed.use(held.leaf, held.device_class, held.devices);
      }
      for (Node node = 0; node < tree_->nodes(); ++node) {
        if (tree_->depth(node) != depth) continue;
        append(value, claimed, node, of);
      }
    }
    return value;
  }
  void append(Value& value, const QuotaTree& claimed, Node node, QuotaTree::Class of) const {
    std::vector<int64_t> shares;
    for (const Node child : tree_->children(node)) {
      const int64_t over = (claimed.usage(child, of) - tree_->subtree(child, of)) * kWeights;
      shares.push_back(over > 0 ? over / tree_->weight(child) : over);
    }
    std::sort(shares.begin(), shares.end());
    if (shares.empty()) shares.push_back(claimed.usage(node, of));
    value.push_back(shares);
    for (const Node child : tree_->children(node)) append(value, claimed, child, of);
  }

  std::mt19937 random_;
  bool is_wild_;  // victims at random in place of the order that plan() keeps to
  std::vector<Quota> quotas_;
  std::map<DeviceClass, int64_t> most_;
  int capacity_ = 0;
  std::optional<QuotaTree> tree_;
  std::optional<FairShare> fair_;
  std::optional<Reclaim> reclaim_;
  std::vector<Work> work_;
  std::map<size_t, size_t> runs_;  // work by holding
  int64_t now_ = 0;
  int evictions_ = 0;
  std::map<std::pair<std::ptrdiff_t, std::ptrdiff_t>, int> by_pair_;
  int most_by_one_pair_ = 0;
};

class ReclaimSeeds : public testing::TestWithParam<unsigned> {};

TEST_P(ReclaimSeeds, EveryStepRaisesTheValueSoThatEvictionsComeToAnEnd) {
  Simulation run(GetParam());
  const size_t most_steps = 20 * run.work_.size() * run.work_.size();
  for (int demand = 0; demand < 4; ++demand) {
    run.by_pair_.clear();
    size_t steps = 0;
    for (bool moves = true; moves;) {
      moves = false;
      for (const size_t at : run.order()) {
        Work& work = run.work_[at];
        if (work.holding) continue;
        const Value before = run.value(work.device_class);
        if (!run.step(work)) continue;
        moves = true;
        ASSERT_LT(before, run.value(work.device_class)) << "step " << steps;
        ASSERT_LE(++steps, most_steps);
      }
    }
    for (Work& work : run.work_) {
      if (run.pick(3) == 0) run.finish(work);
    }
  }
  EXPECT_LE(run.most_by_one_pair_, 2) << "seldom even 2: the evictor was evicted in between";
}

TEST_P(ReclaimSeeds, AGuaranteedShareIsAlwaysObtainableOfLeavesAndOfInnerNodes) {
  Simulation run(GetParam());
  for (int step = 0; step < 60; ++step) {
    Work& work = run.work_[static_cast<size_t>(run.pick(static_cast<int64_t>(run.work_.size())))];
    if (!work.holding && (run.pick(3) > 0 || run.fits(work))) run.step(work);
    // Somebody asks for what some node on its path is guaranteed.
    const Node leaf = work.leaf;
    const QuotaTree::Class of = work.device_class;
    const int64_t wants = 1 + run.pick(8);
    QuotaTree& tree = *run.tree_;
    tree.use(leaf, of, wants);
    std::optional<Node> covers;
    for (Node node = leaf; node != tree.pool(); node = tree.parent(node)) {
      if (!covers && tree.usage(node, of) <= tree.subtree(node, of)) covers = node;
    }
    tree.use(leaf, of, -wants);
    if (!covers) continue;
    // Its own limits inside that node have to allow it: as if nobody ran elsewhere.
    QuotaTree alone = tree.without_use();
    for (size_t at = 0; at < run.reclaim_->holdings().size(); ++at) {
      const Holding& held = run.reclaim_->holdings()[at];
      if (!run.reclaim_->holds(at)) continue;
      if (alone.meet(held.leaf, *covers) == *covers) {
        alone.use(held.leaf, held.device_class, held.devices);
      }
    }
    if (alone.available(leaf, of).devices < wants) continue;
    EXPECT_TRUE(run.reclaim_->plan({leaf, of, wants})) << "step " << step;
  }
}

TEST_P(ReclaimSeeds, BorrowedNeverExceedsWhatIsLentAndSumsAgreeAtEveryLevel) {
  Simulation run(GetParam());
  for (int round = 0; round < 3; ++round) {
    for (Work& work : run.work_) {
      if (!work.holding) run.step(work);
    }
  }
  const QuotaTree& tree = *run.tree_;
  std::vector<std::vector<int64_t>> held(tree.nodes(), std::vector<int64_t>(kClasses.size()));
  for (const Work& work : run.work_) {
    if (work.holding) held[work.leaf][work.device_class] += work.devices;
  }
  for (QuotaTree::Class of = 0; of < tree.classes(); ++of) {
    for (Node node = 0; node < tree.nodes(); ++node) {
      int64_t borrowed = 0;
      int64_t lendable = tree.subtree(node, of);
      for (const Node child : tree.children(node)) {
        const int64_t brings = tree.subtree(child, of) - tree.local(child, of);
        const int64_t takes = std::max<int64_t>(0, tree.usage(child, of) - tree.local(child, of));
        borrowed += std::max<int64_t>(0, takes - brings);
        lendable -= std::min(takes, brings);
      }
      const int64_t from_above =
          node == tree.pool() ? 0
                              : std::max<int64_t>(0, tree.usage(node, of) - tree.subtree(node, of));
      EXPECT_LE(borrowed, lendable + from_above);
      EXPECT_EQ(tree.used(node, of), held[node][of]) << "a recount, children before parents";
      if (node != tree.pool()) held[tree.parent(node)][of] += held[node][of];
    }
    EXPECT_LE(tree.usage(tree.pool(), of), tree.subtree(tree.pool(), of));
  }
}

TEST_P(ReclaimSeeds, TryingChangesNothing) {
  Simulation run(GetParam());
  for (Work& work : run.work_) run.step(work);
  const auto usage = [&] {
    std::vector<int64_t> all;
    for (Node node = 0; node < run.tree_->nodes(); ++node) {
      all.push_back(run.tree_->usage(node, 0));
      all.push_back(run.tree_->used(node, 1));
    }
    return all;
  };
  const auto before = usage();
  for (const Work& work : run.work_) {
    const auto first = run.reclaim_->plan(run.ask(work));
    EXPECT_EQ(first, run.reclaim_->plan(run.ask(work))) << "and the answer is the same again";
  }
  EXPECT_EQ(before, usage());
}

TEST_P(ReclaimSeeds, WhoHasNobodyForMoreHasNobody) {
  Simulation run(GetParam());
  for (Work& work : run.work_) {
    if (run.pick(4) > 0) run.step(work);
  }
  for (Node leaf = 0; leaf < run.tree_->pool(); ++leaf) {
    for (QuotaTree::Class of = 0; of < run.tree_->classes(); ++of) {
      if (!run.tree_->children(leaf).empty()) continue;
      bool has_nobody = false;
      for (int64_t devices = 1; devices <= 24; ++devices) {
        const Reclaim::Ask ask{leaf, of, devices};
        const bool has_nobody_now = run.reclaim_->has_nobody_for_more(ask);
        EXPECT_TRUE(has_nobody_now || !has_nobody) << devices << " of leaf " << leaf;
        has_nobody = has_nobody_now;
        EXPECT_TRUE(!has_nobody || run.reclaim_->candidates(ask).empty());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReclaimSeeds, testing::Range(0U, 300U));

}  // namespace
}  // namespace berth::sched
