#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "serving/batcher.h"
#include "serving/request.h"
#include "serving/signature.h"

namespace berth::serving {

// One copy of a model on a device.
class Instance {
 public:
  virtual ~Instance() = default;
  // The outputs of each request, in that order; the requests are of one kind. Called by one thread.
  virtual Result<std::vector<Outputs>> compute(std::span<const Request* const> batch) = 0;
};

// What is told of the work, on the threads that do it.
class DispatchWatch {
 public:
  enum class Drop { Full, Expired, Gone };
  virtual ~DispatchWatch() = default;
  virtual void dropped(Drop why) = 0;
  virtual void computed(int64_t rows, Micros took) = 0;
  // Requests that have begun to come and are not answered, those not submitted yet included.
  virtual int64_t under_way() const = 0;
};

struct Job {
  Request request;
  Fit fit;  // rows: at most BatchRules::rows_max
  MicroTime deadline;
  // Called once on the thread of an instance, unless the job is cancelled first. Errors: Timeout
  // when the deadline passed before it was computed, else the instance's.
  std::function<void(const Request&, Result<Outputs>)> done;
};

MicroTime now_micros();

// The shell around Batcher: a thread for each instance takes the next batch when it is free.
class Dispatcher {
 public:
  // `watch` must outlive it.
  Dispatcher(BatchRules rules, std::vector<std::unique_ptr<Instance>> instances,
             DispatchWatch& watch);
  ~Dispatcher() { stop(); }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // From any thread. Gives the job's id. Errors: Unavailable with retry_after when too many wait
  // or it has been stopped; then `done` is never called.
  Result<uint64_t> submit(Job job);
  // Its client is gone. False when it is too late: then `done` has been or will be called.
  bool cancel(uint64_t id);
  size_t waiting() const;
  const BatchRules& rules() const { return rules_; }

  // Takes no more, computes what waits, and ends its threads. Idempotent; one thread.
  void stop();

 private:
  std::optional<uint64_t> enqueue(Job job);  // nothing when there is no place
  int64_t arriving() const;
  void run(Instance& instance);
  std::vector<Job> take(const std::vector<uint64_t>& ids);
  void compute(Instance& instance, std::span<const Job> batch);
  void refuse(std::vector<Job> expired);

  const BatchRules rules_;
  DispatchWatch& watch_;
  mutable std::mutex mutex_;  // guards what follows, up to the instances
  std::condition_variable wake_;
  Batcher batcher_;
  std::unordered_map<uint64_t, Job> jobs_;  // those that wait
  uint64_t last_id_ = 0;
  int64_t computing_ = 0;  // requests
  bool is_stopping_ = false;
  std::vector<std::unique_ptr<Instance>> instances_;  // each used by its own thread alone
  std::vector<std::thread> threads_;
};

}  // namespace berth::serving
