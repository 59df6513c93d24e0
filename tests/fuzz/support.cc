#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/targets.h"

namespace berth::fuzz {

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

std::string_view take_until(std::string_view& input, char end) {
  const size_t at = std::min(input.find(end), input.size());
  const std::string_view taken = input.substr(0, at);
  input.remove_prefix(std::min(at + 1, input.size()));
  return taken;
}

}  // namespace berth::fuzz
