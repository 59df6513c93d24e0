#include "sched/time/moment_text.h"

#include <chrono>

namespace berth::sched {
namespace {

std::string two(int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); }

}  // namespace

std::string text_of(Instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  return std::to_string(static_cast<int>(date.year())) + "-" +
         two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day())) +
         "T" + two(time.hours().count()) + ":" + two(time.minutes().count()) + ":" +
         two(time.seconds().count()) + "Z";
}

}  // namespace berth::sched
