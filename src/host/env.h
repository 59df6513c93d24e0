#pragma once
#include <optional>
#include <string>

namespace berth::host {

// An environment variable; nothing when it is not set. Read by main() and passed on as a value.
std::optional<std::string> env(const std::string& name);

// The same with an absent variable as empty text.
std::string env_or_empty(const std::string& name);

}  // namespace berth::host
