#include "host/env.h"

#include <cstdlib>

namespace berth::host {

std::optional<std::string> env(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): before threads
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::string env_or_empty(const std::string& name) { return env(name).value_or(""); }

}  // namespace berth::host
