#include "runtime/work_queue.h"

#include <algorithm>
#include <cassert>

namespace berth::runtime {

void WorkQueue::add(const ObjectKey& key, Monotonic ready_at) {
  want(keys_.try_emplace(key).first, ready_at);
}

std::optional<ObjectKey> WorkQueue::take(Monotonic now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  const auto at = keys_.find(*order_.begin()->second);
  order_.erase(order_.begin());
  at->second.ready_at.reset();
  at->second.in_flight = true;
  ++in_flight_;
  return at->first;
}

void WorkQueue::done(const ObjectKey& key) {
  const auto at = keys_.find(key);
  assert(at != keys_.end() && at->second.in_flight);
  at->second.failures = 0;
  at->second.not_before = Monotonic::min();
  settle(at);
}

void WorkQueue::failed(const ObjectKey& key, const Error& error, Monotonic now) {
  const auto at = keys_.find(key);
  assert(at != keys_.end() && at->second.in_flight);
  Entry& entry = at->second;
  ++entry.failures;
  if (error.retry_after) entry.not_before = now + *error.retry_after;
  const uint64_t seed = seed_ ^ (std::hash<std::string>{}(key.name) * 31 + key.name_space.size());
  want(at, now + backoff_.delay(entry.failures, seed));
  settle(at);
}

void WorkQueue::put_back(const ObjectKey& key, Monotonic ready_at) {
  const auto at = keys_.find(key);
  assert(at != keys_.end() && at->second.in_flight);
  want(at, ready_at);
  settle(at);
}

Monotonic WorkQueue::next_ready() const {
  return order_.empty() ? Monotonic::max() : order_.begin()->first;
}

int WorkQueue::failures(const ObjectKey& key) const {
  const auto at = keys_.find(key);
  return at == keys_.end() ? 0 : at->second.failures;
}

// The earlier time wins; what is in flight only remembers it.
void WorkQueue::want(Keys::iterator at, Monotonic ready_at) {
  Entry& entry = at->second;
  ready_at = std::max(ready_at, entry.not_before);
  if (entry.ready_at && *entry.ready_at <= ready_at) return;
  if (!entry.in_flight && entry.ready_at) order_.erase({*entry.ready_at, &at->first});
  entry.ready_at = ready_at;
  if (!entry.in_flight) order_.insert({ready_at, &at->first});
}

// No longer in flight: waits if it is wanted, else is forgotten.
void WorkQueue::settle(Keys::iterator at) {
  Entry& entry = at->second;
  entry.in_flight = false;
  --in_flight_;
  if (!entry.ready_at) {
    keys_.erase(at);
    return;
  }
  entry.ready_at = std::max(*entry.ready_at, entry.not_before);
  order_.insert({*entry.ready_at, &at->first});
}

}  // namespace berth::runtime
