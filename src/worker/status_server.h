#pragma once
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "worker/progress.h"

namespace berth::worker {

// Answers GET /metrics and GET /healthz on all addresses, on threads of its own. Reads `progress`,
// which must outlive it. Healthy means that the process answers: a gang that hangs ends by its
// own deadlines, so nobody has to kill it from outside.
class StatusServer {
 public:
  // Port 0 takes a free one. Errors: Unavailable when the port cannot be had.
  static Result<StatusServer> start(uint16_t port, const Progress& progress);
  ~StatusServer();
  StatusServer(StatusServer&&) noexcept;

  uint16_t port() const;

 private:
  struct Running;
  explicit StatusServer(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace berth::worker
