#include "runtime/health.h"

#include <algorithm>
#include <utility>

namespace berth::runtime {

bool Health::ok() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const HealthCheck& check) { return check.problem.empty(); });
}

std::string Health::text() const {
  std::string text;
  for (const HealthCheck& check : checks) {
    text +=
        check.problem.empty() ? "[+] " + check.name : "[-] " + check.name + ": " + check.problem;
    text += '\n';
  }
  return text;
}

HealthCheck check_synced(std::string resource, bool synced) {
  return {"informer " + std::move(resource), synced ? "" : "not synced"};
}

HealthCheck check_heartbeat(std::string name, Monotonic last, Monotonic now, Millis limit) {
  const Millis silent = now - last;
  if (silent <= limit) return {std::move(name), ""};
  return {std::move(name), "silent for " + std::to_string(silent.count()) + " ms, limit " +
                               std::to_string(limit.count()) + " ms"};
}

}  // namespace berth::runtime
