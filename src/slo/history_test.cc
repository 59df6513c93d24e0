#include "slo/history.h"

#include <gmock/gmock.h>

#include <chrono>
#include <deque>
#include <random>

namespace berth::slo {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
constexpr Instant kMonday = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1};

TEST(History, CountsARequestInEveryWindowThatItBelongsTo) {
  History history(30);
  history.add({.requests = 10, .errors = 2, .late = 1}, kMonday);
  const Tally all{10, 2, 1};
  for (const Millis window : {Millis{5min}, Millis{1h}, Millis{6h}, Millis{72h}, Millis{720h}}) {
    EXPECT_EQ(history.over(window, kMonday), all);
    EXPECT_EQ(history.over(window, kMonday + window), Tally{}) << window.count();
  }
  EXPECT_EQ(history.over(5min, kMonday + 4min), all);
  EXPECT_EQ(history.over(720h, kMonday + 700h), all);
}

TEST(History, IsOffByOneBucketAtMost) {
  std::mt19937_64 random(7);
  History history(30);
  std::deque<std::pair<Instant, int64_t>> told;
  Instant now = kMonday;
  for (int n = 0; n < 20'000; ++n) {
    now += Millis{static_cast<int64_t>(random() % 400'000)};
    const auto count = static_cast<int64_t>(random() % 50);
    history.add({.requests = count}, now);
    told.emplace_back(now, count);
    if (n % 500 != 0) continue;
    const auto recount = [&](Millis window) {
      int64_t sum = 0;
      for (const auto& [at, requests] : told) sum += at > now - window ? requests : 0;
      return sum;
    };
    const std::pair<Millis, Millis> windows[] = {{5min, 1min}, {1h, 1min},   {2h, 5min}, {6h, 5min},
                                                 {24h, 30min}, {72h, 30min}, {720h, 6h}};
    for (const auto& [window, bucket] : windows) {
      const int64_t sum = history.over(window, now).requests;
      ASSERT_LE(sum, recount(window));
      ASSERT_GE(sum, recount(window - bucket));
    }
  }
}

TEST(History, OfAClockThatWasAheadHidesNothingThatIsCountedNow) {
  for (const Millis ahead : {Millis{10min}, Millis{5h}, Millis{24h * 400}}) {
    History history;
    history.add({.requests = 10}, kMonday + ahead);
    history.add({.requests = 7}, kMonday);
    EXPECT_EQ(history.over(5min, kMonday).requests, 7);
    EXPECT_GE(history.over(6h, kMonday).requests, 7);
  }
}

TEST(History, ComesBackFromItsTextUnchanged) {
  std::mt19937_64 random(11);
  for (const int64_t days : {1, 30, 90}) {
    History history(days);
    Instant now = kMonday;
    for (int n = 0; n < 3000; ++n) {
      now += Millis{static_cast<int64_t>(random() % 4'000'000)};
      history.add({.requests = 9'000'000, .errors = 1'000'000, .late = 1'000'000}, now);
    }
    const std::string text = history.encode();
    EXPECT_LE(text.size(), 24U * 1024);
    const auto decoded = History::decode(text);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(*decoded, history);
  }
  EXPECT_LE(History(90).encode().size(), 1024U);
}

// Of a router's page whose counters disagree: seed 4235482106 of the simulation.
TEST(History, CountsNoMoreErrorsAndLateOnesThanRequests) {
  History history(30);
  history.add({.requests = 936, .errors = 940, .late = 4419}, kMonday);
  EXPECT_EQ(history.over(1h, kMonday), (Tally{936, 936, 936}));
  history.add({.requests = -5, .errors = -1, .late = 7}, kMonday);
  const auto read = History::decode(history.encode());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, history);
}

TEST(History, TakesNoHalfOfATextThatWasCutOrChanged) {
  History history(30);
  for (Millis at{0}; at < 100h; at += 1min) history.add({.requests = 12}, kMonday + at);
  const std::string text = history.encode();
  for (size_t size = 0; size < text.size(); size += 7) {
    const auto cut = History::decode(text.substr(0, size));
    if (!cut.ok()) {
      EXPECT_EQ(cut.error().code, Code::Invalid);
    } else {  // within the last number, which no separator ends
      EXPECT_GT(size, text.size() - 20);
    }
  }
  for (const char* bad : {"", "2;30;0;0;0;0", "1;0;0;0;0;0", "1;91;0;0;0;0", "1;30;-5;0;0;0"}) {
    EXPECT_FALSE(History::decode(bad).ok()) << bad;
  }
  std::string more_errors_than_requests = text;
  more_errors_than_requests.replace(text.find("12 0 0"), 6, "12 99 0");
  const auto refused = History::decode(more_errors_than_requests);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("not a bucket: 12 99 0"));
}

}  // namespace
}  // namespace berth::slo
