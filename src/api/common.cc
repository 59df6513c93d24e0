#include "api/common.h"

#include <algorithm>

namespace berth::api {

bool has_digest(std::string_view image) {
  constexpr std::string_view kMark = "@sha256:";
  constexpr size_t kDigits = 64;
  if (image.size() < kMark.size() + kDigits) return false;
  const std::string_view digits = image.substr(image.size() - kDigits);
  const std::string_view before = image.substr(0, image.size() - kDigits);
  return before.ends_with(kMark) && std::all_of(digits.begin(), digits.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace berth::api
