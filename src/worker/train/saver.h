#pragma once
#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "worker/checkpoint_writer.h"
#include "worker/progress.h"
#include "worker/train/learner.h"

namespace berth::worker {

// Decides when the run is saved, on rank 0, and reports what became of it. A checkpoint at the
// interval is written while training goes on; one at the end is waited for.
class Saver {
 public:
  struct Rules {
    std::chrono::seconds interval;  // 0: only save_now()
    std::chrono::seconds timeout;   // longest that save_now() takes
  };

  // `manifest` is what all checkpoints of the run have in common; its step is filled in.
  Saver(CheckpointStore store, Manifest manifest, Rules rules, Progress& progress,
        const Clock& clock, Log& log);

  // Starts a checkpoint when one is due. One that fails is reported and tried again at the next
  // interval, since the one before still stands; only being overtaken (Conflict) is final.
  Status save_when_due(const Learner& learner);

  // Returns when the present state is on the disk. Errors: those of publish(), or Timeout.
  Status save_now(const Learner& learner);

  const std::optional<PublishedCheckpoint>& newest() const { return newest_; }

 private:
  void start(const Learner& learner);
  Status take_outcome(Millis at_most);

  CheckpointWriter writer_;
  Manifest manifest_;
  Rules rules_;
  Progress& progress_;
  const Clock& clock_;
  Log& log_;
  Monotonic due_;
  std::optional<PublishedCheckpoint> newest_;
};

}  // namespace berth::worker
