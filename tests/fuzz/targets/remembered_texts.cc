#include <limits>

#include "scaling/day_shape.h"
#include "scaling/learned_target.h"
#include "slo/history.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

using scaling::DayShape;
using scaling::LearnedTarget;
using slo::History;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Instant kRead{std::chrono::sys_days{std::chrono::year{2027} / 1 / 15}};
constexpr int64_t kMuch = std::numeric_limits<int64_t>::max();

template <class T, class Decode>
void comes_back(const T& read, Decode decode) {
  const std::string text = read.encode();
  const auto again = decode(text);
  require(again.ok() && again->encode() == text, "what was remembered is not read back");
}

void day_shape(std::string_view text) {
  auto shape = DayShape::decode(text);
  if (!shape) return;
  comes_back(*shape, DayShape::decode);
  for (const Instant at : {Instant{}, kRead, kRead + hours(24 * 8)}) {
    require(shape->ahead_milli(at, minutes(3)) >= 0, "less than no load is expected");
    shape->observe(at, kMuch);
  }
  comes_back(*shape, DayShape::decode);
}

void learned_target(std::string_view text) {
  const LearnedTarget::Settings settings{};
  const auto decode = [&](std::string_view from) { return LearnedTarget::decode(from, settings); };
  auto target = decode(text);
  if (!target) return;
  comes_back(*target, decode);
  const int64_t milli = target->target_milli();
  require(milli > 0 && milli <= settings.most_milli, "a target is out of bounds");
  target->observe({.replicas = 1, .span = minutes(1), .in_flight_milli = milli, .answered = kMuch});
  comes_back(*target, decode);
  require(target->rate_milli().value_or(1) >= 0, "a rate is less than nothing");
}

void history(std::string_view text) {
  auto counted = History::decode(text);
  if (!counted) return;
  comes_back(*counted, History::decode);
  for (const Millis window : {Millis(minutes(5)), Millis(hours(24 * 90))}) {
    const slo::Tally sum = counted->over(window, kRead);
    require(sum.requests >= 0 && sum.errors >= 0 && sum.late >= 0, "a window counts below nothing");
  }
  counted->add({.requests = kMuch, .errors = kMuch, .late = kMuch}, kRead);
  comes_back(*counted, History::decode);
}

}  // namespace

// What an endpoint's status remembers as texts, which whoever may write a status can spoil: its
// load by time of day, what a replica carries, its requests by time. The first line says which.
void remembered_texts(std::string_view input) {
  const std::string_view kind = take_until(input, '\n');
  if (input.ends_with('\n')) input.remove_suffix(1);
  if (kind == "days") day_shape(input);
  if (kind == "target") learned_target(input);
  if (kind == "history") history(input);
}

}  // namespace berth::fuzz
