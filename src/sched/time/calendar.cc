#include "sched/time/calendar.h"

#include <algorithm>

#include "base/saturating.h"

namespace berth::sched {
namespace {

constexpr int64_t kDay = 86'400'000;
constexpr int64_t kDaysOfWeek = 7;
constexpr uint8_t kEachDay = 0x7f;

int64_t ms(Instant at) { return at.time_since_epoch().count(); }
Instant instant(int64_t ms) { return Instant{Millis{ms}}; }

int64_t floor_days(int64_t ms) { return ms / kDay - (ms % kDay < 0 ? 1 : 0); }

// 1970-01-01 was a Thursday, day 3 of a week that starts on Monday.
uint8_t weekday_bit(int64_t day) {
  const int64_t weekday = ((day + 3) % kDaysOfWeek + kDaysOfWeek) % kDaysOfWeek;
  return static_cast<uint8_t>(1U << static_cast<unsigned>(weekday));
}

std::string seconds(int64_t ms) { return std::to_string(ms / 1000) + " s"; }

}  // namespace

Calendar::Calendar(const Recurring& recurring)
    : first_day_(floor_days(ms(recurring.start))),
      offset_ms_(ms(recurring.start) - first_day_ * kDay),
      duration_ms_(recurring.duration.count()),
      weekdays_(recurring.weekdays & kEachDay) {
  if (recurring.every == Every::Once) {
    last_day_ = first_day_;
    weekdays_ = kEachDay;
    return;
  }
  if (weekdays_ == 0) {
    weekdays_ = recurring.every == Every::Day ? kEachDay : weekday_bit(first_day_);
  }
  last_day_ = floor_days(kUnlimited - kDay - duration_ms_);
  if (recurring.until && *recurring.until < recurring.start) {
    last_day_ = first_day_ - 1;
  } else if (recurring.until) {
    last_day_ = std::min(last_day_, floor_days(ms(*recurring.until) - offset_ms_));
  }
}

Result<Calendar> Calendar::of(const Recurring& recurring) {
  if (recurring.duration <= Millis{0}) {
    return Error{Code::Invalid, "a reservation that lasts " + seconds(recurring.duration.count())};
  }
  const Calendar calendar(recurring);
  std::optional<Occurrence> one = calendar.next(recurring.start);
  if (!one) return Error{Code::Invalid, "a reservation that ends before its first occurrence"};
  for (int64_t step = 0; one && step <= kDaysOfWeek; ++step) {  // then the gaps come again
    const auto after = calendar.next(one->from + Millis{1});
    if (after && after->from < one->until) {
      return Error{Code::Invalid,
                   "occurrences overlap: one lasts " + seconds(recurring.duration.count()) +
                       ", the next starts after " + seconds((after->from - one->from).count())};
    }
    one = after;
  }
  return calendar;
}

bool Calendar::falls_on(int64_t day) const {
  return day >= first_day_ && day <= last_day_ && (weekdays_ & weekday_bit(day)) != 0;
}

Occurrence Calendar::on(int64_t day) const {
  const int64_t from = day * kDay + offset_ms_;
  return {instant(from), instant(add_saturating(from, duration_ms_))};
}

std::optional<Occurrence> Calendar::next(Instant at) const {
  int64_t day = first_day_;
  if (at > instant(first_day_ * kDay + offset_ms_)) {
    day = floor_days(ms(at) - offset_ms_ - 1) + 1;  // rounds up
  }
  for (int64_t ahead = 0; ahead < kDaysOfWeek; ++ahead) {
    if (falls_on(day + ahead)) return on(day + ahead);
  }
  return std::nullopt;
}

std::optional<Occurrence> Calendar::active(Instant at) const {
  if (at < instant(first_day_ * kDay + offset_ms_)) return std::nullopt;
  const int64_t day = std::min(floor_days(ms(at) - offset_ms_), last_day_);
  for (int64_t back = 0; back < kDaysOfWeek; ++back) {  // none overlaps: the latest is the only one
    if (!falls_on(day - back)) continue;
    const Occurrence latest = on(day - back);
    return latest.holds(at) ? std::optional(latest) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Occurrence> Calendar::active_or_next(Instant at) const {
  const auto now = active(at);
  return now ? now : next(at);
}

std::vector<Occurrence> Calendar::within(Instant from, Instant until, size_t most) const {
  std::vector<Occurrence> found;
  auto one = active_or_next(from);
  while (one && one->from < until && found.size() < most) {
    found.push_back(*one);
    one = next(one->from + Millis{1});
  }
  return found;
}

}  // namespace berth::sched
