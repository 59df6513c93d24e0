#include "operator/world/metrics_page.h"

#include <charconv>
#include <cmath>
#include <string>

namespace berth::control {
namespace {

constexpr double kLargest = 9e15;

std::optional<Sample> parse(std::string_view line) {
  if (line.empty() || line.front() == '#') return std::nullopt;
  const size_t end = line.find_first_of("{ ");
  if (end == std::string_view::npos) return std::nullopt;
  Sample sample{.name = line.substr(0, end)};
  line.remove_prefix(end);
  if (line.front() == '{') {
    const size_t close = line.rfind('}');
    if (close == std::string_view::npos) return std::nullopt;
    sample.labels = line.substr(1, close - 1);
    line.remove_prefix(close + 1);
  }
  while (line.starts_with(' ')) line.remove_prefix(1);
  const auto value = metric_number(line);
  if (!value) return std::nullopt;
  sample.value = *value;
  return sample;
}

}  // namespace

std::vector<Sample> samples_of(std::string_view page) {
  std::vector<Sample> samples;
  while (!page.empty()) {
    const size_t end = page.find('\n');
    if (auto sample = parse(page.substr(0, end))) samples.push_back(*sample);
    if (end == std::string_view::npos) break;
    page.remove_prefix(end + 1);
  }
  return samples;
}

std::string_view label(std::string_view labels, std::string_view key) {
  const std::string wanted = std::string(key) + "=\"";
  size_t at = labels.find(wanted);
  while (at != std::string_view::npos && at > 0 && labels[at - 1] != ',') {
    at = labels.find(wanted, at + 1);
  }
  if (at == std::string_view::npos) return {};
  labels.remove_prefix(at + wanted.size());
  return labels.substr(0, labels.find('"'));
}

std::optional<double> metric_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_good = error == std::errc() && std::isfinite(value) && value >= 0;
  return is_good && value <= kLargest ? std::optional(value) : std::nullopt;
}

}  // namespace berth::control
