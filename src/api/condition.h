#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "json/enum_names.h"
#include "json/rules.h"

namespace berth::api {

// Unknown whenever the facts are missing; never False for lack of data.
enum class ConditionStatus { True, False, Unknown };
constexpr auto enum_names(ConditionStatus) {
  return std::array<std::string_view, 3>{"True", "False", "Unknown"};
}

// One observation about an object, as every Kubernetes kind spells it.
struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::Unknown;
  int64_t observed_generation = 0;
  Instant last_transition_time{};
  std::string reason;   // CamelCase, one of a fixed set, for machines
  std::string message;  // a sentence with the numbers, for people

  template <class V>
  static void describe(V& v) {
    v.field("type", &Condition::type,
            {.required = true, .min_length = 1, .max_length = 316, .pattern = kTypePattern},
            "What was observed, for example Ready.");
    v.field("status", &Condition::status, {.required = true},
            "Whether it holds; Unknown when the facts are missing.");
    v.field("observedGeneration", &Condition::observed_generation, {.minimum = 0},
            "Generation of the spec that this is about.");
    v.field("lastTransitionTime", &Condition::last_transition_time, {.required = true},
            "When status last changed.");
    v.field("reason", &Condition::reason,
            {.required = true, .min_length = 1, .max_length = 1024, .pattern = kReasonPattern},
            "Why, as one CamelCase word from a fixed set.");
    v.field("message", &Condition::message, {.max_length = 32768},
            "Why, as a sentence with the numbers.");
  }
  static constexpr std::string_view kTypePattern = "^[A-Za-z][A-Za-z0-9]*$";
  static constexpr std::string_view kReasonPattern = "^[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$";

  bool is_true() const { return status == ConditionStatus::True; }
  bool operator==(const Condition&) const = default;
};

// The condition of that type, or nullptr.
const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);

// Puts `wanted` in the place of the condition of its type, or at the end. Its time is ours to set:
// `now` when the status differs from what was there, else what was there. Returns whether anything
// but the time changed, so that an unchanged status is not written again.
bool set_condition(std::vector<Condition>& conditions, Condition wanted, Instant now);

}  // namespace berth::api
