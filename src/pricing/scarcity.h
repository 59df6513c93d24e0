#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth::pricing {

// A class of work in the mix that is expected: `weight` of them for every so many of the others.
struct Demand {
  int64_t weight = 0;
  int devices = 0;                 // 0: asks for no device, and has no part in the prices
  int64_t milli_each = 1000;       // of each device
  std::vector<std::string> types;  // those allowed; empty allows every one
  int64_t cpu_milli = 0;           // has no part in the prices of devices
};

// What is free of one device type now.
struct Supply {
  std::string type;
  int64_t free_milli = 0;
  int devices_per_node_max = 0;  // work that wants more on one node cannot use this type
};

struct ScarcityOptions {
  int64_t demand_percent = 100;        // of what is free: how much of the mix is still to come
  int64_t growth_percent_max = 600;    // constrained demand is tried from nothing up to this
  int steps = 20;                      // at how many sizes
  int64_t milli_per_device_max = 700;  // of a type that is scarce at every size
};

struct TypePrice {
  std::string type;
  int64_t milli_per_device = 0;  // 0..milli_per_device_max
  bool operator==(const TypePrice&) const = default;
};

// What it costs the work to come when a device of a type goes to work that could run anywhere, in
// thousandths of a device, relative to the cheapest type; in the order of `supply`. Placement
// subtracts price x devices, so that flexible work leaves scarce types to who needs them.
//
// The shadow price of the type's devices in the linear program "serve the most constrained demand,
// class by type, where devices last", averaged over the growth of that demand. One size would not
// do: an optimum has no price for a type that just suffices, so an indifferent scheduler would fill
// it first. Averaged, the price rises from 0 with demand / supply, ahead of the shortage. Work that
// fits every type is left out: it would bid up all types alike.
//
// The program is a flow, so each shadow price is 0 or 1, and a tie between two least cuts is a set
// of classes that needs exactly what is free of a set of types. Supplies are raised by a millionth
// of a device and a ten-millionth of themselves: what just suffices, suffices, whatever the order
// of rows and pivots.
//
// Errors: Invalid for a negative amount, a type named twice, or no steps. Cost: classes with the
// same types are added up; 0.4 ms for 20 sets of types and 7 types, 10 ms for 200 sets and 15
// types.
Result<std::vector<TypePrice>> scarcity_prices(std::span<const Demand> mix,
                                               std::span<const Supply> supply,
                                               const ScarcityOptions& options = {});

}  // namespace berth::pricing
