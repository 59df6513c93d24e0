#include "operator/controllers/router/router_reader.h"

#include <algorithm>
#include <utility>

#include "api/replica.h"
#include "kube/pod_address.h"
#include "operator/controllers/router/router_objects.h"

namespace berth::control {
namespace {

// One that does not answer holds up the others for as long as it is waited for.
constexpr Millis kLeftAlone{10'000};

bool takes_requests(const translate::Pod& pod) {
  return pod.ready && !pod.is_terminal() && !pod.meta.deletion;
}

}  // namespace

RouterReader::RouterReader(Stores& stores, MetricsFetcher& fetcher, const Settings& settings,
                           const Clock& clock)
    : stores_(stores), fetcher_(fetcher), settings_(settings), clock_(clock) {
  stores.endpoints.subscribe(
      [this](const api::InferenceEndpoint* before, const api::InferenceEndpoint* after) {
        if (after == nullptr) {
          increases_.erase(before->meta.uid);
        } else {
          due_.try_emplace(after->meta.name_space, clock_.monotonic());
        }
      });
}

Monotonic RouterReader::tick() {
  const Monotonic now = clock_.monotonic();
  Monotonic wake = Monotonic::max();
  for (auto at = due_.begin(); at != due_.end();) {
    auto& [name_space, due] = *at;
    if (now >= due) {
      if (stores_.endpoints.by(stores_.endpoints_by_namespace, name_space).empty()) {
        at = due_.erase(at);
        continue;
      }
      due = now + interval_in(name_space);
      forget_gone(name_space);
      ask(name_space);
    }
    wake = std::min(wake, due);
    ++at;
  }
  return wake;
}

Millis RouterReader::interval_in(const std::string& name_space) const {
  const auto endpoints = stores_.endpoints.by(stores_.endpoints_by_namespace, name_space);
  const bool follows = std::any_of(endpoints.begin(), endpoints.end(),
                                   [](const auto* one) { return api::is_scaled(*one); });
  return follows ? settings_.router.load_interval : settings_.router.count_interval;
}

std::set<std::string> RouterReader::routers_in(const std::string& name_space) const {
  std::set<std::string> routers;
  for (const translate::Pod* pod : stores_.pods.by(stores_.router_pods, name_space)) {
    if (takes_requests(*pod)) routers.insert(pod->meta.uid);
  }
  return routers;
}

void RouterReader::forget_gone(const std::string& name_space) {
  std::set<std::string> there;
  for (const translate::Pod* pod : stores_.pods.by(stores_.router_pods, name_space)) {
    there.insert(pod->meta.uid);
  }
  for (const auto* endpoint : stores_.endpoints.by(stores_.endpoints_by_namespace, name_space)) {
    increases_[endpoint->meta.uid].keep(there);
  }
}

void RouterReader::ask(const std::string& name_space) {
  const Monotonic now = clock_.monotonic();
  std::erase_if(left_alone_until_, [now](const auto& one) { return now >= one.second; });
  // Twice as many while a new version rolls out; more are not ours.
  int64_t left = 2 * settings_.router.replicas;
  for (const translate::Pod* pod : stores_.pods.by(stores_.router_pods, name_space)) {
    if (!takes_requests(*pod) || !kube::is_pod_address(pod->ip)) continue;
    const std::string uid = pod->meta.uid;
    if (left-- <= 0 || left_alone_until_.contains(uid)) continue;
    if (!asked_.insert(uid).second) continue;  // it is slow: its answer is awaited
    fetcher_.fetch(pod->ip, kRouterMetricsPort,
                   [this, name_space, uid](const Result<std::string>& page) {
                     answered(name_space, uid, page);
                   });
  }
}

void RouterReader::answered(const std::string& name_space, const std::string& router,
                            const Result<std::string>& page) {
  asked_.erase(router);
  if (!page) {
    left_alone_until_[router] = clock_.monotonic() + kLeftAlone;
    return;
  }
  const auto counted = parse_router_page(*page);
  for (const auto* endpoint : stores_.endpoints.by(stores_.endpoints_by_namespace, name_space)) {
    const auto found = counted.find(endpoint->meta.name);
    const EndpointCounters counters = found == counted.end() ? EndpointCounters{} : found->second;
    const Heard heard{
        .endpoint = *endpoint,
        .router = router,
        .counters = counters,
        .since_last = increases_[endpoint->meta.uid].since_last(router, counters.answers)};
    for (const auto& tell : heard_) tell(heard);
  }
}

}  // namespace berth::control
