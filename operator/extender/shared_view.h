#pragma once
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "operator/extender/view.h"

namespace berth::extender {

// The View between the loop thread, which changes it, and the server's threads, which read it. What
// is called under the lock computes and does nothing else, so no one waits long.
class SharedView {
 public:
  template <class Use>
  auto read(Use&& use) const {
    const std::shared_lock lock(mutex_);
    return std::forward<Use>(use)(std::as_const(view_));
  }

  template <class Use>
  auto write(Use&& use) {
    const std::unique_lock lock(mutex_);
    return std::forward<Use>(use)(view_);
  }

 private:
  mutable std::shared_mutex mutex_;
  View view_;
};

}  // namespace berth::extender
