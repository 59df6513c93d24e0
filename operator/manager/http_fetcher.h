#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "operator/controllers/gpujob/progress_reader.h"

namespace berth::control {

// MetricsFetcher over plain HTTP, one request after the other on a thread of its own, since a
// worker may be slow and the loop may not. What comes back is handed out by deliver(), on the loop.
class HttpFetcher final : public MetricsFetcher {
 public:
  // `wake` is called from the thread when there is something to deliver.
  explicit HttpFetcher(std::function<void()> wake);
  ~HttpFetcher() override;
  HttpFetcher(const HttpFetcher&) = delete;
  HttpFetcher& operator=(const HttpFetcher&) = delete;

  void fetch(const std::string& ip, Reply reply) override;
  void deliver();

 private:
  struct Job {
    std::string ip;
    Reply reply;
  };
  void work();

  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;                                    // guarded by mutex_
  std::deque<Job> asked_;                                       // guarded by mutex_
  std::vector<std::pair<Reply, Result<std::string>>> answers_;  // guarded by mutex_
  std::thread thread_;                                          // last: it uses all of the above
};

}  // namespace berth::control
