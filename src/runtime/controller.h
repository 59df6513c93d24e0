#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "json/json_fwd.h"
#include "kube/transport.h"
#include "runtime/effects.h"
#include "runtime/object_key.h"
#include "runtime/pace.h"
#include "runtime/work_queue.h"

namespace berth::runtime {

// When to look at the object again although nothing changed. Nothing: await a change.
struct Next {
  std::optional<Instant> again_at;
};

// The writes of one reconcile. Its key stays in flight until all are answered, so the next decision
// sees all of them. One failure makes the reconcile fail: the key comes again after its backoff.
class Writes {
 public:
  using Took = std::function<void(Json&&)>;

  // `took` gets the object that the server answered with, to be put into a store at once.
  void send(kube::Request request, Took took = {});
  // As send(), for a deletion: that it is gone already is as good. Once it is, `gone` may write
  // what has to come after.
  void remove(kube::Request request, std::function<void()> gone = {});
  // As send(), for a creation of what can only be one thing: that it is there already is as good.
  void ensure(kube::Request request, Took took = {});
  // The facts cannot be had: as a write that failed.
  void fail(Error error);

 private:
  friend class Controller;
  struct State {
    Effects& effects;
    size_t open = 1;  // the reconcile itself holds one until it returns
    bool wrote = false;
    std::optional<Error> error;
    std::function<void(const State&)> settled;

    void answer(const Result<Json>& reply, std::optional<Code> fine);
    void close();
  };
  explicit Writes(std::shared_ptr<State> state) : state_(std::move(state)) {}
  // An error of code `fine` is as good as an answer.
  void post(kube::Request request, Took took, std::optional<Code> fine);
  void start(kube::Request request, Effects::Answer answer);

  std::shared_ptr<State> state_;
};

// Looks at one object: gathers facts, decides, hands over writes. Level-triggered: it is told which
// object, never what happened to it.
class Reconciler {
 public:
  virtual ~Reconciler() = default;
  virtual Next reconcile(const ObjectKey& key, Writes writes) = 0;
};

// Told about every finished reconcile, for metrics.
using OnReconciled = std::function<void(std::string_view controller, const std::optional<Error>&)>;

// Runs a Reconciler over a queue of keys, no key more often than its pace allows while that writes.
// One thread; time comes with tick().
class Controller {
 public:
  Controller(std::string name, Reconciler& reconciler, Effects& effects, const Clock& clock,
             Log& log, OnReconciled on_reconciled = {}, Pace pace = Pace());
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  void add(const ObjectKey& key) { queue_.add(key, Monotonic::min()); }
  void add_at(const ObjectKey& key, Instant at);
  // Looks at what is ready, at most so many keys that the loop stays responsive. Returns when to
  // call again at the latest.
  Monotonic tick();
  const WorkQueue& queue() const { return queue_; }

 private:
  void look_at(const ObjectKey& key);
  void settled(const ObjectKey& key, std::optional<Instant> again_at, const Writes::State& writes);

  std::string name_;
  Reconciler& reconciler_;
  Effects& effects_;
  const Clock& clock_;
  Log& log_;
  OnReconciled on_reconciled_;
  Pace pace_;
  WorkQueue queue_;
  std::shared_ptr<Controller*> self_;  // answers outlive us; they hold a weak pointer to this
};

}  // namespace berth::runtime
