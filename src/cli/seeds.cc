#include "cli/seeds.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace berth::cli {
namespace {

constexpr uint64_t kSeedsMax = 1000;

std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error want(std::string_view text) {
  return {Code::Invalid, "want FROM..TO or a list such as 42,43, of at most 1000, got '" +
                             std::string(text) + "'"};
}

}  // namespace

Result<std::vector<uint64_t>> parse_seeds(std::string_view text) {
  std::vector<uint64_t> seeds;
  if (const size_t dots = text.find(".."); dots != std::string_view::npos) {
    const auto from = number(text.substr(0, dots));
    const auto to = number(text.substr(dots + 2));
    if (!from || !to || *to < *from || *to - *from >= kSeedsMax) return want(text);
    for (uint64_t i = 0; i <= *to - *from; ++i) seeds.push_back(*from + i);
    return seeds;
  }
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const auto seed = number(text.substr(at, comma - at));
    if (!seed || seeds.size() == kSeedsMax) return want(text);
    seeds.push_back(*seed);
    at = comma + 1;
  }
  return seeds;
}

}  // namespace berth::cli
