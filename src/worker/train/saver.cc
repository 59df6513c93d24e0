#include "worker/train/saver.h"

#include <utility>

namespace berth::worker {

Saver::Saver(CheckpointStore store, Manifest manifest, Rules rules, Progress& progress,
             const Clock& clock, Log& log)
    : writer_(std::move(store)),
      manifest_(std::move(manifest)),
      rules_(rules),
      progress_(progress),
      clock_(clock),
      log_(log),
      due_(clock.monotonic() + rules.interval) {}

Status Saver::save_when_due(const Learner& learner) {
  if (rules_.interval.count() == 0) return Done{};
  const Status taken = take_outcome(Millis{0});
  if (!taken.ok() && taken.error().code == Code::Conflict) return taken;
  if (writer_.busy() || clock_.monotonic() < due_) return Done{};
  due_ = clock_.monotonic() + rules_.interval;
  start(learner);
  return Done{};
}

Status Saver::save_now(const Learner& learner) {
  const Monotonic deadline = clock_.monotonic() + rules_.timeout;
  // The outcome of one under way does not matter unless it is final: a newer one follows.
  const Status earlier = take_outcome(rules_.timeout);
  if (!earlier.ok() && earlier.error().code == Code::Conflict) return earlier;
  if (newest_ && newest_->step == learner.step()) return Done{};
  if (!writer_.busy()) {
    start(learner);
    BERTH_TRY(take_outcome(deadline - clock_.monotonic()));
  }
  if (!writer_.busy()) return Done{};
  return Error{Code::Timeout, "the checkpoint of step " + std::to_string(learner.step()) +
                                  " did not reach the disk within " +
                                  std::to_string(rules_.timeout.count()) + " s"};
}

void Saver::start(const Learner& learner) {
  manifest_.step = learner.step();
  writer_.start(manifest_, learner.state());
}

Status Saver::take_outcome(Millis at_most) {
  auto outcome = writer_.take(at_most);
  if (!outcome) return Done{};
  if (!outcome->ok()) {
    log_.error("checkpoint failed", {{"error", outcome->error().message}});
    return outcome->error();
  }
  newest_ = outcome->value();
  progress_.checkpointed(newest_->step, clock_.now());
  log_.info("checkpoint published", {{"step", std::to_string(newest_->step)},
                                     {"uri", newest_->uri},
                                     {"sha256", newest_->sha256}});
  return Done{};
}

}  // namespace berth::worker
