#include "runtime/controller.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace berth::runtime {
namespace {

constexpr int kKeysPerTick = 256;

}  // namespace

void Writes::State::answer(const Result<Json>& reply, std::optional<Code> fine) {
  const bool is_fine = reply.ok() || reply.error().code == fine;
  if (!is_fine && !error) error = reply.error();
  close();
}

void Writes::State::close() {
  if (--open == 0) settled(*this);
}

void Writes::send(kube::Request request, Took took) {
  post(std::move(request), std::move(took), std::nullopt);
}

void Writes::remove(kube::Request request, std::function<void()> gone) {
  start(std::move(request), [state = state_, gone = std::move(gone)](Result<Json> reply) {
    const bool is_gone = reply.ok() || reply.error().code == Code::NotFound;
    if (is_gone && gone) gone();
    state->answer(reply, Code::NotFound);
  });
}

void Writes::ensure(kube::Request request, Took took) {
  post(std::move(request), std::move(took), Code::AlreadyExists);
}

void Writes::fail(Error error) {
  if (!state_->error) state_->error = std::move(error);
}

void Writes::post(kube::Request request, Took took, std::optional<Code> fine) {
  start(std::move(request), [state = state_, took = std::move(took), fine](Result<Json> reply) {
    if (reply.ok() && took) {
      took(std::move(*reply));
      state->close();
    } else {
      state->answer(reply, fine);
    }
  });
}

void Writes::start(kube::Request request, Effects::Answer answer) {
  ++state_->open;
  state_->wrote = true;
  state_->effects.send(std::move(request), std::move(answer));
}

Controller::Controller(std::string name, Reconciler& reconciler, Effects& effects,
                       const Clock& clock, Log& log, OnReconciled on_reconciled, Pace pace)
    : name_(std::move(name)),
      reconciler_(reconciler),
      effects_(effects),
      clock_(clock),
      log_(log),
      on_reconciled_(std::move(on_reconciled)),
      pace_(std::move(pace)),
      self_(std::make_shared<Controller*>(this)) {}

void Controller::add_at(const ObjectKey& key, Instant at) {
  queue_.add(key, clock_.monotonic() + std::max(Millis{0}, at - clock_.now()));
}

Monotonic Controller::tick() {
  const Monotonic now = clock_.monotonic();
  for (int looked = 0; looked < kKeysPerTick; ++looked) {
    const auto key = queue_.take(now);
    if (!key) return queue_.next_ready();
    if (const Millis wait = pace_.wait(*key, now); wait > Millis{0}) {
      queue_.put_back(*key, now + wait);
    } else {
      look_at(*key);
    }
  }
  return now;
}

void Controller::look_at(const ObjectKey& key) {
  auto again_at = std::make_shared<std::optional<Instant>>();
  auto state = std::make_shared<Writes::State>(Writes::State{.effects = effects_});
  state->settled = [weak = std::weak_ptr(self_), key, again_at](const Writes::State& writes) {
    if (const auto self = weak.lock()) (*self)->settled(key, *again_at, writes);
  };
  *again_at = reconciler_.reconcile(key, Writes(state)).again_at;
  state->close();
}

void Controller::settled(const ObjectKey& key, std::optional<Instant> again_at,
                         const Writes::State& writes) {
  const std::optional<Error>& error = writes.error;
  if (writes.wrote) pace_.wrote(key, clock_.monotonic());
  if (on_reconciled_) on_reconciled_(name_, error);
  if (!error) {
    queue_.done(key);
    if (again_at) add_at(key, *again_at);
    return;
  }
  // Somebody wrote first: the newer state is on its way through the watch, nothing is wrong.
  if (error->code != Code::Conflict) {
    log_.warn("reconcile failed",
              {{"controller", name_}, {"object", to_string(key)}, {"error", error->message}});
  }
  queue_.failed(key, *error, clock_.monotonic());
}

}  // namespace berth::runtime
