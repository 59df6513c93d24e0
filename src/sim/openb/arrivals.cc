#include "sim/openb/arrivals.h"

#include <numeric>
#include <string>
#include <utility>

#include "sim/openb/random.h"

namespace berth::sim::openb {

std::vector<int32_t> arrivals(const Trace& trace, uint64_t seed, int64_t inflate_permille) {
  const int64_t most_milli = trace.capacity_milli() * inflate_permille / 1000;
  std::vector<int32_t> order(trace.pods.size());
  std::iota(order.begin(), order.end(), 0);
  Random random(seed);
  random.shuffle(order);
  const auto milli_of = [&](int32_t pod) {
    return trace.shape_of(static_cast<size_t>(pod)).total_milli();
  };
  int64_t asked_milli = 0;
  for (const int32_t pod : order) asked_milli += milli_of(pod);
  while (asked_milli > most_milli) {
    const auto dropped = order.begin() + static_cast<int64_t>(random.below(order.size()));
    asked_milli -= milli_of(*dropped);
    order.erase(dropped);
  }
  if (order.size() < trace.pods.size()) return order;
  for (;;) {
    const auto pod = static_cast<int32_t>(random.below(trace.pods.size()));
    asked_milli += milli_of(pod);
    if (asked_milli > most_milli) return order;
    order.push_back(pod);
  }
}

std::vector<Node> named_nodes(const Trace& trace, uint64_t seed, bool shuffle_names) {
  std::vector<Node> nodes = trace.nodes;
  Random random(~seed);  // another sequence than the pods'
  random.shuffle(nodes);
  if (shuffle_names) random.shuffle(nodes);
  for (size_t i = 0; i < nodes.size(); ++i) nodes[i].name = trace.nodes[i].name;
  return nodes;
}

}  // namespace berth::sim::openb
