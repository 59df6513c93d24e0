#include "operator/manager/route_feed.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/reply.h"
#include "kube/request.h"
#include "operator/controllers/inferenceendpoint/endpoint_route.h"

namespace berth::control {

RouteFeed::RouteFeed(kube::Transport& transport, Stores& stores, const Settings& settings, Log& log)
    : transport_(transport),
      stores_(stores),
      settings_(settings),
      log_(log),
      self_(std::make_shared<RouteFeed*>(this)) {}

Monotonic RouteFeed::tick(Monotonic now) {
  if (!runs_) return Monotonic::max();
  if (now >= ask_at_) {
    ask_at_ = now + kAskAgain;
    ask();
  }
  if (!routes_) return ask_at_;
  const Monotonic wake = std::min(ask_at_, routes_->tick(now));
  if (routes_->synced()) turn(RouteApi::Listed);
  return wake;
}

void RouteFeed::ask() {
  const kube::Request request = kube::discover(kube::kHttpRoutes);
  transport_.send(request, [weak = std::weak_ptr(self_), request](Result<kube::Response> response) {
    if (const auto self = weak.lock())
      (*self)->heard(kube::parse_reply(request, std::move(response)));
  });
}

// An answer that is none leaves things as they are until the next.
void RouteFeed::heard(const Result<Json>& resources) {
  if (!resources && resources.error().code != Code::NotFound) {
    return log_.warn("nothing is known of HTTPRoutes", {{"error", resources.error().message}});
  }
  if (resources && kube::is_served(*resources, kube::kHttpRoutes)) {
    if (routes_) return;
    routes_.emplace(
        transport_, kube::WatchTarget{kube::kHttpRoutes, {}},
        [](Json&& object) { return decode_route(object); }, stores_.routes, log_,
        kube::WatchRules{.seed = settings_.seed});
    routes_->start();
  } else {
    routes_.reset();
    stores_.routes.reset({});
    turn(RouteApi::Absent);
  }
}

void RouteFeed::turn(RouteApi api) {
  if (stores_.route_api == api) return;
  stores_.route_api = api;
  log_.info("HTTPRoutes", {{"served", api == RouteApi::Listed ? "yes" : "no"}});
  if (on_turn) on_turn();
}

}  // namespace berth::control
