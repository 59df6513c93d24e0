#pragma once
#include <future>
#include <optional>

#include "base/clock.h"
#include "worker/checkpoint_store.h"

namespace berth::worker {

// Publishes checkpoints in the background, one at a time, so that training goes on while the disk
// works. A disk that hangs cannot be interrupted; it is given up after a time and the thread left
// behind, which is why it owns all that it touches.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(CheckpointStore store) : store_(std::move(store)) {}

  bool busy() const { return outcome_.valid(); }

  // Starts writing. Not to be called while busy().
  void start(Manifest manifest, Bytes state);

  // The outcome once it is there, waiting at most that long for it; nothing while it is under way
  // or when nothing was started.
  std::optional<Result<PublishedCheckpoint>> take(Millis at_most);

 private:
  CheckpointStore store_;
  std::future<Result<PublishedCheckpoint>> outcome_;
};

}  // namespace berth::worker
