#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "kube/transport.h"
#include "kube/watch.h"

namespace berth::runtime {

// Drives one kube::Watch over a transport and hands on what it learns. Informer<T> is this with a
// store behind it.
class Reflector {
 public:
  using Sink = std::function<void(kube::Delta&&)>;

  Reflector(kube::Transport& transport, kube::WatchTarget target, kube::WatchRules rules, Sink sink,
            Log& log);
  ~Reflector();
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;

  void start();
  void stop();
  // Starts what is due. Returns when to call again at the latest (max(): only after an answer).
  Monotonic tick(Monotonic now);
  bool synced() const { return watch_.synced(); }
  const kube::Watch& watch() const { return watch_; }

 private:
  void list(kube::Request request);
  void open(kube::Request request);
  void on_line(std::string_view line);
  void on_end(const Status& status);
  void hand_on();

  kube::Transport& transport_;
  std::string what_;  // the plural, for logs
  kube::Watch watch_;
  Sink sink_;
  Log& log_;
  bool running_ = false;
  std::optional<kube::StreamId> stream_;
  std::vector<kube::Delta> deltas_;
  std::shared_ptr<Reflector*> self_;  // replies outlive us; they hold a weak pointer to this
};

}  // namespace berth::runtime
