#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sched/core/world.h"
#include "sched/decision.h"
#include "sched/sla/promises.h"

// Why an ask is held, in words with the numbers that prove it.
namespace berth::sched {

// What a class of devices has, whole devices, in one world.
struct Stock {
  int64_t free = 0;
  int64_t exist = 0;
};
// What one worker of an ask needs, under one of its alternatives.
ShapeId worker_shape(Fleet& fleet, const Ask& ask, const Alternative& wants, size_t worker);

// In the region that the alternative is bounded to, if it is.
Stock stock_of(World& world, const Alternative& wants);

Hold no_quota(const Ask& ask, bool is_broken);
Hold no_alternative(const Ask& ask);
// `allowed`: the tiers that it could name instead.
Hold no_tier(const Ask& ask, bool exists, const std::vector<std::string>& allowed);
Hold behind(const Ask& ask, const Ask& first);
Hold not_listed(const Ask& ask, const Alternative& wants, const std::map<Column, Limit>& limits);
Hold over_quota(const Ask& ask, const Alternative& wants, const QuotaRefusal& no);
// Too few are free, or they are on the wrong nodes. Looks at every node only for the latter.
Hold no_room(World& world, const Ask& ask, const Alternative& wants, const Stock& stock);
// `percent` is what its tier promises.
Hold promised_out(const Ask& ask, const Alternative& wants, const PromiseAnswer& no,
                  int64_t percent, Instant now);
// Workers that must lie in one domain of a level which no domain can ever take in: nothing when one
// could, if it were empty. Looks at every node of the level.
std::optional<Hold> no_domain(World& world, const Ask& ask, const Alternative& wants);
Hold no_cpu(World& world, const Ask& ask, const Alternative& wants);
Hold reserved(const Ask& ask, const Alternative& wants, const Stock& stock);

}  // namespace berth::sched
