#pragma once
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/metrics.h"
#include "http/status_server.h"
#include "operator/manager/operator.h"
#include "runtime/health.h"

namespace berth::control {

// What the loop last said of its health, for the server's threads to read.
class Pages {
 public:
  explicit Pages(const Clock& clock) : clock_(clock) {}

  void show(const runtime::Health& live, const runtime::Health& ready, Monotonic now);
  http::StatusPages served(const http::Metrics& metrics);

 private:
  std::optional<std::string> live() const;
  std::optional<std::string> ready() const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::optional<Monotonic> shown_at_;
  runtime::Health live_;
  runtime::Health ready_;
};

// Counts what the operator does.
Observers observers(http::Metrics& metrics);

}  // namespace berth::control
