#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "base/log.h"
#include "kube/transport.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "runtime/informer.h"

namespace berth::control {

// Follows HTTPRoutes where a Gateway is set. Their definition is not ours: a cluster may be without
// it, get it later and lose it again. So whether it is there is asked for once a minute, and nobody
// waits for the answer.
class RouteFeed {
 public:
  static constexpr Millis kAskAgain{60'000};

  RouteFeed(kube::Transport& transport, Stores& stores, const Settings& settings, Log& log);
  RouteFeed(const RouteFeed&) = delete;
  RouteFeed& operator=(const RouteFeed&) = delete;

  // Stores::route_api is another.
  std::function<void()> on_turn;

  void start() { runs_ = !settings_.gateway.name.empty(); }
  Monotonic tick(Monotonic now);

 private:
  void ask();
  void heard(const Result<Json>& resources);
  void turn(RouteApi api);

  kube::Transport& transport_;
  Stores& stores_;
  const Settings& settings_;
  Log& log_;
  bool runs_ = false;
  Monotonic ask_at_ = Monotonic::min();
  std::optional<runtime::Informer<Route>> routes_;
  std::shared_ptr<RouteFeed*> self_;  // replies outlive us; they hold a weak pointer to this
};

}  // namespace berth::control
