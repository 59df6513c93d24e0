#include "json/time.h"

#include <array>
#include <cstdio>
#include <optional>

namespace berth {
namespace {

using std::chrono::sys_days;

struct Parts {
  int year, month, day, hour, minute, second, millis;
};

Parts split(Instant instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<Millis> time{instant - day};
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<int>(static_cast<unsigned>(date.month())),
          .day = static_cast<int>(static_cast<unsigned>(date.day())),
          .hour = static_cast<int>(time.hours().count()),
          .minute = static_cast<int>(time.minutes().count()),
          .second = static_cast<int>(time.seconds().count()),
          .millis = static_cast<int>(time.subseconds().count())};
}

std::string format_seconds(const Parts& at) {
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d", at.year, at.month,
                at.day, at.hour, at.minute, at.second);
  return text.data();
}

std::string three_digits(int value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%03d", value);
  return text.data();
}

// Reads a timestamp from left to right. Every step says whether it found what it wanted.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  std::optional<int> digits(size_t count) {
    if (left_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : left_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    left_.remove_prefix(count);
    return value;
  }
  bool any_of(std::string_view wanted) {
    if (left_.empty() || wanted.find(left_.front()) == std::string_view::npos) return false;
    taken_ = left_.front();
    left_.remove_prefix(1);
    return true;
  }
  char taken() const { return taken_; }
  bool at_end() const { return left_.empty(); }

  // ".25" is 250 milliseconds; at least one digit, any number.
  std::optional<int> fraction_millis() {
    int millis = 0;
    int scale = 100;
    size_t count = 0;
    while (const auto digit = digits(1)) {
      millis += *digit * scale;
      scale /= 10;
      ++count;
    }
    return count == 0 ? std::nullopt : std::optional(millis);
  }

  // "Z" or "+hh:mm"; minutes east of UTC.
  std::optional<int> offset_minutes() {
    if (any_of("Zz")) return 0;
    if (!any_of("+-")) return std::nullopt;
    const int sign = taken() == '-' ? -1 : 1;
    const auto hours = digits(2);
    if (!hours || *hours > 23 || !any_of(":")) return std::nullopt;
    const auto minutes = digits(2);
    if (!minutes || *minutes > 59) return std::nullopt;
    return sign * (*hours * 60 + *minutes);
  }

 private:
  std::string_view left_;
  char taken_ = 0;
};

std::optional<sys_days> read_date(Reader& in) {
  const auto year = in.digits(4);
  if (!year || !in.any_of("-")) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || !in.any_of("-")) return std::nullopt;
  const auto day = in.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  return date.ok() ? std::optional(sys_days{date}) : std::nullopt;
}

std::optional<Millis> read_clock(Reader& in) {
  const auto hour = in.digits(2);
  if (!hour || *hour > 23 || !in.any_of(":")) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || *minute > 59 || !in.any_of(":")) return std::nullopt;
  const auto second = in.digits(2);
  if (!second || *second > 60) return std::nullopt;  // 60 is a leap second; it rolls over
  int millis = 0;
  if (in.any_of(".")) {
    const auto fraction = in.fraction_millis();
    if (!fraction) return std::nullopt;
    millis = *fraction;
  }
  return std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second} +
         Millis{millis};
}

std::optional<Instant> read_instant(std::string_view text) {
  Reader in(text);
  const auto date = read_date(in);
  if (!date || !in.any_of("Tt ")) return std::nullopt;
  const auto clock = read_clock(in);
  if (!clock) return std::nullopt;
  const auto offset = in.offset_minutes();
  if (!offset || !in.at_end()) return std::nullopt;
  return Instant{*date} + *clock - std::chrono::minutes{*offset};
}

}  // namespace

std::string format_time(Instant instant) {
  const Parts at = split(instant);
  return format_seconds(at) + (at.millis == 0 ? "" : "." + three_digits(at.millis)) + "Z";
}

std::string format_micro_time(Instant instant) {
  const Parts at = split(instant);
  return format_seconds(at) + "." + three_digits(at.millis) + "000Z";
}

Result<Instant> parse_time(std::string_view text) {
  const auto instant = read_instant(text);
  if (instant) return *instant;
  return Error{Code::Invalid, "want an RFC 3339 time, got \"" + std::string(text) + "\""};
}

}  // namespace berth
