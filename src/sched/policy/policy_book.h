#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sched/policy/match.h"
#include "sched/policy/rules.h"

namespace berth::sched {

// The policies in force and what they make of work, worked out once for every set of them that
// matches some work and kept until policies or nodes change.
class PolicyBook {
 public:
  PolicyBook() = default;
  PolicyBook(const PolicyBook&) = delete;
  PolicyBook& operator=(const PolicyBook&) = delete;

  // In any order.
  void set(std::vector<PlacementPolicy> policies);
  // By precedence: priority, then name.
  const std::vector<PlacementPolicy>& policies() const { return policies_; }
  bool has_enforced() const { return has_enforced_; }
  const std::vector<size_t>& shadows() const { return shadows_; }

  // Nodes have come or gone, or are not what they were. The ground is asked for when it is needed.
  void nodes_changed() { ground_.reset(); }
  bool needs_ground() const { return !ground_.has_value(); }
  void set_ground(Ground ground);
  const Ground& ground() const;  // empty before it was set

  // Forgets what was worked out if that has become much; nothing of it may be in use.
  void trim();

  // The enforced policies that the work is about, by precedence. Good until the next call.
  const std::vector<size_t>& matching(const WorkView& work);
  // What they make of it. Good until policies or nodes change.
  // REQUIRES: !needs_ground().
  const Rules& rules_for(const WorkView& work);
  // As it would be if that shadow policy were enforced, too.
  const Rules& rules_with(size_t shadow, const WorkView& work);

 private:
  const Rules& compiled(const std::vector<size_t>& matched, const DeviceClass& device_class);

  std::vector<PlacementPolicy> policies_;
  std::vector<size_t> shadows_;
  bool has_enforced_ = false;
  std::optional<Ground> ground_;
  // Enforced policies by namespace and tier.
  std::map<std::pair<std::string, std::string>, std::vector<size_t>> by_names_;
  std::map<std::pair<std::vector<size_t>, DeviceClass>, Rules> compiled_;
  std::vector<size_t> matching_;
};

}  // namespace berth::sched
