#include "sched/core/choice.h"

#include <algorithm>
#include <limits>

#include "sched/cpu_class.h"

namespace berth::sched {
namespace {

constexpr int64_t kMillisPerHour = 3'600'000;
constexpr int64_t kSomePrice = 1'000'000;  // micro-dollars per device-hour where prices lack

int64_t clamped(__int128 value) {
  constexpr __int128 kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::min(value, kMost));
}

}  // namespace

Millis run_time(const Ask& ask, const Alternative& wants) {
  if (wants.speed_percent <= 0) return ask.expected;
  return Millis{clamped(static_cast<__int128>(ask.expected.count()) * 100 / wants.speed_percent)};
}

Choice::Choice(const Ask& ask, const Outlook& outlook) : ask_(ask), outlook_(outlook) {
  for (const Alternative& wants : ask.alternatives) {
    const bool is_priced = is_cpu(wants) || outlook.micro_usd_per_hour.contains(wants.device_class);
    if (competes(wants) && !is_priced) has_prices_ = false;
  }
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const Alternative& wants : ask.alternatives) {
    if (competes(wants) && !is_cpu(wants)) least = std::min(least, per_hour(wants));
  }
  value_per_hour_ =
      least == std::numeric_limits<int64_t>::max() ? kSomePrice : std::max<int64_t>(1, least);
}

bool Choice::is_open(const Ask& ask) {
  return ask.alternatives.size() > 1 &&
         std::any_of(ask.alternatives.begin() + 1, ask.alternatives.end(),
                     [](const Alternative& wants) { return wants.speed_percent > 0; });
}

bool Choice::competes(const Alternative& wants) const {
  return wants.speed_percent > 0 || wants == ask_.alternatives.front();
}

int64_t Choice::per_hour(const Alternative& wants) const {
  if (is_cpu(wants)) return 0;
  const int64_t price =
      has_prices_ ? outlook_.micro_usd_per_hour.at(wants.device_class) : kSomePrice;
  return multiply_saturating(price, wants.total());
}

int64_t Choice::cost(const Alternative& wants, Millis wait) const {
  const auto scarcity = outlook_.prices.find(wants.device_class);
  const int64_t more = scarcity == outlook_.prices.end() ? 0 : scarcity->second;
  const __int128 run = run_time(ask_, wants).count();
  const __int128 paid =
      run * per_hour(wants) / kMillisPerHour * (kWholeDevice + more) / kWholeDevice;
  const __int128 until = run + std::max<int64_t>(0, wait.count());
  return clamped(paid + until * value_per_hour_ / kMillisPerHour);
}

Ask Choice::sorted() const {
  Ask made = ask_;
  int64_t& speed = made.alternatives.front().speed_percent;
  if (speed == 0) speed = 100;  // it competes wherever it will stand
  std::stable_sort(made.alternatives.begin(), made.alternatives.end(),
                   [&](const Alternative& a, const Alternative& b) {
                     if (competes(a) != competes(b)) return competes(a);
                     return competes(a) && cost(a) < cost(b);
                   });
  return made;
}

Ask up_to(const Ask& ask, const Alternative& wants) {
  Ask made = ask;
  made.alternatives.resize(static_cast<size_t>(&wants - ask.alternatives.data()));
  return made;
}

}  // namespace berth::sched
