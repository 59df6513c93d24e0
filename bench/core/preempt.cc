// The search for victims of a gang that needs a whole rack, on 2,000 nodes with 700 candidates.
//
// It is the hardest ask that a pass meets: no rack is free, every rack that could be cleared costs
// something else, and a job with workers in several racks costs all of itself. Timed is the pass.
//
//   2,000 nodes of 8 devices in racks of 16. Every fourth rack holds work of a lower tier alone,
//   some 18 jobs of 1 to 32 devices that take most of it; the other racks are full of work that
//   never gives way, but for one node of one job that does. The ask: 16 workers of 8 devices in one
//   rack. Each round is ten minutes later, so that all costs differ.
#include <optional>
#include <variant>

#include "bench/core/scene.h"

namespace berth::bench::core {
namespace {

constexpr int kCandidates = 700;
constexpr int kClearable = 4;  // one rack of so many
const char* const kTenant = "team";

class Racks {
 public:
  explicit Racks(int divisor) : nodes_(2'000 / divisor / kNodesOfARack * kNodesOfARack) {
    candidates_ = kCandidates / divisor;
    build_nodes(world_, nodes_);
    world_.set_quotas({{{kTenant}, {}, {{kClass, {.guaranteed = nodes_ * kDevices}}}}});
    free_.assign(static_cast<size_t>(nodes_), kDevices);
    fill_firm();
    fill_lower();
  }

  sched::Ask ask() const {
    sched::Ask ask{.id = {"gang"}, .name = "team/gang", .quota = sched::QuotaId{kTenant}};
    ask.tier = "Premium";
    ask.created = start_of_time();
    ask.alternatives = {{kClass, std::vector<int64_t>(kNodesOfARack, kDevices)}};
    ask.rooms.assign(kNodesOfARack, kRoom);
    ask.near = {{kRack}, true};
    ask.shape = sched::shape_of(ask);
    return ask;
  }
  sched::World& world() { return world_; }
  int candidates() const { return lower_; }

 private:
  static constexpr sched::Room kRoom{32'000, 1LL << 36};

  bool is_clearable(int node) const { return node / kNodesOfARack % kClearable == 0; }

  void start(const std::string& uid, const std::string& tier, const std::vector<int>& on,
             int64_t devices) {
    std::vector<sched::NodeId> nodes;
    for (const int node : on) {
      nodes.push_back(node_id(node));
      free_[static_cast<size_t>(node)] -= devices;
    }
    const std::vector<int64_t> counts(on.size(), devices);
    const Millis ago = std::chrono::minutes{20 + random_() % 3'000};
    const Job job{uid, kTenant, tier, start_of_time() - ago, std::chrono::hours{200}};
    world_.set_holder(core::running(world_, job, nodes, counts, {1'000, 1LL << 30}));
  }

  void fill_firm() {
    for (int node = 0; node < nodes_; ++node) {
      const bool is_left = node % kNodesOfARack == 0;
      if (!is_clearable(node) && !is_left) start(numbered("firm-", node), "Premium", {node}, 8);
    }
  }

  void fill_lower() {
    std::vector<int> clearable;
    for (int node = 0; node < nodes_; ++node) {
      if (is_clearable(node)) clearable.push_back(node);
      const bool is_left = !is_clearable(node) && node % kNodesOfARack == 0;
      if (is_left) lower({node}, 8);
    }
    while (lower_ < candidates_) {
      const int64_t devices = int64_t{1} << random_() % 4;
      const int node = clearable[random_() % clearable.size()];
      std::vector<int> on{node};
      if (devices == 8) {  // a gang of up to four nodes, now and then across racks
        for (size_t more = random_() % 4; more > 0; --more) {
          on.push_back(clearable[(static_cast<size_t>(node) + more * 7) % clearable.size()]);
        }
      }
      lower(on, devices);
    }
  }

  // Unless there is no room.
  void lower(std::vector<int> on, int64_t devices) {
    std::erase_if(on, [&](int node) { return free_[static_cast<size_t>(node)] < devices; });
    if (on.empty()) return void(++misses_);
    start(numbered("lower-", lower_++), "Spot", on, misses_ > 20 ? 1 : devices);
  }

  int nodes_;
  int candidates_ = 0;
  sched::World world_;
  std::mt19937_64 random_{42};
  std::vector<int64_t> free_;  // devices by node
  int lower_ = 0;
  int misses_ = 0;
};

}  // namespace

Result<Measured> preemption_search(Size size) {
  Racks racks(size.divisor);
  const sched::Ask ask = racks.ask();
  Stopwatch watch;
  int64_t victims = 0;
  for (int i = 0; i < size.rounds; ++i) {
    const Instant now = start_of_time() + std::chrono::minutes{10 * i};
    const auto made = watch.time([&] { return sched::run_pass(racks.world(), {&ask}, now); });
    const auto* preempt = std::get_if<sched::Preempt>(&made.front());
    if (preempt == nullptr || preempt->placement.nodes.size() != kNodesOfARack) {
      return Error{Code::Internal, "the gang of a rack was not placed"};
    }
    victims += static_cast<int64_t>(preempt->victims.size());
  }
  Measured measured = watch.summary();
  measured.counts = {{"candidates", racks.candidates()}, {"victims", victims / size.rounds}};
  return measured;
}

}  // namespace berth::bench::core
