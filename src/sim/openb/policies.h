#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "sim/openb/policy.h"
#include "sim/openb/trace.h"

namespace berth::sim::openb {

struct PolicyOptions {
  bool random_ties = false;
  uint64_t seed = 0;
};

// The names of make_policy, as --policy takes them.
std::span<const std::string_view> policy_names();

// A policy for nodes in this order; `trace` is what it may know of pods beforehand, and of models.
// Errors: Invalid for a name that is none.
Result<std::unique_ptr<Policy>> make_policy(std::string_view name, const Trace& trace,
                                            std::span<const Node> nodes, PolicyOptions options);

}  // namespace berth::sim::openb
