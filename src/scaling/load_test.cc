#include "scaling/load.h"

#include <gtest/gtest.h>

#include <chrono>

namespace berth::scaling {
namespace {

using namespace std::chrono_literals;

constexpr Monotonic kStart{Millis{1'000'000}};

// Routers that carry so much from one scrape to the next.
class Watched {
 public:
  explicit Watched(const std::set<std::string>& routers) { windows.expect(routers, kStart); }
  void scrape(const std::string& router, Millis at, const RouterCounters& counters) {
    windows.scraped(router, counters, kStart + at);
  }
  // `in_flight` all the time from `from` on, scraped every five seconds.
  void carry(const std::string& router, int64_t in_flight, Millis from, Millis to) {
    for (Millis at = from; at <= to; at += 5s) {
      scrape(router, at,
             {.request_ms = in_flight * (at - from).count(),
              .arrived = in_flight * (at - from).count() / 1000,
              .in_flight = in_flight});
    }
  }
  Load at(Millis now) const { return windows.load(kStart + now); }

  LoadWindows windows{{}};
};

TEST(LoadWindows, KnowNothingBeforeTheSecondScrape) {
  Watched watched({"a"});
  EXPECT_EQ(watched.at(0s).known, Known::Nothing);
  watched.scrape("a", 1s, {.request_ms = 99'000'000, .arrived = 5'000, .in_flight = 3});
  EXPECT_EQ(watched.at(1s).known, Known::Nothing);
  EXPECT_EQ(watched.at(1s).in_flight, 3);
  watched.scrape("a", 6s, {.request_ms = 99'010'000, .arrived = 5'010, .in_flight = 2});
  const Load load = watched.at(6s);
  EXPECT_EQ(load.known, Known::All);
  EXPECT_EQ(load.stable_milli, 2000);
  EXPECT_EQ(load.stable_arriving_milli, 2000);
  EXPECT_EQ(load.covered, 5s);
}

TEST(LoadWindows, AverageExactlyHoweverFarScrapesAreApart) {
  Watched often({"a"});
  Watched seldom({"a"});
  int64_t integral = 0;
  for (int64_t second = 0; second <= 120; ++second) {
    const RouterCounters counters{.request_ms = integral, .arrived = second};
    often.scrape("a", second * 1s, counters);
    if (second % 60 == 0) seldom.scrape("a", second * 1s, counters);
    integral += second % 7 * 1000;
  }
  EXPECT_EQ(often.at(120s).stable_milli, seldom.at(120s).stable_milli);
  EXPECT_EQ(often.at(120s).covered, 60s);
}

TEST(LoadWindows, SeeABurstInTheShortWindowFirst) {
  Watched watched({"a"});
  watched.scrape("a", 0s, {});
  watched.scrape("a", 54s, {.request_ms = 54'000});
  watched.scrape("a", 60s, {.request_ms = 54'000 + 60'000});
  EXPECT_EQ(watched.at(60s).panic_milli, 10'000);
  EXPECT_EQ(watched.at(60s).stable_milli, 1'900);
}

TEST(LoadWindows, AddRoutersUp) {
  Watched watched({"a", "b"});
  watched.carry("a", 3, 0s, 60s);
  watched.carry("b", 4, 0s, 60s);
  EXPECT_EQ(watched.at(60s).stable_milli, 7000);
  EXPECT_EQ(watched.at(60s).in_flight, 7);
}

TEST(LoadWindows, CountOnWhenARouterStartsAgainFromNothing) {
  Watched watched({"a"});
  watched.carry("a", 2, 0s, 60s);
  watched.carry("a", 2, 60s, 60s);  // not newer: nothing
  for (Millis at = 65s; at <= 120s; at += 5s) {
    watched.scrape("a", at, {.request_ms = 2 * (at - 60s).count(), .in_flight = 2});
  }
  EXPECT_EQ(watched.at(120s).stable_milli, 2000);
}

TEST(LoadWindows, KnowOnlyAPartWhenARouterDoesNotAnswer) {
  Watched watched({"a", "b"});
  watched.carry("a", 3, 0s, 60s);
  watched.carry("b", 4, 0s, 40s);
  EXPECT_EQ(watched.at(55s).known, Known::All);
  const Load load = watched.at(60s);
  EXPECT_EQ(load.known, Known::Part);
  EXPECT_EQ(load.stable_milli, 3000);
  EXPECT_EQ(watched.at(2h).known, Known::Nothing);
}

TEST(LoadWindows, KeepWhatARouterCarriedThatIsGone) {
  Watched watched({"a", "b"});
  watched.carry("a", 3, 0s, 60s);
  watched.carry("b", 4, 0s, 30s);
  watched.windows.expect({"a"}, kStart + 31s);
  const Load load = watched.at(60s);
  EXPECT_EQ(load.known, Known::All);
  EXPECT_EQ(load.stable_milli, 3000 + 2000);
  EXPECT_EQ(load.in_flight, 3);
}

TEST(LoadWindows, TakeARouterThatJoinsAsHavingCarriedNothingBefore) {
  Watched watched({"a"});
  watched.carry("a", 6, 0s, 60s);
  watched.windows.expect({"a", "b"}, kStart + 45s);
  watched.carry("b", 6, 45s, 60s);
  EXPECT_EQ(watched.at(60s).stable_milli, 6000 + 1500);
  EXPECT_EQ(watched.at(60s).covered, 60s);
}

TEST(LoadWindows, DoNotTakeOneThatCouldNotBeReachedForNew) {
  Watched watched({"a"});
  watched.carry("a", 6, 0s, 10s);
  watched.windows.expect({"a", "b"}, kStart + 10s);
  watched.carry("a", 6, 0s, 60s);
  watched.carry("b", 6, 50s, 60s);
  EXPECT_EQ(watched.at(60s).stable_milli, 12'000);
  EXPECT_EQ(watched.at(60s).covered, 10s);
}

TEST(LoadWindows, TellSinceWhenNothingIsAskedFor) {
  Watched watched({"a"});
  watched.carry("a", 1, 0s, 60s);
  EXPECT_EQ(watched.at(60s).silent_for, 0s);
  for (Millis at = 65s; at <= 600s; at += 5s) {
    watched.scrape("a", at, {.request_ms = 60'000, .arrived = 60});
  }
  EXPECT_EQ(watched.at(601s).silent_for, 540s);
  EXPECT_EQ(watched.at(601s).stable_milli, 0);
  watched.scrape("a", 605s, {.request_ms = 60'000, .arrived = 61});
  EXPECT_EQ(watched.at(605s).silent_for, 0s);
}

TEST(LoadWindows, RoundATinyLoadUp) {
  Watched watched({"a"});
  watched.scrape("a", 0s, {});
  watched.scrape("a", 60s, {.request_ms = 1, .arrived = 1});
  EXPECT_EQ(watched.at(60s).stable_milli, 1);
}

}  // namespace
}  // namespace berth::scaling
