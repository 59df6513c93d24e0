#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace berth::http {

struct GetLimits {
  Millis timeout{2'000};           // whole exchange
  size_t page_bytes = 256 * 1024;  // a longer page fails
};

// Plain HTTP GETs for a loop that may not wait: one after the other on a thread of its own. What
// comes back is handed out by deliver(), on the caller's thread. No redirects, no proxy.
class BackgroundGet {
 public:
  using Reply = std::function<void(Result<std::string> page)>;

  // `wake` is called from the thread when there is something to deliver.
  explicit BackgroundGet(std::function<void()> wake, GetLimits limits = {});
  ~BackgroundGet();  // waits for the exchange under way; what is asked or undelivered is dropped
  BackgroundGet(const BackgroundGet&) = delete;
  BackgroundGet& operator=(const BackgroundGet&) = delete;

  void get(std::string url, Reply reply);
  void deliver();

 private:
  struct Asked {
    std::string url;
    Reply reply;
  };
  void work();

  std::function<void()> wake_;
  GetLimits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;                                    // guarded by mutex_
  std::deque<Asked> asked_;                                     // guarded by mutex_
  std::vector<std::pair<Reply, Result<std::string>>> answers_;  // guarded by mutex_
  std::thread thread_;                                          // last: it uses all of the above
};

}  // namespace berth::http
