#pragma once
#include <cstdint>
#include <optional>

#include "sched/facts.h"
#include "sched/fleet/outlook.h"

namespace berth::sched {

// How long the ask is expected to run on that alternative's class.
Millis run_time(const Ask& ask, const Alternative& wants);

// Which alternative serves an ask best. What one costs, in micro-dollars:
//
//   run x devices x price x (1 + scarcity)  +  (wait + run) x value
//
// `run` is the expected run time over the speed of the class; `scarcity` what a device of the class
// is worth to others (Outlook::prices, in devices); `value` what an hour of the work's time is
// worth: as much as its cheapest alternative costs in an hour, so that a class twice as fast may
// cost up to three times as much. CPU costs nothing but time. Unless all prices are known, all
// devices cost the same.
//
// Only alternatives whose speed is told compete with the first, to which speeds relate. The others
// come after them, as they are listed.
class Choice {
 public:
  Choice(const Ask& ask, const Outlook& outlook);

  // Whether there is a choice: else the order is that of the list.
  static bool is_open(const Ask& ask);
  bool competes(const Alternative& wants) const;
  // Of one that competes, if it starts so much later.
  int64_t cost(const Alternative& wants, Millis wait = Millis{0}) const;
  // The ask with its alternatives in the order of their cost; equal ones as they are listed.
  Ask sorted() const;

 private:
  int64_t per_hour(const Alternative& wants) const;  // micro-dollars

  const Ask& ask_;
  const Outlook& outlook_;
  bool has_prices_ = true;
  int64_t value_per_hour_ = 0;
};

// The ask with only the alternatives before that one of its own.
Ask up_to(const Ask& ask, const Alternative& wants);

}  // namespace berth::sched
