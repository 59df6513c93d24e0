#pragma once
#include <array>
#include <cstdint>

#include "router/moment.h"

namespace berth::router {

// Bounds how much retries add to the load: of the requests of the last ten seconds one in five, and
// ten per second besides, as in Finagle. Time is passed in; one thread at a time.
class RetryBudget {
 public:
  void count_request(Moment now) { ++bucket(now).requests; }

  // Whether one more may be made; if so it is counted.
  bool take(Moment now) {
    Bucket& current = bucket(now);
    int64_t requests = 0;
    int64_t retries = 0;
    for (const Bucket& one : buckets_) {
      if (one.second <= current.second - kSeconds) continue;
      requests += one.requests;
      retries += one.retries;
    }
    if (retries >= requests / kRequestsPerRetry + kFreePerSecond * kSeconds) return false;
    ++current.retries;
    return true;
  }

 private:
  static constexpr int64_t kSeconds = 10;
  static constexpr int64_t kRequestsPerRetry = 5;
  static constexpr int64_t kFreePerSecond = 10;

  struct Bucket {
    int64_t second = -kSeconds;
    int64_t requests = 0;
    int64_t retries = 0;
  };

  Bucket& bucket(Moment now) {
    const int64_t second =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    Bucket& one = buckets_[static_cast<size_t>(second % kSeconds)];
    if (one.second != second) one = {.second = second};
    return one;
  }

  std::array<Bucket, kSeconds> buckets_{};
};

}  // namespace berth::router
