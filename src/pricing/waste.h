#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "pricing/scarcity.h"

namespace berth::pricing {

struct WasteOptions {
  int64_t demand_percent = 100;  // of the devices: how much the whole mix asks for
};

// What of a shared device is lost when so many thousandths are left of it: 1001 entries, entry r
// from 0 to r. It is lost because too little work comes that would fill what is left, even when
// every placement from now on is the best: where a class of 810 comes more often than 190, each
// strands 190, and on no device that is left with 810 is it worth more than on an empty one.
//
// From the linear program of cutting stock (Gilmore and Gomory, 1961), with refusal: devices are
// cut into patterns of shares, as many thousandths as possible are served of what the mix asks for.
// A class is worth what it brings less its shadow price, which is what one more of its kind would
// bring; a rest is worth the most that a pattern within it is worth; what is missing is waste.
//
// Types and CPU have no part in it. Errors: Invalid for a negative amount. Cost: classes of the
// same share are added up; about a millisecond for 25 of them.
Result<std::vector<int16_t>> waste_by_rest(std::span<const Demand> mix,
                                           const WasteOptions& options = {});

}  // namespace berth::pricing
