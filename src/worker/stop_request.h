#pragma once
#include <atomic>

#include "base/clock.h"

namespace berth::worker {

// "Please stop at the next good moment", from a signal handler to the training loop.
class StopRequest {
 public:
  StopRequest();
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  void request() noexcept;  // safe in a signal handler
  bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }

  // Waits, at most that long, and returns early once a stop is requested.
  void wait_for(Millis at_most) const;

 private:
  std::atomic<bool> requested_{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may not wait for a lock");
  int event_fd_;
};

}  // namespace berth::worker
