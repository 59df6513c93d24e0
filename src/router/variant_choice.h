#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "router/route_table.h"

// Which variant answers a request.
namespace berth::router {

inline constexpr uint32_t kSlots = 10'000;

// The slot of a key, the same one in every process for ever: cohorts outlive restarts. FNV-1a over
// salt, a zero byte and key, then the finalizer of splitmix64 for its low bits; modulo kSlots.
uint32_t sticky_slot(std::string_view salt, std::string_view key);

// Whether a variant has a replica. One without gets nothing, whatever rules and weights say.
struct Presence {
  bool stable = false;
  bool candidate = false;
};

// The value of a header of the request, empty when it is not there.
using HeaderOf = std::function<std::string_view(std::string_view name)>;

// The first rule that matches decides, else the weights; `draw` is any number, evenly spread.
Variant choose_variant(const Endpoint& endpoint, Presence presence, const HeaderOf& header,
                       uint64_t draw);

}  // namespace berth::router
