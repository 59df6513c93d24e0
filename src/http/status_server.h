#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"

// The pages that a program shows about itself, over plain HTTP: /metrics, /healthz, /readyz.
// GET only, no request body, nothing secret: whoever can reach the port may read them.
namespace berth::http {

// Called on the server's threads, several at once: they must be safe to call so.
struct StatusPages {
  std::function<std::string()> metrics;               // the Prometheus text format
  std::function<std::optional<std::string>()> live;   // nothing, or why this process should restart
  std::function<std::optional<std::string>()> ready;  // nothing, or why it should get no work
};

class StatusServer {
 public:
  // `listen` is ADDRESS:PORT; port 0 takes a free one. Invalid when it does not parse, Unavailable
  // when it cannot be bound. `log` must outlive it.
  static Result<std::unique_ptr<StatusServer>> start(const std::string& listen, StatusPages pages,
                                                     Log& log);
  virtual ~StatusServer() = default;  // stops

  virtual uint16_t port() const = 0;
};

}  // namespace berth::http
