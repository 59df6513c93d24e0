#include "kube/quantity.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace berth::kube {

namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

// Far beyond what can change an int64_t, and small enough to add digit counts to.
constexpr int64_t kExponentMax = 1'000'000;

// digits * 10^exponent * 1024^kilos, negated if so. Decimal digits as text, so that no input is too
// long to be exact.
struct Parts {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
  int kilos = 0;
};

Error malformed(std::string_view text) {
  return {Code::Invalid, "'" + std::string(text.substr(0, 64)) +
                             "' is not a quantity: want digits and one of n u m k M G T P E or "
                             "Ki Mi Gi Ti Pi Ei"};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto taken = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

std::optional<int64_t> parse_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  int64_t exponent = 0;
  for (const char c : text) exponent = std::min(exponent * 10 + (c - '0'), kExponentMax);
  return negative ? -exponent : exponent;
}

bool apply_suffix(std::string_view suffix, Parts& parts) {
  constexpr std::array<std::pair<std::string_view, int>, 10> kDecimal{{{"n", -9},
                                                                       {"u", -6},
                                                                       {"m", -3},
                                                                       {"", 0},
                                                                       {"k", 3},
                                                                       {"M", 6},
                                                                       {"G", 9},
                                                                       {"T", 12},
                                                                       {"P", 15},
                                                                       {"E", 18}}};
  constexpr std::array<std::string_view, 6> kBinary{"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

  for (const auto& [name, exponent] : kDecimal) {
    if (suffix != name) continue;
    parts.exponent += exponent;
    return true;
  }
  if (const auto* found = std::find(kBinary.begin(), kBinary.end(), suffix);
      found != kBinary.end()) {
    parts.kilos = static_cast<int>(found - kBinary.begin()) + 1;
    return true;
  }
  if (!suffix.starts_with('e') && !suffix.starts_with('E')) return false;
  const auto exponent = parse_exponent(suffix.substr(1));
  if (exponent) parts.exponent += *exponent;
  return exponent.has_value();
}

std::optional<Parts> split(std::string_view text) {
  Parts parts;
  parts.negative = text.starts_with('-');
  if (parts.negative || text.starts_with('+')) text.remove_prefix(1);
  parts.digits = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const auto fraction = take_digits(text);
    parts.exponent = -static_cast<int64_t>(fraction.size());
    parts.digits += fraction;
  }
  if (parts.digits.empty() || !apply_suffix(text, parts)) return std::nullopt;
  return parts;
}

void times_1024(std::string& digits) {
  int carry = 0;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    const int product = (*digit - '0') * 1024 + carry;
    *digit = static_cast<char>('0' + product % 10);
    carry = product / 10;
  }
  if (carry > 0) digits.insert(0, std::to_string(carry));
}

// digits * 10^exponent in whole numbers, rounded up, at most kMost.
int64_t round_up(std::string_view digits, int64_t exponent) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return 0;
  bool inexact = false;
  if (exponent < 0) {
    const auto cut = static_cast<size_t>(std::min(-exponent, static_cast<int64_t>(digits.size())));
    inexact = digits.substr(digits.size() - cut).find_first_not_of('0') != std::string_view::npos;
    digits.remove_suffix(cut);
    exponent = 0;
  }
  if (static_cast<int64_t>(digits.size()) + exponent > 19) return kMost;
  uint64_t value = 0;  // 19 digits fit
  for (const char c : digits) value = value * 10 + static_cast<uint64_t>(c - '0');
  for (; exponent > 0; --exponent) value *= 10;
  value += inexact ? 1 : 0;
  return static_cast<int64_t>(std::min(value, static_cast<uint64_t>(kMost)));
}

Result<int64_t> parse_scaled(std::string_view text, int64_t scale_exponent) {
  auto parts = split(text);
  if (!parts) return malformed(text);
  for (int i = 0; i < parts->kilos; ++i) times_1024(parts->digits);
  const int64_t size = round_up(parts->digits, parts->exponent + scale_exponent);
  return parts->negative ? -size : size;
}

// The value in the largest unit that leaves no fraction; `units` begins with the unit of `value`.
template <size_t N>
std::string format_scaled(int64_t value, int64_t step,
                          const std::array<std::string_view, N>& units) {
  size_t unit = 0;
  while (value != 0 && value % step == 0 && unit + 1 < N) {
    value /= step;
    ++unit;
  }
  if (value == 0) return "0";
  return std::to_string(value) + std::string(units[unit]);
}

}  // namespace

Result<int64_t> parse_quantity(std::string_view text) { return parse_scaled(text, 0); }

Result<int64_t> parse_milli(std::string_view text) { return parse_scaled(text, 3); }

std::string format_quantity(int64_t units) {
  return format_scaled<7>(units, 1000, {"", "k", "M", "G", "T", "P", "E"});
}

std::string format_milli(int64_t milli) {
  return format_scaled<8>(milli, 1000, {"m", "", "k", "M", "G", "T", "P", "E"});
}

std::string format_bytes(int64_t bytes) {
  return format_scaled<7>(bytes, 1024, {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"});
}

}  // namespace berth::kube
