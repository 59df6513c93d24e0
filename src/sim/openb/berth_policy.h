#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "pricing/cpu.h"
#include "pricing/scarcity.h"
#include "sched/fleet/fleet.h"
#include "sim/openb/policy.h"
#include "sim/openb/trace.h"

namespace berth::sim::openb {

struct BerthOptions {
  // Prices of types follow what is free. They are worked out anew after so many pods, about ten
  // times while a cluster of a thousand nodes fills up: often enough (every 300 changes nothing,
  // every 3,000 costs half a percent where types are short), and a hundredth of the time. In
  // production that is a task beside the pass, every few seconds.
  int64_t pods_per_refresh = 1'000;
  pricing::ScarcityOptions scarcity;
  pricing::CpuOptions cpu;
  sched::ScoreWeights weights;
  // Of nodes in the same state the fleet takes the smallest id: with a seed that is anyone's guess.
  std::optional<uint64_t> ties;
};

// Berth's own placement engine behind the protocol's interface: the fleet of src/sched/fleet, with
// the outlook that production gives it. The mix is that of the pod list, as FGD's is. Every choice
// is by a total order over what nodes are; ties are between nodes that are alike in all of it.
class BerthPolicy final : public Policy {
 public:
  // Errors: those of the prices.
  static Result<std::unique_ptr<Policy>> make(const Trace& trace, std::span<const Node> nodes,
                                              const BerthOptions& options = {});
  std::optional<Placement> place(const Shape& shape) override;

 private:
  BerthPolicy(const Trace& trace, std::span<const Node> nodes, const BerthOptions& options);
  void add_nodes(std::span<const Node> nodes);
  Status expect();
  Status refresh();

  const Trace& trace_;
  BerthOptions options_;
  sched::Fleet fleet_;
  sched::Outlook outlook_;
  std::vector<pricing::Demand> mix_;
  std::vector<pricing::Supply> supply_;   // by model
  std::vector<sched::ShapeId> shape_of_;  // by Shape::id
  int64_t placed_ = 0;
};

}  // namespace berth::sim::openb
