#include "sim/openb/policies.h"

#include <string>
#include <utility>

#include "sim/openb/baselines.h"
#include "sim/openb/berth_policy.h"
#include "sim/openb/fgd.h"
#include "sim/openb/scan.h"

namespace berth::sim::openb {
namespace {

using Made = Result<std::unique_ptr<Policy>>;
using Make = Made (*)(const Trace&, std::span<const Node>, PolicyOptions);

std::unique_ptr<Policy> scan(std::span<const Node> nodes, std::unique_ptr<Scorer> scorer,
                             PolicyOptions options) {
  return std::make_unique<ScanPolicy>(
      nodes, std::move(scorer),
      ScanOptions{.random_ties = options.random_ties, .seed = options.seed});
}

template <class Baseline>
Made baseline(const Trace&, std::span<const Node> nodes, PolicyOptions options) {
  return scan(nodes, std::make_unique<Baseline>(), options);
}

Made fgd(const Trace& trace, std::span<const Node> nodes, PolicyOptions options) {
  return scan(nodes, std::make_unique<Fgd>(trace), options);
}

Made any_node(const Trace&, std::span<const Node> nodes, PolicyOptions options) {
  options.random_ties = true;
  return scan(nodes, std::make_unique<AnyNode>(~options.seed), options);
}

Made berth(const Trace& trace, std::span<const Node> nodes, PolicyOptions options) {
  BerthOptions made;
  if (options.random_ties) made.ties = options.seed;
  return BerthPolicy::make(trace, nodes, made);
}

constexpr std::string_view kNames[] = {"berth",   "fgd",        "bestfit", "dotprod",
                                       "packing", "clustering", "random"};
constexpr Make kMakes[] = {
    berth,   fgd, baseline<BestFit>, baseline<DotProduct>, baseline<Packing>, baseline<Clustering>,
    any_node};
static_assert(std::size(kNames) == std::size(kMakes));

}  // namespace

std::span<const std::string_view> policy_names() { return kNames; }

Result<std::unique_ptr<Policy>> make_policy(std::string_view name, const Trace& trace,
                                            std::span<const Node> nodes, PolicyOptions options) {
  const Error unusable{Code::Invalid, "policy " + std::string(name) + ": "};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] != name) continue;
    Made made = kMakes[i](trace, nodes, options);
    if (made) return made;
    return Error{Code::Invalid, unusable.message + made.error().message};
  }
  return Error{Code::Invalid, unusable.message + "no such policy"};
}

}  // namespace berth::sim::openb
