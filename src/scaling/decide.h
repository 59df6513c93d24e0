#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "scaling/load.h"

namespace berth::scaling {

// How an endpoint scales. `spec.scaling` with what has been learned beside it.
struct Rules {
  int64_t min_replicas = 1;
  int64_t max_replicas = 1;
  // In flight per replica, in thousandths of a request: given, or learned at the latency
  // objective.
  int64_t target_milli = 1000;
  // Requests per second that a replica answers at that target, in thousandths; absent: not known.
  std::optional<int64_t> rate_milli;
  Millis stable_window{60'000};
  Millis panic_window{6'000};
  int64_t panic_percent = 200;
  Millis scale_down_delay{300'000};
};

struct Counts {
  int64_t ready = 0;
  int64_t starting = 0;  // wanted and not ready yet, waiting for a place among them
};

// What is seen at one moment.
struct Facts {
  Load load;
  Counts counts;
  // In flight, in thousandths of a request, that the forecast expects once a replica that is asked
  // for now would be ready; 0: it says nothing.
  int64_t ahead_milli = 0;
};

// What is remembered between two decisions. Lost with the process; `resumed` is enough to go on.
struct State {
  int64_t desired = 0;
  std::optional<Monotonic> burst_at;   // last instant of a burst; present while panicking
  std::optional<Monotonic> low_since;  // since then fewer have been enough, or the last one went
  bool operator==(const State&) const = default;
};

// After a restart, from what the status says was desired. Nothing goes before the stable window is
// covered and the scale-down delay has passed anew.
State resumed(int64_t desired);

struct Decision {
  int64_t desired = 0;
  std::string why;  // one sentence with the numbers
  State next;
  bool operator==(const Decision&) const = default;
};

// How many replicas, from the load. Knative's pod autoscaler with what accelerators need, where a
// start takes minutes: the target is what a replica carries within its latency objective, replicas
// that start count, and one replica at most goes per scale-down delay.
//
//   need     = ceil(load / target), of the stable window; while panicking also of the panic window
//   overload = load > ready x target: then what waits is in the load, and the need is at most
//              ceil((arriving + waiting / delay) / rate), or what there is: what waits is worked
//              off by the time at which a replica asked for that could go again. Before a rate is
//              learned it is at most twice what is ready, and one before any is
//   burst    = ceil(panic load / target) >= panic_percent x (ready + starting); panic ends a stable
//              window after the last burst and never lowers
//   ahead    = ceil(ahead_milli / target), which only raises
//   down     = one replica, once fewer have been enough for a whole delay; the last one, where
//              min_replicas is 0, after silence of the stable window and of the delay
//   nothing known: as it is; known in part: as it is or more
//
// Always within [min_replicas, max_replicas], but that 0 becomes 1 while anything is in flight.
// More load never gives fewer, all else equal. Pure. Cost: O(1).
Decision decide(const Rules& rules, const State& state, const Facts& facts, Monotonic now);

}  // namespace berth::scaling
