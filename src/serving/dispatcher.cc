#include "serving/dispatcher.h"

#include <utility>

namespace berth::serving {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{1'000};

int64_t rows_of(std::span<const Job> batch) {
  int64_t rows = 0;
  for (const Job& job : batch) rows += job.fit.rows;
  return rows;
}

}  // namespace

MicroTime now_micros() {
  return std::chrono::time_point_cast<Micros>(std::chrono::steady_clock::now());
}

Dispatcher::Dispatcher(BatchRules rules, std::vector<std::unique_ptr<Instance>> instances,
                       DispatchWatch& watch)
    : rules_(rules), watch_(watch), batcher_(rules), instances_(std::move(instances)) {
  for (const auto& instance : instances_) {
    threads_.emplace_back([this, &instance] { run(*instance); });
  }
}

Result<uint64_t> Dispatcher::submit(Job job) {
  const auto id = enqueue(std::move(job));
  if (id) {
    // While all instances are busy nobody listens, and nobody has to.
    wake_.notify_one();
    return *id;
  }
  watch_.dropped(DispatchWatch::Drop::Full);
  return Error{
      Code::Unavailable,
      std::to_string(rules_.waiting_max) + " requests wait already (--max-queued-requests)",
      kRetryAfter};
}

std::optional<uint64_t> Dispatcher::enqueue(Job job) {
  const std::lock_guard lock(mutex_);
  Waiting waiting{last_id_ + 1, job.fit.rows, job.fit.kind, now_micros(), job.deadline};
  if (is_stopping_ || !batcher_.add(std::move(waiting))) return std::nullopt;
  jobs_.emplace(++last_id_, std::move(job));
  return last_id_;
}

bool Dispatcher::cancel(uint64_t id) {
  std::unordered_map<uint64_t, Job>::node_type gone;  // destroyed without the lock
  {
    const std::lock_guard lock(mutex_);
    if (!batcher_.remove(id)) return false;
    gone = jobs_.extract(id);
  }
  watch_.dropped(DispatchWatch::Drop::Gone);
  return true;
}

size_t Dispatcher::waiting() const {
  const std::lock_guard lock(mutex_);
  return batcher_.size();
}

void Dispatcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

// One that is refused while it is decoded wakes nobody: who waited for it waits for the delay.
int64_t Dispatcher::arriving() const {
  return watch_.under_way() - static_cast<int64_t>(batcher_.size()) - computing_;
}

void Dispatcher::run(Instance& instance) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const Turn turn = batcher_.next(now_micros(), arriving());
    std::vector<Job> expired = take(turn.expired);
    std::vector<Job> batch = take(turn.batch);
    if (!expired.empty() || !batch.empty()) {
      if (batcher_.size() > 0) wake_.notify_one();  // another instance goes on with the rest
      const auto taken = static_cast<int64_t>(expired.size() + batch.size());
      computing_ += taken;
      lock.unlock();
      refuse(std::move(expired));
      if (!batch.empty()) compute(instance, batch);
      lock.lock();
      computing_ -= taken;
    } else if (turn.again_at) {
      wake_.wait_until(lock, *turn.again_at);
    } else if (is_stopping_) {
      return;
    } else {
      wake_.wait(lock);
    }
  }
}

std::vector<Job> Dispatcher::take(const std::vector<uint64_t>& ids) {
  std::vector<Job> taken;
  taken.reserve(ids.size());
  for (const uint64_t id : ids) taken.push_back(std::move(jobs_.extract(id).mapped()));
  return taken;
}

// A batch that fails is computed again in halves: a request at which the model fails takes no other
// with it, and what is too much for the device's memory at once may not be in parts.
void Dispatcher::compute(Instance& instance, std::span<const Job> batch) {
  std::vector<const Request*> requests;
  requests.reserve(batch.size());
  for (const Job& job : batch) requests.push_back(&job.request);
  const MicroTime begun = now_micros();
  auto outputs = instance.compute(requests);
  watch_.computed(rows_of(batch), now_micros() - begun);
  if (outputs.ok()) {
    for (size_t i = 0; i < batch.size(); ++i) {
      batch[i].done(batch[i].request, std::move((*outputs)[i]));
    }
  } else if (batch.size() == 1) {
    batch.front().done(batch.front().request, outputs.error());
  } else {
    compute(instance, batch.first(batch.size() / 2));
    compute(instance, batch.subspan(batch.size() / 2));
  }
}

void Dispatcher::refuse(std::vector<Job> expired) {
  for (const Job& job : expired) {
    watch_.dropped(DispatchWatch::Drop::Expired);
    job.done(job.request, Error{Code::Timeout, "the request waited past its deadline"});
  }
}

}  // namespace berth::serving
