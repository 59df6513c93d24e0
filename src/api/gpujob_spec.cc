#include "api/gpujob_spec.h"

#include <algorithm>

namespace berth::api {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_claim(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  if (!is_lower_or_digit(name.front()) || !is_lower_or_digit(name.back())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; });
}

bool is_folder(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

bool Checkpoint::is_place(const Checkpoint& checkpoint) {
  constexpr std::string_view kScheme = "pvc://";
  std::string_view left = checkpoint.uri;
  if (!left.starts_with(kScheme)) return true;  // another rule refuses those
  left.remove_prefix(kScheme.size());
  const size_t claim_end = left.find('/');
  if (!is_claim(left.substr(0, claim_end))) return false;
  while (left.find('/') != std::string_view::npos) {
    left.remove_prefix(left.find('/') + 1);
    if (!is_folder(left.substr(0, left.find('/')))) return false;
  }
  return true;
}

}  // namespace berth::api
