#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/condition.h"

namespace berth::control {

// Sets conditions of one object at one moment, without repeating generation and time everywhere.
struct Stamp {
  std::vector<api::Condition>& conditions;
  int64_t generation = 0;
  Instant now;

  void set(std::string_view type, bool holds, std::string_view reason, std::string message) {
    set(type, holds ? api::ConditionStatus::True : api::ConditionStatus::False, reason,
        std::move(message));
  }
  void set(std::string_view type, api::ConditionStatus status, std::string_view reason,
           std::string message) {
    api::set_condition(conditions,
                       {.type = std::string(type),
                        .status = status,
                        .observed_generation = generation,
                        .last_transition_time = now,
                        .reason = std::string(reason),
                        .message = std::move(message)},
                       now);
  }
  // A condition that never held needs no entry to say so.
  void clear_if_set(std::string_view type, std::string_view reason, std::string message) {
    if (api::find_condition(conditions, type) != nullptr) {
      set(type, false, reason, std::move(message));
    }
  }
};

}  // namespace berth::control
