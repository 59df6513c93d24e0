#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "runtime/identity.h"
#include "runtime/reflector.h"
#include "runtime/store.h"

namespace berth::runtime {

// Keeps a Store<T> equal to a collection of the API server. `decode` makes the small T out of the
// object, whose JSON is then dropped. An object that cannot be decoded is logged and counted, and
// left out; it stops nothing.
template <class T>
class Informer {
 public:
  using Decode = std::function<Result<T>(Json&&)>;
  // A uid stays dead at least so long: several times what a reply may take.
  static constexpr Millis kDeadFor{180'000};

  Informer(kube::Transport& transport, kube::WatchTarget target, Decode decode, Store<T>& store,
           Log& log, kube::WatchRules rules = {})
      : what_(target.resource.plural),
        decode_(std::move(decode)),
        store_(store),
        log_(log),
        reflector_(
            transport, std::move(target), rules,
            [this](kube::Delta&& delta) {
              std::visit([&](auto&& d) { take(std::forward<decltype(d)>(d)); }, std::move(delta));
            },
            log) {}

  void start() { reflector_.start(); }
  void stop() { reflector_.stop(); }

  // Starts what is due; returns when to call again at the latest. Between calls the transport
  // delivers; the store and its listeners are called from there.
  Monotonic tick(Monotonic now) {
    if (now >= forget_at_) {
      store_.forget_dead();
      forget_at_ = now + kDeadFor;
    }
    return reflector_.tick(now);
  }

  // The store has held a whole list. Stays true while the watch is interrupted: what is known may
  // then be old, never partial.
  bool synced() const { return synced_; }
  int64_t undecodable() const { return undecodable_; }  // objects left out so far
  const Reflector& reflector() const { return reflector_; }

 private:
  void take(kube::ListBegin) {
    listing_ = true;
    listed_.clear();
  }
  void take(kube::Upsert&& change) {
    Result<T> object = decode_(std::move(change.object));
    if (!object) return leave_out(object.error());
    if (listing_) {
      listed_.erase(*object);  // between two pages it can have changed
      listed_.insert(listed_.end(), *std::move(object));
    } else {
      store_.upsert(*std::move(object));
    }
  }
  void take(kube::Remove&& change) {
    const Result<ObjectMeta> meta = identity_of(change.object);
    if (!meta) return leave_out(meta.error());
    store_.erase(*meta);
  }
  void take(kube::ListEnd&& end) {
    listing_ = false;
    auto all = std::exchange(listed_, {});
    if (end.went_back) {
      store_.reset(std::move(all));
    } else {
      store_.replace(std::move(all), end.version);
    }
    synced_ = true;
  }

  void leave_out(const Error& error) {
    ++undecodable_;
    log_.warn("object left out", {{"resource", what_}, {"error", error.message}});
  }

  std::string what_;
  Decode decode_;
  Store<T>& store_;
  Log& log_;
  Monotonic forget_at_{};
  bool listing_ = false;
  bool synced_ = false;
  int64_t undecodable_ = 0;
  typename Store<T>::Objects listed_;
  Reflector reflector_;  // last: its callbacks use all of the above
};

}  // namespace berth::runtime
