#include "sim/openb/scan.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace berth::sim::openb {
namespace {

constexpr size_t kLanes = 32;  // rows are whole multiples, so that compilers use vector registers

uint8_t largest(const std::vector<uint8_t>& scores) {
  std::array<uint8_t, kLanes> lanes{};
  for (size_t at = 0; at < scores.size(); at += kLanes) {
    for (size_t i = 0; i < kLanes; ++i) lanes[i] = std::max(lanes[i], scores[at + i]);
  }
  return *std::max_element(lanes.begin(), lanes.end());
}

// The first place of `score` from `from` on; it is there.
size_t place_of(uint8_t score, const std::vector<uint8_t>& scores, size_t from) {
  const void* found = std::memchr(&scores[from], score, scores.size() - from);
  return static_cast<size_t>(static_cast<const uint8_t*>(found) - scores.data());
}

}  // namespace

DeviceSet Scorer::choose(const NodeState& node, const Shape& shape) {
  if (shape.devices == 0) return 0;
  if (shape.is_share()) {
    int32_t tightest = -1;
    for (int32_t i = 0; i < node.devices; ++i) {
      const int32_t free = node.free_of(i);
      if (free >= shape.device_milli && (tightest < 0 || free < node.free_of(tightest))) {
        tightest = i;
      }
    }
    return 1U << tightest;
  }
  DeviceSet chosen = 0;
  for (int32_t i = 0, left = shape.devices; left > 0; ++i) {
    if (node.free_of(i) < kWhole) continue;
    chosen |= 1U << i;
    --left;
  }
  return chosen;
}

ScanPolicy::ScanPolicy(std::span<const Node> nodes, std::unique_ptr<Scorer> scorer,
                       ScanOptions options)
    : nodes_(nodes.begin(), nodes.end()),
      scorer_(std::move(scorer)),
      random_ties_(options.random_ties),
      random_(options.seed),
      last_change_(nodes.size()) {}

uint8_t ScanPolicy::rate(size_t node, const Shape& shape) const {
  if (!nodes_[node].fits(shape)) return 0;
  return static_cast<uint8_t>(std::clamp(scorer_->score(nodes_[node], shape), 0, 100) + 1);
}

ScanPolicy::Row& ScanPolicy::fresh_row(const Shape& shape) {
  const auto id = static_cast<size_t>(shape.id);
  if (id >= rows_.size()) rows_.resize(id + 1);
  Row& row = rows_[id];
  if (row.scores.empty()) {
    row.scores.resize((nodes_.size() + kLanes - 1) / kLanes * kLanes);
    for (size_t node = 0; node < nodes_.size(); ++node) row.scores[node] = rate(node, shape);
  } else {
    for (size_t at = row.seen; at < changes_.size(); ++at) {
      const auto node = static_cast<size_t>(changes_[at]);
      // What did not fit never will again: nothing leaves.
      if (last_change_[node] == at && row.scores[node] != 0) row.scores[node] = rate(node, shape);
    }
  }
  row.seen = changes_.size();
  return row;
}

size_t ScanPolicy::pick(const Row& row, uint8_t best) {
  size_t at = place_of(best, row.scores, 0);
  if (!random_ties_) return at;
  const auto equals = std::count(row.scores.begin(), row.scores.end(), best);
  for (uint64_t skip = random_.below(static_cast<uint64_t>(equals)); skip > 0; --skip) {
    at = place_of(best, row.scores, at + 1);
  }
  return at;
}

std::optional<Placement> ScanPolicy::place(const Shape& shape) {
  const Row& row = fresh_row(shape);
  const uint8_t best = largest(row.scores);
  if (best == 0) return std::nullopt;
  const size_t node = pick(row, best);
  const DeviceSet devices = scorer_->choose(nodes_[node], shape);
  nodes_[node].take(shape, devices);
  last_change_[node] = changes_.size();
  changes_.push_back(static_cast<int32_t>(node));
  return Placement{static_cast<int32_t>(node), devices};
}

}  // namespace berth::sim::openb
