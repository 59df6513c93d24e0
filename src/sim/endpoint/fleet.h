#pragma once
#include <cstdint>
#include <deque>
#include <queue>
#include <vector>

#include "sim/endpoint/arrivals.h"

namespace berth::sim::endpoint {

// A replica computes up to `max_batch` requests at a time. Beside others each takes longer: with b
// of them 1 + batch_cost x (b - 1) times as long as alone, so that b are answered faster together
// than in turn.
struct ReplicaModel {
  int64_t max_batch = 16;
  double batch_cost = 0.05;
  double start_seconds = 120;  // from the decision until it is ready

  double slowdown(int64_t batch) const { return 1 + batch_cost * static_cast<double>(batch - 1); }
  // Seconds of work that it does in a second at most.
  double most_work_rate() const;
};

// What the router and the replicas have counted since the beginning.
struct Counted {
  double request_seconds = 0;  // integral of what is in flight, held ones among them
  double replica_seconds = 0;  // of replicas that exist, starting and draining ones among them
  double busy_seconds = 0;     // of those, with a request in hand
  int64_t arrived = 0;
  int64_t answered = 0;
  int64_t late = 0;
  int64_t in_flight = 0;
  int64_t starts = 0;
  int64_t most_replicas = 0;
};

// Replicas and the router before them: a request goes to the ready replica with the fewest in hand,
// or is held, in the order of arrival, until one has room. Scaling down takes replicas that start
// first (the latest first), then those with the fewest in hand, which finish what they have.
class Fleet {
 public:
  // `ready` replicas from the beginning on. A request is late that is not answered within the
  // bound.
  Fleet(const ReplicaModel& model, double bound_seconds, int64_t ready);

  void arrive(const Request& request);  // no earlier than what was told before
  void scale_to(int64_t replicas);
  // Lets time pass up to `at`, all that happens until then included.
  void advance(double at);

  int64_t ready() const;
  int64_t starting() const;
  const Counted& counted() const { return counted_; }
  bool is_idle() const { return counted_.in_flight == 0; }

 private:
  enum class Phase { Starting, Ready, Draining, Gone };
  struct InHand {
    double ends_at_progress = 0;
    double arrived_at = 0;
    bool operator>(const InHand& other) const { return ends_at_progress > other.ends_at_progress; }
  };
  struct Replica {
    Phase phase = Phase::Starting;
    double progress = 0;  // seconds of work done for each request in hand
    double progress_at = 0;
    uint64_t version = 0;  // of what is in hand; an older event is void
    std::priority_queue<InHand, std::vector<InHand>, std::greater<>> in_hand;
  };
  struct Event {
    double at = 0;
    size_t replica = 0;
    uint64_t version = 0;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : replica > other.replica;
    }
  };

  void pass_time(double at);
  void settle(Replica& replica) const;
  void plan_next(size_t index);
  void take(size_t index, const Request& request);
  void dispatch();
  void happen(const Event& event);
  void finish_one(size_t index);
  void start_one();
  void stop_one();
  int64_t in_phase(Phase phase) const;

  ReplicaModel model_;
  double bound_seconds_;
  double now_ = 0;
  std::vector<Replica> replicas_;
  std::vector<size_t> existing_;  // not Gone
  std::deque<Request> held_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  Counted counted_;
};

}  // namespace berth::sim::endpoint
