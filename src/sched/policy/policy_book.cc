#include "sched/policy/policy_book.h"

#include <algorithm>
#include <tuple>

namespace berth::sched {
namespace {

constexpr size_t kMostNames = 4'096;   // pairs of namespace and tier that are remembered
constexpr size_t kMostCompiled = 512;  // with 100,000 nodes about 200 MB

}  // namespace

void PolicyBook::set(std::vector<PlacementPolicy> policies) {
  policies_ = std::move(policies);
  std::sort(policies_.begin(), policies_.end(), [](const auto& a, const auto& b) {
    return std::tie(b.priority, a.name) < std::tie(a.priority, b.name);
  });
  shadows_.clear();
  for (size_t i = 0; i < policies_.size(); ++i) {
    if (policies_[i].is_shadow) shadows_.push_back(i);
  }
  has_enforced_ = shadows_.size() < policies_.size();
  by_names_.clear();
  compiled_.clear();
}

void PolicyBook::set_ground(Ground ground) {
  ground_ = std::move(ground);
  compiled_.clear();
}

const Ground& PolicyBook::ground() const {
  static const Ground kNone;
  return ground_ ? *ground_ : kNone;
}

void PolicyBook::trim() {
  if (by_names_.size() > kMostNames) by_names_.clear();
  if (compiled_.size() > kMostCompiled) compiled_.clear();
}

const std::vector<size_t>& PolicyBook::matching(const WorkView& work) {
  const auto [at, is_new] =
      by_names_.try_emplace({std::string(work.name_space), std::string(work.tier)});
  if (is_new) {
    for (size_t i = 0; i < policies_.size(); ++i) {
      if (policies_[i].is_shadow) continue;
      if (matches_names(policies_[i].match, work.name_space, work.tier)) at->second.push_back(i);
    }
  }
  matching_.clear();
  for (const size_t policy : at->second) {
    if (matches_rest(policies_[policy].match, work)) matching_.push_back(policy);
  }
  return matching_;
}

const Rules& PolicyBook::compiled(const std::vector<size_t>& matched,
                                  const DeviceClass& device_class) {
  const auto at = compiled_.find({matched, device_class});
  if (at != compiled_.end()) return at->second;
  Rules rules = compile(policies_, matched, device_class, *ground_);
  return compiled_.emplace(std::pair(matched, device_class), std::move(rules)).first->second;
}

const Rules& PolicyBook::rules_for(const WorkView& work) {
  return compiled(matching(work), DeviceClass(work.device_class));
}

const Rules& PolicyBook::rules_with(size_t shadow, const WorkView& work) {
  std::vector<size_t> matched = matching(work);
  matched.insert(std::lower_bound(matched.begin(), matched.end(), shadow), shadow);
  return compiled(matched, DeviceClass(work.device_class));
}

}  // namespace berth::sched
