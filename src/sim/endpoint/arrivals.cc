#include "sim/endpoint/arrivals.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>
#include <random>
#include <string_view>

namespace berth::sim::endpoint {
namespace {

constexpr double kHour = 3600;
constexpr double kDay = 24 * kHour;
constexpr double kJitter = 30;

// In (0, 1), the same on every machine.
class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}
  double next() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }

 private:
  std::mt19937_64 random_;
};

std::optional<double> digits(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  return is_whole ? std::optional(value) : std::nullopt;
}

// "2023-11-16 18:15:46.6805900" as seconds since its month began.
std::optional<double> seconds_of(std::string_view text) {
  if (text.size() < 19 || text[10] != ' ') return std::nullopt;
  const auto day = digits(text.substr(8, 2));
  const auto hour = digits(text.substr(11, 2));
  const auto minute = digits(text.substr(14, 2));
  const auto second = digits(text.substr(17));
  if (!day || !hour || !minute || !second) return std::nullopt;
  return *day * kDay + *hour * kHour + *minute * 60 + *second;
}

void sort_by_time(std::vector<Request>& requests) {
  std::stable_sort(requests.begin(), requests.end(),
                   [](const Request& a, const Request& b) { return a.at < b.at; });
}

double wave(double at) {
  const double phase = std::fmod(at, kDay) / kDay;
  return 0.6 - 0.4 * std::cos(2 * std::numbers::pi * phase);
}

// Load at a time, over the peak.
double load(Day day, double at, double last_day) {
  const double of_day = std::fmod(at, kDay);
  switch (day) {
    case Day::Diurnal: return wave(at);
    case Day::Spikes: {
      const bool is_spike = std::fmod(of_day, 2 * kHour) < 300;
      return wave(at) * (is_spike ? 1 : 0.5);
    }
    case Day::FlashCrowd: {
      const double since = at - last_day - 4 * kHour;
      if (since < 0 || since > kHour) return wave(at) / 4;
      return wave(at) / 4 * (1 + 9 * std::min(1.0, since / 120));
    }
    case Day::Silence: return of_day >= 9 * kHour && of_day < 17 * kHour ? wave(at) : 0;
  }
  __builtin_unreachable();
}

}  // namespace

Result<std::vector<Request>> from_azure(const Csv& csv, const WorkModel& model, int64_t scale,
                                        uint64_t seed) {
  const auto time = csv.column("TIMESTAMP");
  const auto context = csv.column("ContextTokens");
  const auto generated = csv.column("GeneratedTokens");
  if (!time || !context || !generated || csv.rows() == 0) {
    return Error{Code::Invalid,
                 csv.name() + ":1: want requests as TIMESTAMP,ContextTokens,GeneratedTokens"};
  }
  Chance chance(seed);
  std::vector<Request> requests;
  requests.reserve(csv.rows() * static_cast<size_t>(scale));
  std::optional<double> first;
  for (size_t row = 0; row < csv.rows(); ++row) {
    const auto at = seconds_of(csv.cell(row, *time));
    if (!at) {
      return Error{Code::Invalid, csv.name() + ":" + std::to_string(row + 2) +
                                      ": want a time, not " + std::string(csv.cell(row, *time))};
    }
    if (!first) first = *at;
    const auto in = static_cast<double>(BERTH_TRY(csv.integer(row, *context)));
    const auto out = static_cast<double>(BERTH_TRY(csv.integer(row, *generated)));
    const double work =
        model.request_seconds + in * model.context_seconds + out * model.generated_seconds;
    requests.push_back({*at - *first, work});
    for (int64_t copy = 1; copy < scale; ++copy) {
      const double jittered = *at - *first + kJitter * (2 * chance.next() - 1);
      requests.push_back({std::max(0.0, jittered), work});
    }
  }
  sort_by_time(requests);
  return requests;
}

std::vector<Request> synthetic(Day day, int64_t days, double peak, double work_seconds,
                               uint64_t seed) {
  Chance chance(seed);
  std::vector<Request> requests;
  const double end = static_cast<double>(days) * kDay;
  // Thinning: arrivals at the highest rate, kept by chance at the rate of their time.
  const double most = day == Day::FlashCrowd ? 2.5 * peak : peak;
  for (double at = 0; (at += -std::log(chance.next()) / most) < end;) {
    const double kept = load(day, at, end - kDay) * peak / most;
    const double work = std::min(5.0, -std::log(chance.next())) * work_seconds;
    if (chance.next() < kept) requests.push_back({at, std::max(work, work_seconds / 100)});
  }
  return requests;
}

}  // namespace berth::sim::endpoint
