#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "router/proxy/loop.h"
#include "router/route_table.h"

namespace berth::router {

struct ProxyOptions {
  std::string address = "127.0.0.1";  // numeric
  uint16_t rest_port = 0;             // 0: any free one
  uint16_t grpc_port = 0;
  int threads = 1;
  ProxyLimits limits;
  uint64_t seed = 0;  // of the draws by weight
};

// The data path: threads that serve clients by the newest table. Functions are for one thread,
// except metrics().
class Router {
 public:
  // Listens on both ports. Invalid for an address that is none, Unavailable when a port is taken.
  // `log` must outlive it.
  static Result<std::unique_ptr<Router>> start(ProxyOptions options, Log& log);
  virtual ~Router() = default;  // stop(0)

  virtual uint16_t rest_port() const = 0;
  virtual uint16_t grpc_port() const = 0;
  // Requests that come from now on, and those that wait, go by this table.
  virtual void set_table(RouteTable table) = 0;
  virtual std::string metrics() const = 0;  // the Prometheus text format; from any thread
  // Answers as before, and asks clients to go elsewhere: Connection: close, GOAWAY.
  virtual void drain() = 0;
  // Takes nothing new, lets what is in hand finish for at most `grace`, then cuts. Idempotent.
  virtual void stop(Millis grace) = 0;
  virtual int connections() const = 0;
};

}  // namespace berth::router
