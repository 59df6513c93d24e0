#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/cpu_time.h"
#include "sched/core/pass.h"
#include "sched/core/world.h"

namespace berth::bench::core {

inline constexpr const char* kClass = "nvidia-h200";
inline constexpr const char* kRack = "rack";
inline constexpr int kDevices = 8;        // of a node
inline constexpr int kNodesOfARack = 16;  // 128 devices, a gang of a whole rack

// How long the passes of a scene took, and what it counted on the way.
struct Measured {
  double p50_ms = 0;
  double p99_ms = 0;
  double most_ms = 0;
  std::map<std::string, int64_t> counts;
};

struct Size {
  int divisor = 1;  // of the sizes that the scene names, for a quick look
  int rounds = 1;   // timed passes
};

// What is timed, one after the other, in CPU time: a pass is one thread that waits for nothing, so
// on a free core that is the time on the wall, and on a busy machine it still is the pass's own.
class Stopwatch {
 public:
  template <class Work>
  auto time(const Work& work) {
    const auto start = host::cpu_time();
    auto result = work();
    add(host::cpu_time() - start);
    return result;
  }
  Measured summary() const;

 private:
  void add(std::chrono::duration<double, std::milli> took) { ms_.push_back(took.count()); }
  std::vector<double> ms_;
};

// Names that sort like their numbers.
std::string numbered(const std::string& prefix, int64_t number);
inline Instant start_of_time() { return Instant{std::chrono::hours{100}}; }

// Nodes of eight devices in racks of sixteen, and the tiers that the chart installs.
void build_nodes(sched::World& world, int nodes);
sched::NodeId node_id(int node);

struct Job {
  std::string uid;
  std::string tenant;
  std::string tier;
  Instant started;
  Millis expected = std::chrono::hours{1};
};
// Work that runs on these nodes with so many devices each; it saves when it has to give way.
sched::Holder running(const sched::World& world, const Job& job,
                      const std::vector<sched::NodeId>& nodes, const std::vector<int64_t>& counts,
                      sched::Room room);

// Each measures its scene; the sizes and the reason are in its file. Errors: Internal where the
// scene was not the one that it says it is, since its figures would mean something else.
Result<Measured> pass_over_held(Size size);
Result<Measured> pass_over_held_with_policies(Size size);
Result<Measured> preemption_search(Size size);
Result<Measured> reclaim_plan(Size size);

}  // namespace berth::bench::core
