#include "sim/endpoint/fleet.h"

#include <algorithm>
#include <optional>

namespace berth::sim::endpoint {

double ReplicaModel::most_work_rate() const {
  double most = 0;
  for (int64_t batch = 1; batch <= max_batch; ++batch) {
    most = std::max(most, static_cast<double>(batch) / slowdown(batch));
  }
  return most;
}

Fleet::Fleet(const ReplicaModel& model, double bound_seconds, int64_t ready)
    : model_(model), bound_seconds_(bound_seconds) {
  for (int64_t n = 0; n < ready; ++n) {
    existing_.push_back(replicas_.size());
    replicas_.emplace_back().phase = Phase::Ready;
  }
  counted_.most_replicas = ready;
}

int64_t Fleet::in_phase(Phase phase) const {
  return std::count_if(existing_.begin(), existing_.end(),
                       [&](size_t index) { return replicas_[index].phase == phase; });
}
int64_t Fleet::ready() const { return in_phase(Phase::Ready); }
int64_t Fleet::starting() const { return in_phase(Phase::Starting); }

void Fleet::pass_time(double at) {
  const double span = at - now_;
  if (span <= 0) return;
  counted_.request_seconds += span * static_cast<double>(counted_.in_flight);
  counted_.replica_seconds += span * static_cast<double>(existing_.size());
  int64_t busy = 0;
  for (const size_t index : existing_) busy += replicas_[index].in_hand.empty() ? 0 : 1;
  counted_.busy_seconds += span * static_cast<double>(busy);
  now_ = at;
}

void Fleet::settle(Replica& replica) const {
  if (!replica.in_hand.empty()) {
    const auto batch = static_cast<int64_t>(replica.in_hand.size());
    replica.progress += (now_ - replica.progress_at) / model_.slowdown(batch);
  }
  replica.progress_at = now_;
}

void Fleet::plan_next(size_t index) {
  Replica& replica = replicas_[index];
  ++replica.version;
  if (replica.in_hand.empty()) return;
  const auto batch = static_cast<int64_t>(replica.in_hand.size());
  const double left = replica.in_hand.top().ends_at_progress - replica.progress;
  events_.push({now_ + std::max(0.0, left) * model_.slowdown(batch), index, replica.version});
}

void Fleet::take(size_t index, const Request& request) {
  Replica& replica = replicas_[index];
  settle(replica);
  replica.in_hand.push({replica.progress + request.work, request.at});
  plan_next(index);
}

void Fleet::dispatch() {
  while (!held_.empty()) {
    std::optional<size_t> best;
    for (const size_t index : existing_) {
      const Replica& replica = replicas_[index];
      if (replica.phase != Phase::Ready) continue;
      if (static_cast<int64_t>(replica.in_hand.size()) >= model_.max_batch) continue;
      if (!best || replica.in_hand.size() < replicas_[*best].in_hand.size()) best = index;
    }
    if (!best) return;
    take(*best, held_.front());
    held_.pop_front();
  }
}

void Fleet::arrive(const Request& request) {
  advance(request.at);
  ++counted_.arrived;
  ++counted_.in_flight;
  held_.push_back(request);
  dispatch();
}

void Fleet::finish_one(size_t index) {
  Replica& replica = replicas_[index];
  settle(replica);
  const InHand done = replica.in_hand.top();
  replica.in_hand.pop();
  ++counted_.answered;
  --counted_.in_flight;
  if (now_ - done.arrived_at > bound_seconds_) ++counted_.late;
  plan_next(index);
  if (replica.phase == Phase::Draining && replica.in_hand.empty()) {
    replica.phase = Phase::Gone;
    std::erase(existing_, index);
  }
}

void Fleet::happen(const Event& event) {
  Replica& replica = replicas_[event.replica];
  if (event.version != replica.version || replica.phase == Phase::Gone) return;
  if (replica.phase == Phase::Starting) {
    replica.phase = Phase::Ready;
    replica.progress_at = now_;
  } else {
    finish_one(event.replica);
  }
  dispatch();
}

void Fleet::advance(double at) {
  while (!events_.empty() && events_.top().at <= at) {
    const Event event = events_.top();
    events_.pop();
    pass_time(event.at);
    happen(event);
  }
  pass_time(at);
}

void Fleet::start_one() {
  existing_.push_back(replicas_.size());
  events_.push({now_ + model_.start_seconds, replicas_.size(), 0});
  replicas_.emplace_back();
  ++counted_.starts;
}

void Fleet::stop_one() {
  std::optional<size_t> chosen;
  for (const size_t index : existing_) {
    const Replica& replica = replicas_[index];
    if (replica.phase == Phase::Draining) continue;
    const bool is_better = !chosen || replica.phase == Phase::Starting ||
                           (replicas_[*chosen].phase != Phase::Starting &&
                            replica.in_hand.size() < replicas_[*chosen].in_hand.size());
    if (is_better) chosen = index;
  }
  if (!chosen) return;
  Replica& replica = replicas_[*chosen];
  const bool is_done = replica.in_hand.empty();
  replica.phase = is_done ? Phase::Gone : Phase::Draining;
  if (is_done) std::erase(existing_, *chosen);
}

void Fleet::scale_to(int64_t replicas) {
  int64_t there = ready() + starting();
  for (; there < replicas; ++there) start_one();
  for (; there > replicas; --there) stop_one();
  counted_.most_replicas = std::max(counted_.most_replicas, static_cast<int64_t>(existing_.size()));
}

}  // namespace berth::sim::endpoint
