#include "serving/batcher.h"

#include <algorithm>
#include <utility>

namespace berth::serving {

bool Batcher::add(Waiting request) {
  if (waiting_.size() >= rules_.waiting_max) return false;
  rows_of_kind_[request.kind] += request.rows;
  waiting_.push_back(std::move(request));
  return true;
}

bool Batcher::remove(uint64_t id) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [id](const Waiting& request) { return request.id == id; });
  if (found == waiting_.end()) return false;
  forget(*found);
  waiting_.erase(found);
  return true;
}

Turn Batcher::next(MicroTime now, int64_t arriving) {
  Turn turn{.expired = take_expired(now)};
  if (waiting_.empty()) return turn;
  const Waiting& oldest = waiting_.front();
  const bool is_full = rows_of_kind_.at(oldest.kind) >= rules_.rows_max;
  if (is_full || arriving <= 0 || now - oldest.arrived >= rules_.delay_max) {
    turn.batch = take_batch();
  } else {
    turn.again_at = next_time();
  }
  return turn;
}

std::vector<uint64_t> Batcher::take_expired(MicroTime now) {
  std::vector<uint64_t> expired;
  std::erase_if(waiting_, [&](const Waiting& request) {
    if (request.deadline > now) return false;
    forget(request);
    expired.push_back(request.id);
    return true;
  });
  return expired;
}

// A request that does not fit ends the batch, or a large one could be passed by small ones for
// ever.
std::vector<uint64_t> Batcher::take_batch() {
  std::vector<uint64_t> batch;
  const std::string kind = waiting_.front().kind;
  int64_t rows = 0;
  bool is_full = false;
  std::erase_if(waiting_, [&](const Waiting& request) {
    if (is_full || request.kind != kind) return false;
    is_full = rows + request.rows > rules_.rows_max;
    if (is_full) return false;
    rows += request.rows;
    forget(request);
    batch.push_back(request.id);
    return true;
  });
  return batch;
}

void Batcher::forget(const Waiting& request) {
  const auto rows = rows_of_kind_.find(request.kind);
  rows->second -= request.rows;
  if (rows->second == 0) rows_of_kind_.erase(rows);
}

// When the oldest has waited for long enough, or the first deadline passes.
std::optional<MicroTime> Batcher::next_time() const {
  MicroTime at = waiting_.front().arrived + rules_.delay_max;
  for (const Waiting& request : waiting_) at = std::min(at, request.deadline);
  return at;
}

}  // namespace berth::serving
