#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "kube/backoff.h"
#include "runtime/object_key.h"

namespace berth::runtime {

// Keys waiting for a reconcile. A key that is added twice is handed out once, at the earlier time;
// a key in flight is not handed out again until done() or failed(). No thread and no clock in
// here. Cost: O(log n) per call.
class WorkQueue {
 public:
  explicit WorkQueue(kube::Backoff backoff = {.first = Millis{20}, .most = Millis{60'000}},
                     uint64_t seed = 0)
      : backoff_(backoff), seed_(seed) {}

  // Asks for `key` at `ready_at` or earlier; a key that was told to wait (Retry-After) waits.
  void add(const ObjectKey& key, Monotonic ready_at);

  // The key that has been ready longest, if any is ready; ties go to the smaller key. It is then in
  // flight.
  std::optional<ObjectKey> take(Monotonic now);

  // `key` went well: its failures are forgotten. What was added while it was in flight counts.
  void done(const ObjectKey& key);

  // `key` went wrong: it comes again after its backoff, or at what was added while it was in
  // flight if that is earlier, but not before the time that error.retry_after asks for.
  void failed(const ObjectKey& key, const Error& error, Monotonic now);

  // `key` was not looked at after all and has to wait until then. Its failures still count.
  void put_back(const ObjectKey& key, Monotonic ready_at);

  // When take() will next give something; max() when nothing waits.
  Monotonic next_ready() const;
  size_t waiting() const { return order_.size(); }
  size_t in_flight() const { return in_flight_; }
  bool empty() const { return keys_.empty(); }
  int failures(const ObjectKey& key) const;

 private:
  struct Entry {
    std::optional<Monotonic> ready_at;  // wanted again
    Monotonic not_before = Monotonic::min();
    int failures = 0;
    bool in_flight = false;
  };
  using Keys = std::map<ObjectKey, Entry>;
  using Place = std::pair<Monotonic, const ObjectKey*>;  // the key is in keys_
  struct Earlier {
    bool operator()(const Place& a, const Place& b) const {
      return a.first != b.first ? a.first < b.first : *a.second < *b.second;
    }
  };

  void want(Keys::iterator at, Monotonic ready_at);
  void settle(Keys::iterator at);

  kube::Backoff backoff_;
  uint64_t seed_;
  size_t in_flight_ = 0;
  Keys keys_;
  std::set<Place, Earlier> order_;  // the keys that wait and are not in flight
};

}  // namespace berth::runtime
