#include "cli/live/words.h"

#include <algorithm>

#include "base/saturating.h"

namespace berth::cli {

std::string age_text(Millis age) {
  const int64_t seconds = std::max<int64_t>(0, age.count() / 1000);
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (seconds < 120 * 60) return std::to_string(seconds / 60) + "m";
  if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86'400) + "d";
}

std::string bound_text(int64_t bound) {
  return bound == kUnlimited ? "all" : std::to_string(bound);
}

std::string some_of(const std::vector<std::string>& names, size_t most) {
  std::string text;
  for (size_t i = 0; i < std::min(most, names.size()); ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

}  // namespace berth::cli
