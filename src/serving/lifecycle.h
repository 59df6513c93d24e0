#pragma once
#include <atomic>

namespace berth::serving {

// Where a server is in its life. It moves in this order only.
enum class Stage {
  Starting,  // the model is being loaded and warmed up: alive, not ready
  Ready,
  Draining,  // asked to stop: not ready any more, but whoever still asks is answered
};

// Shared by all threads of a server.
class Lifecycle {
 public:
  Stage stage() const { return stage_.load(std::memory_order_acquire); }

  // False when it has been asked to stop meanwhile: then it stays as it is.
  bool become_ready() {
    Stage starting = Stage::Starting;
    return stage_.compare_exchange_strong(starting, Stage::Ready);
  }
  // Whether there may be requests in hand: it was ready, if only since a moment ago.
  bool drain() { return stage_.exchange(Stage::Draining) != Stage::Starting; }

 private:
  std::atomic<Stage> stage_{Stage::Starting};
};

}  // namespace berth::serving
