#pragma once
#include <optional>
#include <string_view>
#include <vector>

// Reads the text format of Prometheus 0.0.4, as our own programs write it. Pure.
namespace berth::control {

// One line. Views into the page.
struct Sample {
  std::string_view name;
  std::string_view labels;  // a="b",c="d"; empty without any
  double value = 0;         // within 0 and 9e15: up to there whole numbers are exact in a double
};

// Comments, lines that are no samples and values that no counter of ours can have are passed over.
std::vector<Sample> samples_of(std::string_view page);

// The value of a label; empty where there is none. None of ours has escapes.
std::string_view label(std::string_view labels, std::string_view key);

// A number within 0 and 9e15.
std::optional<double> metric_number(std::string_view text);

}  // namespace berth::control
