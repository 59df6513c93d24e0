#include "sched/quota/fair_share.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace berth::sched {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kMilli = 1000;

}  // namespace

FairShare::FairShare(const QuotaTree& tree, const FairShareInputs& inputs) : tree_(tree) {
  std::set<int64_t> kinds{ClassValue{}.kind};
  for (const auto& [name, value] : inputs.values) kinds.insert(value.kind);
  const auto of_class = [&](const DeviceClass& name) {
    const auto at = inputs.values.find(name);
    const ClassValue value = at == inputs.values.end() ? ClassValue{} : at->second;
    const auto kind = std::distance(kinds.begin(), kinds.find(value.kind));
    // What counts in a region counts in its class already.
    const int64_t counts = is_regional(name) ? 0 : std::max<int64_t>(0, value.value);
    return Of{counts, static_cast<size_t>(kind)};
  };
  other_ = of_class("");
  for (Class at = 0; at < tree.classes(); ++at) of_.push_back(of_class(tree.name(at)));
  capacity_.resize(kinds.size());
  for (const auto& [name, devices] : inputs.capacity) {
    const Of of = of_class(name);
    capacity_[of.kind] = add_saturating(capacity_[of.kind], multiply_saturating(of.value, devices));
  }
  lately_.resize(tree.nodes(), std::vector<int64_t>(kinds.size()));
  for (const auto& [leaf, by_class] : inputs.lately) {
    const auto start = tree.find(leaf);
    if (!start) continue;
    for (const auto& [name, micro_devices] : by_class) {
      const Of of = of_class(name);
      const int64_t counts =
          multiply_saturating(multiply_saturating(micro_devices, of.value) / kMilli,
                              inputs.history_permille) /
          1000;
      for (Node node = *start; node != tree.pool(); node = tree.parent(node)) {
        lately_[node][of.kind] = add_saturating(lately_[node][of.kind], counts);
      }
    }
  }
}

const FairShare::Of& FairShare::of(Class device_class) const {
  return device_class < of_.size() ? of_[device_class] : other_;
}

Share FairShare::share(int64_t milli_value, size_t kind, Node node) const {
  // In 64 bits where it fits, which it nearly always does, at a third of the time.
  int64_t scaled = 0;
  int64_t divisor = 0;
  if (!__builtin_mul_overflow(milli_value, kWholeShare / kMilli, &scaled) &&
      !__builtin_mul_overflow(std::max<int64_t>(1, capacity_[kind]), tree_.weight(node),
                              &divisor) &&
      !__builtin_add_overflow(scaled, divisor - 1, &scaled)) {
    return scaled / divisor;
  }
  const Wide whole = Wide{std::max<int64_t>(1, capacity_[kind])} * tree_.weight(node);
  const Wide share = (Wide{milli_value} * (kWholeShare / kMilli) + whole - 1) / whole;
  return share > Wide{kUnlimited} ? kUnlimited : static_cast<Share>(share);
}

template <class Count>
Share FairShare::dominant(Node node, bool with_history, const Count& count) const {
  Share most = 0;
  for (size_t kind = 0; kind < capacity_.size(); ++kind) {
    int64_t sum = with_history ? lately_[node][kind] : 0;
    for (Class at = 0; at < tree_.classes(); ++at) {
      const int64_t value = of(at).kind == kind ? of(at).value : 0;
      const int64_t worth = multiply_saturating(multiply_saturating(count(at), value), kMilli);
      sum = add_saturating(sum, worth);
    }
    most = std::max(most, share(sum, kind, node));
  }
  return most;
}

Standing FairShare::standing(Node node, Node leaf, const Want& wants) const {
  int64_t more = wants.devices;
  for (Node below = leaf; below != node; below = tree_.parent(below)) {
    more = tree_.bubbles(below, wants.device_class, more);
  }
  const auto over = [&](Class at) {
    const int64_t plus = at == wants.device_class ? more : 0;
    return std::max<int64_t>(0, tree_.usage(node, at) + plus - tree_.subtree(node, at));
  };
  const auto used = [&](Class at) {
    return tree_.used(node, at) + (at == wants.device_class ? wants.devices : 0);
  };
  return {over(wants.device_class) > 0, dominant(node, true, over), dominant(node, false, used)};
}

Share FairShare::borrowed(Node node, Class column, int64_t more) const {
  const Class device_class = tree_.classes() == 0 ? column : tree_.base(column);
  return dominant(node, false, [&](Class at) {
    const int64_t plus = at == device_class ? more : 0;
    return std::max<int64_t>(0, tree_.usage(node, at) + plus - tree_.subtree(node, at));
  });
}

bool FairShare::goes_before(Node a, const Want& wants_a, Node b, const Want& wants_b) const {
  if (a == b) return false;
  const size_t depth = tree_.depth(tree_.meet(a, b)) + 1;
  const Node of_a = tree_.ancestor(a, depth);
  const Node of_b = tree_.ancestor(b, depth);
  const Standing standing_a = standing(of_a, a, wants_a);
  const Standing standing_b = standing(of_b, b, wants_b);
  if (standing_a != standing_b) return standing_a < standing_b;
  return of_a < of_b;
}

int64_t share_of_fair_basis_points(const FairShare& fair, QuotaTree::Node node) {
  constexpr int64_t kWhole = 10'000;
  const QuotaTree& tree = fair.tree();
  // Standing divides by the weight already; what is left of it is the siblings' sum.
  Wide share = Wide{fair.standing(node, node, {}).used} * tree.weight(node);
  for (QuotaTree::Node at = node; at != tree.pool(); at = tree.parent(at)) {
    int64_t all = 0;
    for (const QuotaTree::Node one : tree.children(tree.parent(at))) {
      all = add_saturating(all, tree.weight(one));
    }
    share = share * all / tree.weight(at);
    if (share > Wide{kUnlimited}) return kUnlimited;
  }
  const Wide points = share * kWhole / kWholeShare;
  return points > Wide{kUnlimited} ? kUnlimited : static_cast<int64_t>(points);
}

}  // namespace berth::sched
