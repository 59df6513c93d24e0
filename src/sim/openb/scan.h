#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sim/openb/policy.h"
#include "sim/openb/random.h"

namespace berth::sim::openb {

// How a published baseline rates nodes and picks devices.
class Scorer {
 public:
  virtual ~Scorer() = default;
  // 0 to 100, larger is better; only asked of a node that the pod fits.
  virtual int32_t score(const NodeState& node, const Shape& shape) const = 0;
  // The tightest device for a share, the first free ones for whole devices.
  virtual DeviceSet choose(const NodeState& node, const Shape& shape);
};

struct ScanOptions {
  bool random_ties = false;  // else the first node by name wins among equal scores
  uint64_t seed = 0;
};

// Takes the node with the best score. Scores are remembered per shape and node and made anew for
// nodes that changed since the shape was last seen; a decision then is one pass over a byte per
// node. The result is that of rating every node for every pod.
// Cost: O(nodes changed since the shape was last seen) scores, O(nodes) bytes read.
class ScanPolicy final : public Policy {
 public:
  ScanPolicy(std::span<const Node> nodes, std::unique_ptr<Scorer> scorer, ScanOptions options);
  std::optional<Placement> place(const Shape& shape) override;

 private:
  struct Row {
    std::vector<uint8_t> scores;  // by node: score + 1, or 0 where it does not fit
    size_t seen = 0;              // how much of changes_ is in them
  };

  Row& fresh_row(const Shape& shape);
  uint8_t rate(size_t node, const Shape& shape) const;
  size_t pick(const Row& row, uint8_t best);

  std::vector<NodeState> nodes_;
  std::unique_ptr<Scorer> scorer_;
  bool random_ties_;
  Random random_;
  std::vector<Row> rows_;            // by shape
  std::vector<int32_t> changes_;     // nodes, in the order in which they changed
  std::vector<size_t> last_change_;  // by node: where it is last in changes_
};

}  // namespace berth::sim::openb
