#pragma once
#include <string>

#include "sched/facts.h"
#include "sched/policy/policy.h"

namespace berth::sched {

// Whether the work may run in the region of the node; null is nowhere.
inline bool is_located(const Ask& ask, const Node* node) {
  if (ask.locations.empty()) return true;
  if (node == nullptr) return false;
  const auto region = node->labels.find(kRegionLabel);
  return region != node->labels.end() && ask.locations.contains(region->second);
}

// " in eu or us", empty when it may run anywhere.
inline std::string location_text(const Ask& ask) {
  std::string text;
  for (const std::string& location : ask.locations) {
    text += (text.empty() ? " in " : " or ") + location;
  }
  return text;
}

}  // namespace berth::sched
