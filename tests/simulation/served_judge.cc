#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "kube/request.h"
#include "tests/simulation/served.h"
#include "translate/read_json.h"

// What an operator may do to replicas while users, faults and other work go on.
namespace berth::simulation {
namespace {

using std::chrono::seconds;
using translate::object_at;
using translate::text_at;

// By when everybody has heard of a change, and what was decided before it is written: a pause, or a
// server that is down for 40 s, and then some.
constexpr Millis kHeard = seconds(75);
constexpr Millis kAMoment = seconds(10);  // in which a request that failed is sent again
constexpr Millis kKnown = seconds(15);    // by when who leads has heard that a replica serves
constexpr Millis kUnderWay = seconds(2);  // from a decision until it is written
constexpr Millis kSurgePatience = seconds(30);
constexpr Millis kSilence = seconds(14);  // a little less than what makes another stand in

}  // namespace

bool Served::is_recent(std::optional<Monotonic> at) const {
  return at && clock_.monotonic() - *at < kHeard;
}

// The least and the most of late.
Served::Bounds Served::bounds_of(const Endpoint& endpoint) const {
  Bounds all = endpoint.bounds.back();
  for (size_t i = endpoint.bounds.size() - 1; i > 0; --i) {
    if (!is_recent(endpoint.bounds[i].since)) break;
    all.least = std::min(all.least, endpoint.bounds[i - 1].least);
    all.most = std::max(all.most, endpoint.bounds[i - 1].most);
  }
  return all;
}

// How many more there may be: while some take the place of others, or stand in for silent ones.
int64_t Served::surge_of(const std::string& uid, int64_t most) {
  const Monotonic now = clock_.monotonic();
  std::set<std::string> revisions;
  bool is_stood_in_for = false;
  for (auto& [of, replica] : replicas_) {
    if (replica.endpoint != uid) continue;
    revisions.insert(replica.revision);
    if (replica.silent_since && now - *replica.silent_since >= kSilence) replica.stood_in_for = now;
    is_stood_in_for = is_stood_in_for || is_recent(replica.stood_in_for);
  }
  return revisions.size() > 1 || is_stood_in_for ? std::max<int64_t>(1, most / 4) : 0;
}

// What is made may arrive before what it replaces is asked to go.
void Served::check_bound(const std::string& uid) {
  const auto endpoint = endpoints_.find(uid);
  if (endpoint == endpoints_.end()) return;  // its garbage is collected later
  const Monotonic now = clock_.monotonic();
  const auto there = std::count_if(replicas_.begin(), replicas_.end(), [&](const auto& one) {
    return one.second.endpoint == uid && !one.second.is_gone;
  });
  const int64_t most = bounds_of(endpoint->second).most;
  const int64_t surge = surge_of(uid, most);
  const auto late =
      std::count_if(late_.begin(), late_.end(), [&](Monotonic at) { return is_recent(at); });
  if (there <= most + surge + late) {
    endpoint->second.too_many_since.reset();
    return;
  }
  if (!endpoint->second.too_many_since) endpoint->second.too_many_since = now;
  if (now - std::max(*endpoint->second.too_many_since, led_since_) < kAMoment) return;
  broke_("replicas_bounded", "endpoint " + title_of(endpoint->second.name) + " has " +
                                 std::to_string(there) + " replicas of " + std::to_string(most) +
                                 " and " + std::to_string(surge));
}

// The replica that the request would delete; null for others.
Served::Replica* Served::asked_for(const kube::Request& request) {
  if (request.method != kube::Method::Delete) return nullptr;
  for (auto& [uid, replica] : replicas_) {
    const std::string tail =
        "/namespaces/" + replica.name.first + "/gpujobs/" + replica.name.second;
    if (!request.path.ends_with(tail)) continue;
    const Json body = request.body.empty() ? Json::object() : Json::parse(request.body);
    const std::string wanted = text_at(object_at(body, "preconditions"), "uid");
    return wanted.empty() || wanted == uid ? &replica : nullptr;
  }
  return nullptr;
}

void Served::asked(const kube::Request& request) {
  Replica* replica = asked_for(request);
  if (replica == nullptr) return;
  const bool is_known = clock_.monotonic() - replica->serving_since >= kKnown;
  if (!replica->is_gone && replica->is_serving && is_known) check_kept(*replica);
  replica->is_gone = replica->is_asked = true;
}

void Served::arrived_late(const kube::Request& request) {
  late_.push_back(clock_.monotonic());
  Replica* replica = asked_for(request);
  if (replica != nullptr) replica->is_gone = replica->is_asked = true;
}

// As far as an operator may know that asks another one to go.
bool Served::may_serve(const Replica& replica) const {
  if (replica.is_asked) return false;
  if (replica.over_since && clock_.monotonic() - *replica.over_since >= kKnown) return false;
  return replica.is_serving || is_recent(replica.served_at);
}

// For so long that another may give it its own, which is of no use to who may not start. It may
// have found one while that was decided.
bool Served::lacks_a_place(const Replica& replica) const {
  if (replica.is_gone || replica.is_suspended) return false;
  const Monotonic now = clock_.monotonic();
  if (replica.is_placed && now - replica.placed_since >= kUnderWay) return false;
  const Millis waits =
      std::max(now - replica.waits_since, Millis(clock_.now() - replica.waits_from));
  return waits >= kSurgePatience - kUnderWay;
}

// A replica that serves goes only where enough others do, or gives its place to a newer one.
void Served::check_kept(const Replica& going) const {
  const auto endpoint = endpoints_.find(going.endpoint);
  if (endpoint == endpoints_.end() || endpoint->second.is_leaving) return;
  int64_t others = 0;
  for (const auto& [uid, replica] : replicas_) {
    if (&replica == &going || replica.endpoint != going.endpoint) continue;
    if (replica.revision != going.revision && lacks_a_place(replica)) return;
    others += may_serve(replica) ? 1 : 0;
  }
  if (const auto gone = vanished_.find(going.endpoint); gone != vanished_.end()) {
    others += std::count_if(gone->second.begin(), gone->second.end(),
                            [&](Monotonic at) { return is_recent(at); });
  }
  const int64_t least = bounds_of(endpoint->second).least;
  if (others >= least) return;
  broke_("serving_kept", "replica " + title_of(going.name) +
                             " serves and is deleted, which leaves " + std::to_string(others) +
                             " of at least " + std::to_string(least));
}

}  // namespace berth::simulation
