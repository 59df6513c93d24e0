#include "sim/openb/lp_bound.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "lp/program.h"
#include "sim/openb/node_pattern.h"

namespace berth::sim {
namespace {

constexpr int64_t kDeviceMilli = 1000;

struct Size {  // nodes that are the same
  BoundNode node;
  int count = 0;
};

struct Shape {  // pods that are the same
  BoundPod pod;
  int count = 0;
  double milli() const { return double(pod.devices * pod.milli_each); }
  bool may_use(const BoundNode& node) const {
    return pod.devices <= node.devices && pod.cpu_milli <= node.cpu_milli &&
           pod.memory_mib <= node.memory_mib &&
           (pod.types.empty() ||
            std::find(pod.types.begin(), pod.types.end(), node.type) != pod.types.end());
  }
};

std::vector<Size> sizes_of(std::span<const BoundNode> nodes) {
  std::map<std::tuple<int64_t, int64_t, int, std::string>, Size> sizes;
  for (const BoundNode& node : nodes) {
    if (node.devices == 0) continue;
    Size& size = sizes[{node.cpu_milli, node.memory_mib, node.devices, node.type}];
    size.node = node;
    ++size.count;
  }
  std::vector<Size> list;
  for (auto& [key, size] : sizes) list.push_back(std::move(size));
  return list;
}

std::vector<Shape> shapes_of(std::span<const BoundPod> pods) {
  std::map<std::tuple<int64_t, int64_t, int, int64_t, std::set<std::string>>, Shape> shapes;
  for (const BoundPod& pod : pods) {
    if (pod.devices == 0) continue;
    const std::set<std::string> types(pod.types.begin(), pod.types.end());
    Shape& shape = shapes[{pod.cpu_milli, pod.memory_mib, pod.devices, pod.milli_each, types}];
    shape.pod = pod;
    ++shape.count;
  }
  std::vector<Shape> list;
  for (auto& [key, shape] : shapes) list.push_back(std::move(shape));
  return list;
}

// Rows: shapes, then sizes, then the memory of sizes. Columns are patterns of one size.
class Relaxation {
 public:
  Relaxation(std::vector<Size> sizes, std::vector<Shape> shapes, const BoundOptions& options)
      : sizes_(std::move(sizes)), shapes_(std::move(shapes)), options_(options) {
    for (const Size& size : sizes_) capacity_ += double(size.count * size.node.devices);
    capacity_ *= double(kDeviceMilli);
    for (const Shape& shape : shapes_) step_ = std::gcd(step_, shape.pod.milli_each);
  }

  Result<PackingBound> run() {
    for (const double bound : bounds()) BERTH_TRY(program_.add_row(lp::Row::AtMost, bound));
    double best = capacity_;
    PackingBound result;
    for (;;) {
      const lp::Solution solution = BERTH_TRY(program_.solve());
      result.relaxed_percent = percent(solution.objective);
      const bool is_close = percent(best) - result.relaxed_percent <= options_.gap_percent;
      if (is_close || result.rounds == options_.rounds_max) break;
      ++result.rounds;
      best = std::min(best, BERTH_TRY(price(solution.duals)));
    }
    result.percent = std::max(percent(best), result.relaxed_percent);
    result.patterns = program_.columns();
    return result;
  }

 private:
  double percent(double milli) const { return 100 * milli / capacity_; }
  size_t size_row(size_t size) const { return shapes_.size() + size; }
  size_t memory_row(size_t size) const { return shapes_.size() + sizes_.size() + size; }

  std::vector<double> bounds() const {
    std::vector<double> bounds;
    for (const Shape& shape : shapes_) bounds.push_back(shape.count);
    for (const Size& size : sizes_) bounds.push_back(size.count);
    for (const Size& size : sizes_) {
      bounds.push_back(double(size.count) * double(size.node.memory_mib));
    }
    return bounds;
  }

  // Adds every size's best pattern at these prices. Returns the bound that the prices prove: what
  // all pods and memory are worth, plus the most that every node can make of them.
  Result<double> price(const std::vector<double>& duals) {
    double bound = 0;
    for (size_t row = 0; row < duals.size(); ++row) {
      const bool is_size = row >= shapes_.size() && row < memory_row(0);
      if (!is_size) bound += std::max(0.0, duals[row]) * bounds_[row];
    }
    for (size_t size = 0; size < sizes_.size(); ++size) {
      const NodePattern pattern = best_for(size, duals);
      bound += pattern.value * sizes_[size].count;
      if (pattern.value > duals[size_row(size)] + 1e-7) BERTH_TRY(add(size, pattern));
    }
    return bound;
  }

  NodePattern best_for(size_t size, const std::vector<double>& duals) const {
    const BoundNode& node = sizes_[size].node;
    std::vector<PatternItem> items;
    for (size_t i = 0; i < shapes_.size(); ++i) {
      const BoundPod& pod = shapes_[i].pod;
      const double value = shapes_[i].milli() - std::max(0.0, duals[i]) -
                           double(pod.memory_mib) * std::max(0.0, duals[memory_row(size)]);
      items.push_back(
          {.devices = pod.devices,
           .share_steps = pod.milli_each < kDeviceMilli ? int(pod.milli_each / step_) : 0,
           .cpu_steps = int(pod.cpu_milli / options_.cpu_step_milli),
           .value = shapes_[i].may_use(node) ? value : 0});
    }
    return best_pattern(items, {.devices = node.devices,
                                .steps_per_device = int(kDeviceMilli / step_),
                                .cpu_steps = int(node.cpu_milli / options_.cpu_step_milli)});
  }

  Status add(size_t size, const NodePattern& pattern) {
    std::vector<lp::Term> terms{{int(size_row(size)), 1}};
    double milli = 0;
    double memory_mib = 0;
    for (size_t i = 0; i < shapes_.size(); ++i) {
      if (pattern.counts[i] == 0) continue;
      terms.push_back({int(i), double(pattern.counts[i])});
      milli += pattern.counts[i] * shapes_[i].milli();
      memory_mib += double(pattern.counts[i]) * double(shapes_[i].pod.memory_mib);
    }
    terms.push_back({int(memory_row(size)), memory_mib});
    BERTH_TRY(program_.add_column(milli, terms));
    return Done{};
  }

  std::vector<Size> sizes_;
  std::vector<Shape> shapes_;
  BoundOptions options_;
  std::vector<double> bounds_ = bounds();
  double capacity_ = 0;
  int64_t step_ = kDeviceMilli;
  lp::Program program_;
};

Status check(std::span<const BoundNode> nodes, std::span<const BoundPod> pods) {
  bool has_device = false;
  for (const BoundNode& node : nodes) {
    if (node.devices < 0 || node.cpu_milli < 0 || node.memory_mib < 0) {
      return Error{Code::Invalid, "packing bound: a node has less than nothing"};
    }
    has_device = has_device || node.devices > 0;
  }
  if (!has_device) return Error{Code::Invalid, "packing bound: no node has a device"};
  for (const BoundPod& pod : pods) {
    if (pod.devices < 0 || pod.cpu_milli < 0 || pod.memory_mib < 0) {
      return Error{Code::Invalid, "packing bound: a pod asks for less than nothing"};
    }
    if (pod.devices > 0 && (pod.milli_each <= 0 || pod.milli_each > kDeviceMilli ||
                            (pod.devices > 1 && pod.milli_each != kDeviceMilli))) {
      return Error{Code::Invalid,
                   "packing bound: want 1..1000 milli of one device, or whole devices"};
    }
  }
  return Done{};
}

}  // namespace

Result<PackingBound> packing_bound(std::span<const BoundNode> nodes, std::span<const BoundPod> pods,
                                   const BoundOptions& options) {
  BERTH_TRY(check(nodes, pods));
  return Relaxation(sizes_of(nodes), shapes_of(pods), options).run();
}

}  // namespace berth::sim
