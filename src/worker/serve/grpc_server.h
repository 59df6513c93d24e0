#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "serving/endpoint.h"

namespace berth::worker {

struct GrpcOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  // 0: any free one, see port()
  size_t request_bytes_max = size_t{16} << 20;
};

// The Open Inference Protocol v2 over gRPC, and gRPC's own health service beside it. A client's
// deadline and a call that it cancels are honoured.
class GrpcServer {
 public:
  // `endpoint` must outlive it. Errors: Unavailable when the port cannot be had.
  static Result<std::unique_ptr<GrpcServer>> start(const GrpcOptions& options,
                                                   serving::Endpoint& endpoint);
  virtual ~GrpcServer() = default;
  virtual uint16_t port() const = 0;
  virtual void show_ready(bool is_ready) = 0;  // by the health service
  // Takes no more calls, lets those in hand finish for at most `grace`, then cuts. Idempotent.
  virtual void stop(Millis grace) = 0;
};

}  // namespace berth::worker
