#pragma once
#include <optional>

#include "sched/core/why.h"
#include "sched/decision.h"
#include "sched/quota_tree.h"

namespace berth::sched {

// What one look at one alternative found.
struct Look {
  enum class Obstacle { NotListed, Quota, TooLarge, Said, Room };
  std::optional<Admit> admit = {};
  Obstacle obstacle = Obstacle::NotListed;   // else
  std::optional<QuotaRefusal> refusal = {};  // of Quota
  std::optional<Hold> said = {};             // of Said
  Stock stock = {};                          // of TooLarge and Room
};

}  // namespace berth::sched
