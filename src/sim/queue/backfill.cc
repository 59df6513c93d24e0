#include "sim/queue/backfill.h"

#include <algorithm>

namespace berth::sim::queue {

const ExpectedEnds::Ends& ExpectedEnds::at(const View& view, Instant now) {
  known_.resize(view.jobs.size());
  const auto guess = [&](JobId id) {
    Known& known = known_[static_cast<size_t>(id)];
    known = {view.of(id).attempt, now + view.expected_left(id, now)};
    ends_.emplace(known.end, id);
  };
  const auto is_current = [&](Instant end, JobId id) {
    const Known& known = known_[static_cast<size_t>(id)];
    const Progress& at = view.of(id);
    return at.phase == Phase::Running && at.attempt == known.attempt && known.end == end;
  };
  for (const JobId id : view.running) {
    if (known_[static_cast<size_t>(id)].attempt != view.of(id).attempt) guess(id);
  }
  for (auto at = ends_.begin(); at != ends_.end();) {
    const auto [end, id] = *at;
    if (!is_current(end, id)) {
      at = ends_.erase(at);
    } else if (end <= now) {
      ends_.erase(at);
      guess(id);
      at = ends_.begin();
    } else {
      ++at;
    }
  }
  return ends_;
}

Backfill::Backfill(const View& view, Instant now, ExpectedEnds& ends)
    : view_(view),
      now_(now),
      ends_(ends.at(view, now)),
      now_free_(view.free),
      at_shadow_(view.free),
      spare_(view.free) {}

bool Backfill::offer(JobId job) {
  const int64_t devices = view_.job(job).devices;
  if (devices >= too_wide_) return false;
  auto placement = now_free_.place(devices);
  if (!placement) {
    too_wide_ = devices;
    if (!has_head_) promise(devices);
    return false;
  }
  if (!has_head_) return start(job, std::move(*placement), false);
  const bool ends_in_time = now_ + view_.expected_left(job, now_) <= shadow_;
  if (ends_in_time) return start(job, std::move(*placement), false);
  if (devices >= too_wide_spare_) return false;
  placement = spare_.place(devices);
  if (placement) return start(job, std::move(*placement), true);
  too_wide_spare_ = devices;
  return false;
}

bool Backfill::start(JobId job, Placement placement, bool outlasts_shadow) {
  now_free_.take(placement);
  if (outlasts_shadow) at_shadow_.take(placement);
  if (has_head_) {
    update_spare(placement);
  } else {
    started_.emplace_back(now_ + view_.expected_left(job, now_), decision_.actions.size());
  }
  decision_.actions.push_back(Start{job, std::move(placement)});
  return true;
}

void Backfill::update_spare(const Placement& placement) {
  for (const Worker& worker : placement) {
    spare_.set(worker.node, std::min(now_free_.on(worker.node), at_shadow_.on(worker.node)));
  }
}

// Lets jobs end in the order expected until the head can be placed. Where it cannot even then
// (nodes have failed), nothing is promised: all that is known to run would have ended before.
void Backfill::promise(int64_t devices) {
  has_head_ = true;
  at_shadow_ = now_free_;
  std::sort(started_.begin(), started_.end());
  auto fresh = started_.begin();
  auto running = ends_.begin();
  shadow_ = Instant::max();
  while (fresh != started_.end() || running != ends_.end()) {
    const bool take_fresh =
        running == ends_.end() || (fresh != started_.end() && fresh->first <= running->first);
    const Instant end = take_fresh ? fresh->first : running->first;
    at_shadow_.give(take_fresh ? std::get<Start>(decision_.actions[fresh->second]).placement
                               : view_.of(running->second).placement);
    take_fresh ? static_cast<void>(++fresh) : static_cast<void>(++running);
    if (const auto placement = at_shadow_.place(devices)) {
      shadow_ = end;
      at_shadow_.take(*placement);
      break;
    }
  }
  spare_ = now_free_;
  for (int32_t node = 0; node < spare_.shape().nodes; ++node) {
    spare_.set(node, std::min(spare_.on(node), at_shadow_.on(node)));
  }
}

}  // namespace berth::sim::queue
