#include "worker/checkpoint_writer.h"

#include <thread>
#include <utility>

namespace berth::worker {

void CheckpointWriter::start(Manifest manifest, Bytes state) {
  // A packaged task, since the future of std::async would wait for the disk when destroyed.
  std::packaged_task<Result<PublishedCheckpoint>()> task(
      [store = store_, manifest = std::move(manifest), state = std::move(state)] {
        return store.publish(manifest, state);
      });
  outcome_ = task.get_future();
  std::thread(std::move(task)).detach();
}

std::optional<Result<PublishedCheckpoint>> CheckpointWriter::take(Millis at_most) {
  if (!busy() || outcome_.wait_for(at_most) != std::future_status::ready) return std::nullopt;
  return outcome_.get();
}

}  // namespace berth::worker
