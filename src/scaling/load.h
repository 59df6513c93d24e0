#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"

namespace berth::scaling {

// What one router has counted for an endpoint since it started, at one scrape.
struct RouterCounters {
  // Integral of the requests in flight over time, held ones among them, in request-milliseconds.
  int64_t request_ms = 0;
  int64_t arrived = 0;  // requests that came; of a router that counts answers: answers + in flight
  int64_t in_flight = 0;  // now, held ones among them
};

// How much of the load is known. What is not known may raise the scale and never lowers it.
enum class Known {
  Nothing,  // no router has been scraped twice
  Part,     // a router that exists has not answered for too long; the figures are of the others
  All,
};

// What all routers of an endpoint carry together.
struct Load {
  Known known = Known::Nothing;
  int64_t stable_milli = 0;  // in flight on average, in thousandths of a request, rounded up
  int64_t panic_milli = 0;   // the same over the panic window
                             // Requests per second, in thousandths, over either window.
  int64_t stable_arriving_milli = 0;
  int64_t panic_arriving_milli = 0;
  int64_t in_flight = 0;  // at the newest scrapes
  Millis covered{0};      // how far back the figures reach, at most the stable window
  Millis silent_for{0};   // since anything was in flight or came
};

// Counters of all routers of one endpoint, kept for as long as the stable window is.
//
// An average is the difference of two integrals by time, so it is exact between scrapes, however
// far they are apart; where a window begins between two scrapes, the integral is taken as a
// straight line there. A router that starts again counts from 0: what it counted before is added.
// One that joins a watched endpoint had nothing before; one that was there before the watching
// began, or that could not be reached, is averaged over the time since it was first seen.
class LoadWindows {
 public:
  struct Settings {
    Millis stable_window{60'000};
    Millis panic_window{6'000};
    Millis stale_after{15'000};  // a router that has not answered for longer is not known
  };
  explicit LoadWindows(Settings settings) : settings_(settings) {}
  // Takes effect on what is kept: a window that grows is full again only after its new length.
  void configure(Settings settings) { settings_ = settings; }

  // Which routers there are. One that is gone keeps counting for what it carried in the window.
  void expect(const std::set<std::string>& routers, Monotonic now);
  // One scrape. Cost: O(scrapes that leave the window). Of an unknown router nothing is kept; nor
  // is a scrape that is not newer than the last.
  void scraped(const std::string& router, const RouterCounters& counters, Monotonic at);

  // Cost: O(scrapes in the windows).
  Load load(Monotonic now) const;

 private:
  struct Point {
    Monotonic at;
    int64_t request_ms = 0;  // without the steps of restarts
    int64_t arrived = 0;
  };
  struct Router {
    Monotonic expected_since;
    bool is_expected = true;
    bool is_new = false;  // carried nothing before expected_since
    RouterCounters latest;
    std::deque<Point> points;  // oldest first
  };
  struct Average {
    int64_t in_flight_milli = 0;
    int64_t arriving_milli = 0;  // per second
    Millis span{0};              // 0: not known
  };

  static Point counted_by(const Router& router, Monotonic at);
  bool is_fresh(const Router& router, Monotonic now) const;
  Average average(const Router& router, Millis window, Monotonic now) const;
  void drop_old(Router& router, Monotonic now) const;

  Settings settings_;
  std::map<std::string, Router> routers_;
  std::optional<Monotonic> watching_since_;
  std::optional<Monotonic> active_at_;  // last time that anything was in flight or had come
};

}  // namespace berth::scaling
