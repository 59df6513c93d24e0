#pragma once
#include <string>
#include <vector>

#include "base/clock.h"

namespace berth::runtime {

// One thing that must hold for a process to be called healthy or ready, and why it does not.
struct HealthCheck {
  std::string name;
  std::string problem;  // empty: it holds

  bool operator==(const HealthCheck&) const = default;
};

// What /healthz or /readyz answers: ok when every check holds. A plain value; the loop that knows
// makes one, the server that answers reads it.
struct Health {
  std::vector<HealthCheck> checks;

  bool ok() const;
  // One line per check: "[+] informer pods" or "[-] informer pods: not synced".
  std::string text() const;
};

HealthCheck check_synced(std::string resource, bool synced);

// Something that must happen every so often, such as the loop's turn or the Lease's renewal.
HealthCheck check_heartbeat(std::string name, Monotonic last, Monotonic now, Millis limit);

}  // namespace berth::runtime
