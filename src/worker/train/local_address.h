#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace berth::worker {

// The address of this machine that packets to `host` leave from, as numbers; nothing when the name
// does not resolve. Peers can reach us there, which a machine's own name does not promise: it often
// stands for loopback.
std::optional<std::string> local_address_towards(const std::string& host, uint16_t port);

}  // namespace berth::worker
