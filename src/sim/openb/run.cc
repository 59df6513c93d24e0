#include "sim/openb/run.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "sim/openb/arrivals.h"
#include "sim/openb/curve.h"
#include "sim/openb/policies.h"

namespace berth::sim::openb {
namespace {

constexpr int32_t kDemandPercents[] = {90, 95, 100, 110, 130};
// How many pods are decided between two looks at the clock: few enough for a lively progress bar.
constexpr size_t kBatch = 1024;

// The run's own books, against which every answer of a policy is checked.
class Books {
 public:
  explicit Books(std::span<const Node> nodes) : nodes_(nodes.begin(), nodes.end()) {}

  bool take(const Shape& shape, const Placement& placement) {
    if (placement.node < 0 || static_cast<size_t>(placement.node) >= nodes_.size()) return false;
    NodeState& node = nodes_[static_cast<size_t>(placement.node)];
    if (!node.fits(shape) || std::popcount(placement.devices) != shape.devices) return false;
    for (DeviceSet left = placement.devices; left != 0; left &= left - 1) {
      const int32_t device = std::countr_zero(left);
      if (device >= node.devices || node.free_of(device) < shape.device_milli) return false;
    }
    node.take(shape, placement.devices);
    return true;
  }

 private:
  std::vector<NodeState> nodes_;
};

class Runner {
 public:
  Runner(const Trace& trace, const Settings& settings, const Outside& outside)
      : trace_(trace), settings_(settings), outside_(outside) {}

  Result<Report> run();

 private:
  Status run_seed(size_t at);
  void decide(Policy& policy, std::span<const int32_t> pods,
              std::vector<std::optional<Placement>>& answers);
  Status account(std::span<const Node> nodes, std::span<const int32_t> pods,
                 std::span<const std::optional<Placement>> answers);
  Status bound();
  Report report() const;

  const Trace& trace_;
  const Settings& settings_;
  const Outside& outside_;
  std::vector<std::vector<int32_t>> arrivals_;  // by seed
  int64_t pods_ = 0;                            // of all seeds
  int64_t decided_ = 0;
  int64_t refused_ = 0;
  std::chrono::nanoseconds spent_{0};
  std::map<int32_t, std::vector<double>> allocation_percent_;  // by demand, one per seed
  std::optional<double> lp_bound_;
};

void Runner::decide(Policy& policy, std::span<const int32_t> pods,
                    std::vector<std::optional<Placement>>& answers) {
  while (!pods.empty()) {
    const auto batch = pods.first(std::min(kBatch, pods.size()));
    const auto start = outside_.cpu_time ? outside_.cpu_time() : std::chrono::nanoseconds{0};
    for (const int32_t pod : batch) {
      answers.push_back(policy.place(trace_.shape_of(static_cast<size_t>(pod))));
    }
    if (outside_.cpu_time) spent_ += outside_.cpu_time() - start;
    pods = pods.subspan(batch.size());
    decided_ += static_cast<int64_t>(batch.size());
    if (outside_.progress) outside_.progress(decided_, pods_);
  }
}

Status Runner::account(std::span<const Node> nodes, std::span<const int32_t> pods,
                       std::span<const std::optional<Placement>> answers) {
  Books books(nodes);
  Curve curve(trace_.capacity_milli());
  int64_t arrived_milli = 0;
  int64_t allocated_milli = 0;
  for (size_t i = 0; i < pods.size(); ++i) {
    const auto pod = static_cast<size_t>(pods[i]);
    const Shape& shape = trace_.shape_of(pod);
    arrived_milli += shape.total_milli();
    if (!answers[i]) {
      ++refused_;
    } else if (books.take(shape, *answers[i])) {
      allocated_milli += shape.total_milli();
    } else {
      return Error{Code::Internal, "policy " + settings_.policy + ": arrival " +
                                       std::to_string(i + 1) + ": pod " + trace_.pods[pod].name +
                                       " does not fit where it was placed"};
    }
    curve.add(arrived_milli, allocated_milli);
  }
  for (const int32_t percent : kDemandPercents) {
    auto& values = allocation_percent_[percent];
    if (const auto value = curve.at(percent)) values.push_back(*value);
  }
  return Done{};
}

Status Runner::run_seed(size_t at) {
  const uint64_t seed = settings_.seeds[at];
  const std::vector<Node> nodes = named_nodes(trace_, seed, settings_.shuffle_names);
  const auto policy = BERTH_TRY(make_policy(settings_.policy, trace_, nodes,
                                            {.random_ties = settings_.random_ties, .seed = seed}));
  std::vector<std::optional<Placement>> answers;
  answers.reserve(arrivals_[at].size());
  decide(*policy, arrivals_[at], answers);
  return account(nodes, arrivals_[at], answers);
}

// Of the first seed's pods while the demand is within the devices.
Status Runner::bound() {
  if (!outside_.lp_bound) return Done{};
  std::vector<Shape> arrived;
  int64_t left_milli = trace_.capacity_milli();
  for (const int32_t pod : arrivals_.front()) {
    const Shape& shape = trace_.shape_of(static_cast<size_t>(pod));
    left_milli -= shape.total_milli();
    if (left_milli < 0) break;
    arrived.push_back(shape);
  }
  lp_bound_ = BERTH_TRY(outside_.lp_bound(trace_, arrived));
  return Done{};
}

Report Runner::report() const {
  Report report{.refused_pods = refused_, .decisions = decided_};
  for (const auto& [percent, values] : allocation_percent_) {
    report.allocation_percent[percent] = mean(values);
  }
  report.sd_at_100 = deviation(allocation_percent_.at(100));
  if (spent_.count() > 0) {
    report.decisions_per_second = static_cast<int64_t>(static_cast<double>(decided_) * 1e9 /
                                                       static_cast<double>(spent_.count()));
  }
  report.lp_bound_percent_at_100 = lp_bound_;
  return report;
}

Result<Report> Runner::run() {
  for (const uint64_t seed : settings_.seeds) {
    arrivals_.push_back(arrivals(trace_, seed, settings_.inflate_permille));
    pods_ += static_cast<int64_t>(arrivals_.back().size());
  }
  for (size_t at = 0; at < arrivals_.size(); ++at) BERTH_TRY(run_seed(at));
  BERTH_TRY(bound());
  return report();
}

}  // namespace

Result<Report> run(const Trace& trace, const Settings& settings, const Outside& outside) {
  if (settings.seeds.empty()) return Error{Code::Invalid, "seeds: want at least one"};
  if (settings.inflate_permille < 1 || settings.inflate_permille > 10'000) {
    return Error{Code::Invalid, "inflate: want above 0 and at most 10"};
  }
  return Runner(trace, settings, outside).run();
}

}  // namespace berth::sim::openb
