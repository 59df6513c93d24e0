#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sched/policy/policy.h"

namespace berth::sched {

// What policies may say of a workload beside what it asks for.
struct Traits {
  std::string name_space;
  Labels labels;
  bool operator==(const Traits&) const = default;
};

// A workload under one of its alternatives; views of what is somebody else's.
struct WorkView {
  std::string_view name_space;
  std::string_view tier;
  const Labels& labels;
  std::string_view device_class;
  int64_t devices = 0;
};

bool carries(const Labels& labels, const Labels& wanted);  // all of `wanted`
bool matches(const WorkMatch& match, const WorkView& work);
// The part of matches() that only names decide, for a look-up per tenant.
bool matches_names(const WorkMatch& match, std::string_view name_space, std::string_view tier);
// The rest of it.
bool matches_rest(const WorkMatch& match, const WorkView& work);

// Work that two policies are both about, in words ("namespace vision, tier Spot"); nothing when
// there can be none. "any work" when neither says anything.
std::optional<std::string> overlap(const WorkMatch& a, const WorkMatch& b);

}  // namespace berth::sched
