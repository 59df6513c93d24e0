#include "slo/history.h"

#include <algorithm>

#include "base/saturating.h"
#include "base/text.h"

namespace berth::slo {
namespace {

constexpr std::string_view kVersion = "1";

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
int64_t index_of(Instant at, Millis width) {
  return floor_div(at.time_since_epoch().count(), width.count());
}

std::optional<Tally> tally_of(std::string_view text) {
  if (text.empty()) return Tally{};
  const auto requests = parse_count(take_field(text, ' '));
  const auto errors = parse_count(take_field(text, ' '));
  const auto late = parse_count(text);
  if (!requests || !errors || !late) return std::nullopt;
  if (*errors > *requests || *late > *requests) return std::nullopt;
  return Tally{*requests, *errors, *late};
}

Error bad(const std::string& what) { return {Code::Invalid, "history of requests: " + what}; }

}  // namespace

Tally& Tally::operator+=(const Tally& more) {
  requests = add_saturating(requests, more.requests);
  errors = add_saturating(errors, more.errors);
  late = add_saturating(late, more.late);
  return *this;
}

History::History(int64_t days) {
  using std::chrono::hours;
  using std::chrono::minutes;
  const auto quarters = static_cast<size_t>(4 * std::clamp<int64_t>(days, 1, kMostDays) + 1);
  rings_ = {Ring{minutes{1}, std::vector<Tally>(61)}, Ring{minutes{5}, std::vector<Tally>(73)},
            Ring{minutes{30}, std::vector<Tally>(145)},
            Ring{hours{6}, std::vector<Tally>(quarters)}};
}

Tally& History::Ring::at(int64_t index) {
  return buckets[static_cast<size_t>(index) % buckets.size()];
}
const Tally& History::Ring::at(int64_t index) const {
  return buckets[static_cast<size_t>(index) % buckets.size()];
}

void History::Ring::add(const Tally& tally, Instant when) {
  const int64_t index = std::max<int64_t>(0, index_of(when, width));
  const auto count = static_cast<int64_t>(buckets.size());
  // What was counted by a clock that was ahead would hide what is counted now.
  if (newest > index + 1) {
    const int64_t ahead = std::min(newest - index, count);
    for (int64_t back = 0; back < ahead; ++back) at(newest - back) = {};
    newest = index;
  }
  if (index <= newest - count) return;
  const int64_t first_new = std::max(newest + 1, index - count + 1);
  for (int64_t fresh = first_new; fresh <= index; ++fresh) at(fresh) = {};
  newest = std::max(newest, index);
  at(index) += tally;
}

// Not the bucket in which the window begins: part of it lies before.
Tally History::Ring::sum(Millis window, Instant now) const {
  const auto count = static_cast<int64_t>(buckets.size());
  const int64_t last = std::min(newest, index_of(now, width));
  const int64_t first =
      std::max({index_of(now - window, width) + 1, newest - count + 1, int64_t{0}});
  Tally sum;
  for (int64_t index = first; index <= last; ++index) sum += at(index);
  return sum;
}

// A page whose counters disagree would make a text that decode() refuses, and so lose all of it.
void History::add(const Tally& tally, Instant at) {
  Tally counted = tally;
  counted.requests = std::max<int64_t>(counted.requests, 0);
  counted.errors = std::clamp<int64_t>(counted.errors, 0, counted.requests);
  counted.late = std::clamp<int64_t>(counted.late, 0, counted.requests);
  for (Ring& ring : rings_) ring.add(counted, at);
}

Tally History::over(Millis window, Instant now) const {
  for (const Ring& ring : rings_) {
    if (window <= ring.span() - ring.width) return ring.sum(window, now);
  }
  return rings_.back().sum(window, now);
}

// "1;DAYS" and for each ring ";NEWEST,oldest,...,newest bucket", a bucket as "requests errors
// late", or nothing where nothing was counted.
std::string History::encode() const {
  std::string text{kVersion};
  text += ";" + std::to_string((rings_.back().buckets.size() - 1) / 4);
  for (const Ring& ring : rings_) {
    text += ";" + std::to_string(ring.newest);
    const auto count = static_cast<int64_t>(ring.buckets.size());
    for (int64_t index = ring.newest - count + 1; index <= ring.newest; ++index) {
      text += ",";
      const Tally tally = index < 0 ? Tally{} : ring.at(index);
      if (tally == Tally{}) continue;
      text += std::to_string(tally.requests) + " " + std::to_string(tally.errors) + " " +
              std::to_string(tally.late);
    }
  }
  return text;
}

Status History::decode_ring(std::string_view text, Ring& ring) {
  // Later than any clock says, and far from where sums of it would wrap.
  constexpr int64_t kLatest = int64_t{1} << 40;
  const auto newest = parse_count(take_field(text, ','));
  if (!newest || *newest > kLatest) return bad("no time of its newest bucket");
  ring.newest = *newest;
  const auto count = static_cast<int64_t>(ring.buckets.size());
  if (std::count(text.begin(), text.end(), ',') + 1 != count) {
    return bad("want " + std::to_string(count) + " buckets");
  }
  for (int64_t index = *newest - count + 1; index <= *newest; ++index) {
    const std::string_view part = take_field(text, ',');
    const auto tally = tally_of(part);
    if (!tally) return bad("not a bucket: " + std::string(part.substr(0, 60)));
    if (index >= 0) ring.at(index) = *tally;
  }
  return Done{};
}

Result<History> History::decode(std::string_view text) {
  if (take_field(text, ';') != kVersion) return bad("not of version " + std::string(kVersion));
  const auto days = parse_count(take_field(text, ';'));
  if (!days || *days < 1 || *days > kMostDays) return bad("no days");
  if (std::count(text.begin(), text.end(), ';') != 3) return bad("want 4 rings");
  History history(*days);
  for (Ring& ring : history.rings_) {
    const auto decoded = decode_ring(take_field(text, ';'), ring);
    if (!decoded) return decoded.error();
  }
  return history;
}

}  // namespace berth::slo
