#pragma once
#include <functional>
#include <string>

#include "base/result.h"

namespace berth::control {

// Fetches http://IP:PORT/metrics of a pod. The reply comes later, from the loop.
class MetricsFetcher {
 public:
  using Reply = std::function<void(Result<std::string>)>;
  virtual ~MetricsFetcher() = default;
  virtual void fetch(const std::string& ip, int port, Reply reply) = 0;
};

}  // namespace berth::control
