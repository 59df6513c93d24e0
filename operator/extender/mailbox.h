#pragma once
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace berth::extender {

// Work that the server's threads hand to the loop thread, which owns everything that talks to the
// API server.
class Mailbox {
 public:
  using Work = std::function<void()>;

  // `wake` makes the loop come round; called on the thread that posts.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void post(Work work) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(work));
    }
    wake_();
  }

  // On the loop thread. Runs what was posted before the call, in order.
  void deliver() {
    std::vector<Work> due;
    {
      const std::lock_guard lock(mutex_);
      due.swap(waiting_);
    }
    for (const Work& work : due) work();
  }

 private:
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Work> waiting_;
};

}  // namespace berth::extender
