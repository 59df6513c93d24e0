#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "serving/micros.h"

namespace berth::serving {

struct BatchRules {
  int64_t rows_max = 32;     // of one batch
  Micros delay_max{2000};    // how long a request waits for others to share its batch
  size_t waiting_max = 512;  // requests
};

// What one request is to the batcher.
struct Waiting {
  uint64_t id = 0;   // unique among those that wait
  int64_t rows = 1;  // from 1 to rows_max
  std::string kind;  // only requests of one kind share a batch
  MicroTime arrived;
  MicroTime deadline;  // an answer after it helps nobody
};

// What is to be done now. Ids leave the batcher with it.
struct Turn {
  std::vector<uint64_t> batch;    // compute these together; empty: nothing is due
  std::vector<uint64_t> expired;  // refuse these: their deadline has passed
  std::optional<MicroTime>
      again_at;  // without a batch: when something will be due; never if absent
};

// Decides which requests are computed together and when: those of the oldest one's kind, as soon
// as they fill a batch, the oldest has waited for the longest delay, or nobody is on the way who
// could join them. In order of arrival within a kind. Pure: no clock, no thread; every call takes
// the time.
class Batcher {
 public:
  explicit Batcher(BatchRules rules) : rules_(rules) {}

  bool add(Waiting request);  // false: too many wait already
  bool remove(uint64_t id);   // its client is gone; false when it does not wait any more
  // For an instance that is free. `arriving`: requests that have begun to come and do not wait here
  // yet.
  Turn next(MicroTime now, int64_t arriving);

  size_t size() const { return waiting_.size(); }

 private:
  std::vector<uint64_t> take_expired(MicroTime now);
  std::vector<uint64_t> take_batch();
  void forget(const Waiting& request);
  std::optional<MicroTime> next_time() const;

  BatchRules rules_;
  std::deque<Waiting> waiting_;                  // by arrival
  std::map<std::string, int64_t> rows_of_kind_;  // that wait
};

}  // namespace berth::serving
