#pragma once
#include <map>
#include <set>

#include "sched/ids.h"
#include "sched/quota/fair_share.h"
#include "translate/pools.h"

// What a device of each class counts for in fair shares.
namespace berth::translate {

using ClassValues = std::map<sched::DeviceClass, sched::ClassValue>;

// All classes alike, but for shares, which count for their part of a device's computing. Nothing
// where no pool names shares: all classes alike.
ClassValues values_of(const Pools& pools, const std::set<sched::DeviceClass>& classes);

// All classes that a tree knows or that there are devices of.
std::set<sched::DeviceClass> classes_of(const sched::QuotaTree& tree,
                                        const std::map<sched::DeviceClass, int64_t>& capacity);

bool are_same(const ClassValues& a, const ClassValues& b);

}  // namespace berth::translate
