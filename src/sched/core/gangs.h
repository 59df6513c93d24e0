#pragma once
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sched/core/steering.h"
#include "sched/core/why.h"
#include "sched/core/world.h"
#include "sched/decision.h"

namespace berth::sched {

// What is to be placed for an ask.
class Gangs {
 public:
  Gangs(World& world, Steering& steering) : world_(world), steering_(steering) {}

  // What it points to is good until the next one is made.
  Gang of(const Ask& ask, const Alternative& wants);
  // What there is of the alternative's class where the ask may run.
  Stock stock(const Ask& ask, const Alternative& wants);
  // As if there were no policies.
  Gang bare(const Ask& ask, const Alternative& wants);
  // What bounds the one made last is the same list, at the same address, for all that are bounded
  // so.
  bool is_shared() const { return is_shared_; }

 private:
  std::span<const NodeIndex> allowed_for(const Ask& ask, const Alternative& wants);
  const std::vector<NodeIndex>& located(const Ask& ask);

  World& world_;
  Steering& steering_;
  std::vector<NodeIndex> allowed_;
  std::map<std::set<std::string>, std::vector<NodeIndex>> located_;  // by locations, by node id
  bool is_shared_ = true;
};

}  // namespace berth::sched
