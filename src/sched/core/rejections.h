#pragma once
#include <optional>
#include <vector>

#include "sched/core/look.h"
#include "sched/core/world.h"
#include "sched/decision.h"
#include "sched/facts.h"
#include "sched/place/gang.h"

namespace berth::sched {

// One alternative of an ask that was looked at and had nothing.
struct Tried {
  size_t alternative = 0;
  int64_t workers = 0;
  Look look;
};

// What became of an ask's alternatives before the one that was taken, and what is known of those
// after it. `ask` has them in the order in which they were tried; all with their workers as in it,
// but those that say otherwise.
std::vector<Rejected> rejected_alternatives(const Ask& ask, size_t taken, int64_t workers,
                                            const std::vector<Tried>& tried,
                                            const Outlook& outlook);
Rejected unavailable(const Alternative& wants, const Hold& hold);

// What was next for a placement, where that is no part of it.
void add_beside(const World& world, const Beside& beside, Admit& admit);
// The first ones, with room left for those that `admit` has already.
void add_rejected(std::vector<Rejected> rejected, Admit& admit);

}  // namespace berth::sched
