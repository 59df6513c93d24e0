#pragma once
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace berth::extender {

// Holds kube-scheduler back while many binds are under way. It decides one pod after the other but
// binds without bound, so on a busy API server binds would pile up until all of them are too late;
// an answer about the next pod that waits makes it wait, too. Safe from any thread.
class Pace {
 public:
  using Work = std::function<void()>;

  explicit Pace(size_t binds_most) : most_(binds_most) {}

  void bind_began() {
    const std::lock_guard lock(mutex_);
    ++binds_;
  }

  // Runs what was held back, on this thread, once there is room again.
  void bind_ended() {
    std::vector<Work> due;
    {
      const std::lock_guard lock(mutex_);
      --binds_;
      if (binds_ < most_) due.swap(held_);
    }
    for (const Work& work : due) work();
  }

  // Whether to go on now; if not, keeps what `later` makes until there is room.
  template <class MakeWork>
  bool goes_on(MakeWork later) {
    const std::lock_guard lock(mutex_);
    if (binds_ < most_) return true;
    held_.push_back(later());
    return false;
  }

 private:
  const size_t most_;
  std::mutex mutex_;
  size_t binds_ = 0;
  std::vector<Work> held_;  // bounded by the server: each is a request without its answer
};

}  // namespace berth::extender
