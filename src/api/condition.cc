#include "api/condition.h"

#include <algorithm>
#include <utility>

namespace berth::api {

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& c) { return c.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

bool set_condition(std::vector<Condition>& conditions, Condition wanted, Instant now) {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const Condition& c) { return c.type == wanted.type; });
  if (found == conditions.end()) {
    wanted.last_transition_time = now;
    conditions.push_back(std::move(wanted));
    return true;
  }
  wanted.last_transition_time = found->status == wanted.status ? found->last_transition_time : now;
  if (*found == wanted) return false;
  *found = std::move(wanted);
  return true;
}

}  // namespace berth::api
