#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "worker/contract.h"
#include "worker/files.h"
#include "worker/stop_request.h"

namespace at {
class Tensor;
}

namespace berth::worker {

// The workers of one attempt, acting together: every call is made by all of them in the same
// order, and each returns when all have made it. A worker that dies or stays away fails the call
// for all the others within the peer timeout, so a gang ends as a whole.
// Errors: Unavailable or Timeout; after one, the gang is of no more use.
class Gang {
 public:
  virtual ~Gang() = default;

  // Adds up a flat tensor over the gang, in place. All ranks get the same bits.
  virtual Status sum(at::Tensor& flat) = 0;

  // Gives every rank the bytes of rank 0, in place.
  virtual Status share_from_first(Bytes& bytes) = 0;

  // True for all when it is true for all.
  virtual Result<bool> all_agree(bool mine) = 0;

  virtual std::string backend() const = 0;
};

struct GangTimeouts {
  std::chrono::seconds rendezvous;
  std::chrono::seconds peer;
};

// Meets the others at rank 0. Expired when a stop was requested while still waiting for somebody.
Result<std::unique_ptr<Gang>> join_gang(const Contract& contract, const GangTimeouts& timeouts,
                                        bool on_cuda, const StopRequest& stop, const Clock& clock);

}  // namespace berth::worker
