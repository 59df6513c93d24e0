#include "scaling/day_shape.h"

#include <algorithm>

#include "base/saturating.h"
#include "base/text.h"

namespace berth::scaling {
namespace {

constexpr int64_t kPerDay = static_cast<int64_t>(DayShape::kBuckets);
constexpr int64_t kTrendBuckets = 6;
constexpr std::string_view kDaysVersion = "1";
// More requests in flight than any endpoint has, in thousandths; ten digits.
constexpr int64_t kMostMilli = 9'999'999'999;

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
int64_t bucket_of(Instant at) {
  return floor_div(at.time_since_epoch().count(), DayShape::kBucket.count());
}
int64_t day_of(int64_t bucket) { return floor_div(bucket, kPerDay); }
size_t in_day(int64_t bucket) { return static_cast<size_t>(bucket - day_of(bucket) * kPerDay); }

int64_t scaled(int64_t value, int64_t by, int64_t of) {
  return static_cast<int64_t>(
      std::min<__int128>(static_cast<__int128>(value) * by / of, kUnlimited));
}

Error bad_days(const std::string& what) { return {Code::Invalid, "load by time of day: " + what}; }

}  // namespace

void DayShape::observe(Instant at, int64_t in_flight_milli) {
  const int64_t bucket = bucket_of(at);
  const int64_t number = day_of(bucket);
  auto day = std::lower_bound(days_.begin(), days_.end(), number,
                              [](const Day& known, int64_t n) { return known.number < n; });
  if (day == days_.end() || day->number != number) day = days_.insert(day, Day{.number = number});
  Bucket& told = day->buckets[in_day(bucket)];
  told.sum_milli = add_saturating(told.sum_milli, std::max<int64_t>(0, in_flight_milli));
  ++told.samples;
  const int64_t oldest = days_.back().number - static_cast<int64_t>(kDays);
  std::erase_if(days_, [&](const Day& known) { return known.number < oldest; });
}

std::optional<int64_t> DayShape::average(int64_t bucket) const {
  for (const Day& day : days_) {
    const Bucket& told = day.buckets[in_day(bucket)];
    if (day.number == day_of(bucket) && told.samples > 0) return told.sum_milli / told.samples;
  }
  return std::nullopt;
}

// Of the days before that of `bucket`.
std::optional<int64_t> DayShape::usual(int64_t bucket) const {
  std::vector<int64_t> loads;
  for (const Day& day : days_) {
    const Bucket& told = day.buckets[in_day(bucket)];
    if (day.number < day_of(bucket) && told.samples > 0) {
      loads.push_back(told.sum_milli / told.samples);
    }
  }
  if (loads.size() < kFewestDays) return std::nullopt;
  std::sort(loads.begin(), loads.end());
  return loads[(loads.size() - 1) / 2];
}

std::optional<int64_t> DayShape::usual_at(Instant at) const {
  const Instant from = at - kBucket / 2;
  const int64_t bucket = bucket_of(from);
  const auto before = usual(bucket);
  const auto after = usual(bucket + 1);
  if (!before || !after) return std::nullopt;
  const int64_t past = from.time_since_epoch().count() - bucket * kBucket.count();
  const __int128 step = static_cast<__int128>(*after - *before) * past / kBucket.count();
  return *before + static_cast<int64_t>(step);
}

int64_t DayShape::ahead_milli(Instant now, Millis start_up) const {
  const auto usual_now = usual_at(now);
  const auto usual_then = usual_at(now + start_up);
  if (!usual_now || !usual_then) return 0;
  int64_t recent = 0;
  int64_t recent_usual = 0;
  for (int64_t ago = 1; ago <= kTrendBuckets; ++ago) {
    const auto had = average(bucket_of(now) - ago);
    const auto was_usual = usual(bucket_of(now) - ago);
    if (!had || !was_usual) continue;
    recent = add_saturating(recent, *had);
    recent_usual = add_saturating(recent_usual, *was_usual);
  }
  const bool is_usual_day =
      recent_usual > 0 && recent / 2 <= recent_usual && recent_usual / 2 <= recent;
  return is_usual_day ? scaled(std::max(*usual_now, *usual_then), recent, recent_usual) : 0;
}

// "1;DAYS" and for each day ";NUMBER,first,...,last bucket": its average, or nothing where it has
// none.
std::string DayShape::encode() const {
  std::string text = std::string(kDaysVersion) + ";" + std::to_string(days_.size());
  for (const Day& day : days_) {
    text += ";" + std::to_string(day.number);
    for (const Bucket& told : day.buckets) {
      text += ",";
      if (told.samples == 0) continue;
      text += std::to_string(std::min(told.sum_milli / told.samples, kMostMilli));
    }
  }
  return text;
}

Status DayShape::decode_day(std::string_view text, Day& day) {
  constexpr int64_t kLatest = int64_t{1} << 20;  // later than any clock says
  const auto number = parse_count(take_field(text, ','));
  if (!number || *number > kLatest) return bad_days("no day");
  if (std::count(text.begin(), text.end(), ',') + 1 != kPerDay)
    return bad_days("a day is not whole");
  day.number = *number;
  for (Bucket& bucket : day.buckets) {
    const std::string_view field = take_field(text, ',');
    if (field.empty()) continue;
    const auto average = parse_count(field);
    if (!average || *average > kMostMilli) {
      return bad_days("not a load: " + std::string(field.substr(0, 60)));
    }
    bucket = {*average, 1};
  }
  return Done{};
}

Result<DayShape> DayShape::decode(std::string_view text) {
  if (take_field(text, ';') != kDaysVersion)
    return bad_days("not of version " + std::string(kDaysVersion));
  const auto count = parse_count(take_field(text, ';'));
  if (!count || *count > static_cast<int64_t>(kDays) + 1) return bad_days("no number of days");
  DayShape shape;
  while (!text.empty()) {
    Day day;
    BERTH_TRY(decode_day(take_field(text, ';'), day));
    if (!shape.days_.empty() && day.number <= shape.days_.back().number) {
      return bad_days("days out of order");
    }
    shape.days_.push_back(day);
    if (static_cast<int64_t>(shape.days_.size()) > *count) return bad_days("too many days");
  }
  if (static_cast<int64_t>(shape.days_.size()) < *count) return bad_days("days are missing");
  return shape;
}

}  // namespace berth::scaling
