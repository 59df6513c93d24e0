#pragma once
#include <cstdint>

// How long berth-router takes to stop: said once for the program and for its pods.
namespace berth::http {

inline constexpr int64_t kRouterDrainSeconds = 5;    // still answering; the flag's default
inline constexpr int64_t kRouterFinishSeconds = 60;  // then, for the requests in hand
// Of its pod. Killed earlier, it would cut what it may still finish; the rest is for a node that is
// busy.
inline constexpr int64_t kRouterGraceSeconds = kRouterDrainSeconds + kRouterFinishSeconds + 25;

}  // namespace berth::http
