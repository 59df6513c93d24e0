#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/request.h"
#include "tests/integration/invariants.h"
#include "tests/simulation/simulation.h"
#include "translate/read_json.h"

// The end of a run: everybody behaves, so that what is left has to come to its end.
namespace berth::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using translate::object_at;
using translate::text_at;

constexpr Millis kCalm = seconds(5);
constexpr Millis kMostCalm = minutes(60);      // until everything that can run has run
constexpr Millis kMostSettling = minutes(15);  // until every endpoint is as it should be
constexpr Millis kMostFalling = minutes(10);   // until those that may sleep do
constexpr Millis kMostWaking = seconds(60);    // until the first replica serves
constexpr Millis kRest = seconds(60);          // in which nothing turns
constexpr int kRests = 3;                  // their number may still follow the load in the first
constexpr size_t kWritesAtRest = 40;       // per endpoint, of its figures and cost
constexpr size_t kChangesPerAct = 400;     // more is a hot loop,
constexpr size_t kChangesAtLeast = 5'000;  // where nobody does anything, a cluster does some
constexpr int64_t kSteady = 6;             // requests in flight: of two replicas

}  // namespace

void Simulation::calm_down() {
  cease();
  cluster.pass(kCalm);  // what is promised holds for what comes now, too
  lift_all_bounds();
  behave();
  const auto is_over = [&] {
    give_up_reservations();
    return checker_.unfinished().empty();
  };
  // What an endpoint holds it may hold for ever: who wants that comes after it.
  const bool is_over_beside = until(is_over, kMostCalm);
  if (!served_.endpoints().empty()) settle_endpoints();
  if (!is_over_beside && !until(is_over, kMostCalm)) {
    for (const auto& [team, name] : checker_.unfinished()) {
      cluster.in(team);
      checker_.broke("progress",
                     team + "/" + name + " did not end: " + cluster.said(name, "Admitted"));
    }
  }
  check_quiet();
}

void Simulation::cease() {
  while (!timers_.empty()) timers_.extract(timers_.begin()).mapped()();
  crashes_.clear();
  setting_.fence_late = Millis{0};
  for (integration::Process* process : cluster.operators()) {
    if (!process->runs()) continue;
    process->paused = false;
    process->transport->clear_faults();
    process->transport->stall_streams(false);
  }
  scheduler_->line().clear_faults();
  scheduler_->line().stall_streams(false);
  routers.behave();
  while (running(0) == nullptr) start_operator();
}

bool Simulation::is_hot() const {
  return changes_ > std::max(kChangesAtLeast, kChangesPerAct * (changes_of_users + 1));
}

// Operators end when they are superseded. What never comes to rest is not waited for.
bool Simulation::until(const std::function<bool()>& holds, Millis most) {
  return cluster.until(
      [&] {
        if (running(0) == nullptr) start_operator();
        return is_hot() || holds();
      },
      most);
}

// Work ends soon, replicas start soon and serve from then on.
void Simulation::behave() {
  for (const auto& [team, name] : named(kube::kPods)) {
    if (name.starts_with("pod-")) cluster.in(team).delete_pod(name);
  }
  for (const auto& [team, name] : named(kube::kGpuJobs)) {
    cluster.in(team);
    const Json& spec = object_at(*cluster.server.find(kube::kGpuJobs, team, name), "spec");
    if (spec.contains("replica")) {
      cluster.behaves(text_at(object_at(spec, "worker"), "image"), {.loads = seconds(1)});
    } else {
      cluster.behaves(name, {.runs = seconds(2)});
    }
    if (cluster.is_finished(name)) continue;
    cluster.change_job(name, [](auto& job) { job.spec.suspend = false; });
  }
  for (const auto& name : served_.endpoints()) {
    const Json* endpoint = cluster.server.find(kube::kInferenceEndpoints, name.first, name.second);
    const Json& worker = object_at(object_at(*endpoint, "spec"), "worker");
    cluster.behaves(text_at(worker, "image"), {.loads = seconds(1)});
    routers.carry(name, {.in_flight = kSteady});
  }
}

// ---- endpoints ----

// They hold their devices for ever, beside which everything else has room (endpoint_acts.cc). So
// they stay until they are as they should be, then some go to sleep and wake up, and then all go.
void Simulation::settle_endpoints() {
  const auto is_settled = [&] {
    return served_.unsettled().empty() && served_.left_over().empty();
  };
  if (!until(is_settled, kMostSettling)) {
    for (const std::string& why : served_.unsettled()) checker_.broke("settled", why);
  }
  for (const std::string& what : served_.left_over()) checker_.broke("owned_replicas", what);
  rest_endpoints();
  sleep_endpoints();
  delete_endpoints();
}

void Simulation::rest_endpoints() {
  const size_t most = kWritesAtRest * served_.endpoints().size();
  size_t writes = most + 1;
  for (int rest = 0; rest < kRests && writes > most; ++rest) {
    const size_t before = served_.writes();
    cluster.pass(kRest);
    writes = served_.writes() - before;
  }
  if (writes > most) {
    checker_.broke("no_hot_loop",
                   std::to_string(writes) + " writes of endpoints that are as they should be");
  }
  for (const std::string& rule : integration::broken_when_quiet(cluster.server)) {
    checker_.broke("exact_when_quiet", rule + ", beside endpoints");
  }
}

void Simulation::sleep_endpoints() {
  std::vector<Served::Name> may_sleep;
  for (const auto& name : served_.endpoints()) {
    routers.carry(name, {});
    if (served_.may_sleep(name)) may_sleep.push_back(name);
  }
  const auto sleeps = [&](const Served::Name& name) { return served_.serving(name) == 0; };
  const auto all_sleep = [&] {
    return std::all_of(may_sleep.begin(), may_sleep.end(), sleeps) && served_.unsettled().empty();
  };
  if (!until(all_sleep, kMostFalling)) {
    for (const auto& name : may_sleep) {
      if (!sleeps(name)) checker_.broke("sleeps", name.second + " serves and nobody asks");
    }
    for (const std::string& why : served_.unsettled()) {
      checker_.broke("sleeps", why + ", and nobody asks");
    }
  }
  wake_endpoints(may_sleep);
}

void Simulation::wake_endpoints(const std::vector<Served::Name>& asleep) {
  for (const auto& name : asleep) routers.carry(name, {.in_flight = 1});
  const auto serves = [&](const Served::Name& name) { return served_.serving(name) > 0; };
  if (until([&] { return std::all_of(asleep.begin(), asleep.end(), serves); }, kMostWaking)) {
    return;
  }
  for (const auto& name : asleep) {
    if (!serves(name)) checker_.broke("wakes", name.second + " sleeps and is asked for");
  }
}

void Simulation::delete_endpoints() {
  for (const auto& [team, name] : served_.endpoints()) {
    cluster.in(team).remove(kube::kInferenceEndpoints, name);
  }
  if (until([&] { return served_.left_over().empty(); }, minutes(5))) return;
  for (const std::string& what : served_.left_over()) checker_.broke("owned_replicas", what);
}

// ---- the rest ----

// What could keep work waiting for ever.
void Simulation::lift_all_bounds() {
  for (const char* name : kTeams) {
    if (cluster.server.find(kube::kQuotas, "", name) == nullptr) continue;
    cluster.change_quota(name, [](auto& quota) { quota.spec.limits.front().guaranteed = 8; });
    cluster.server.handle(
        kube::patch_merge(kube::kQuotas, "", name, {{"spec", {{"tiers", nullptr}}}}));
  }
  const auto jobs = cluster.server.list(kube::kGpuJobs);
  const bool names_a_tier = std::any_of(jobs.begin(), jobs.end(), [](const Json* job) {
    return !text_at(object_at(*job, "spec"), "tier").empty();
  });
  if (names_a_tier || !named(kube::kSlaTiers).empty()) install_tiers();
  for (const auto& [none, name] : named(kube::kPlacementPolicies)) {
    cluster.remove(kube::kPlacementPolicies, name);
  }
  for (const auto& [team, name] : named(kube::kReservations)) {
    cluster.in(team).remove(kube::kReservations, name);
  }
}

// Who waits for a Reservation waits for one that is gone.
void Simulation::give_up_reservations() {
  for (const auto& [team, name] : checker_.unfinished()) {
    const Json& job = *cluster.server.find(kube::kGpuJobs, team, name);
    const bool is_user = object_at(job, "spec").contains("reservation");
    if (is_user && !object_at(job, "status").contains("placement"))
      cluster.in(team).delete_job(name);
  }
}

void Simulation::check_quiet() {
  until([&] { return integration::broken_when_quiet(cluster.server).empty(); }, seconds(60));
  for (const std::string& rule : integration::broken_when_quiet(cluster.server)) {
    checker_.broke("exact_when_quiet", rule);
  }
  if (is_hot()) {
    checker_.broke("no_hot_loop", std::to_string(changes_) + " changes followed from " +
                                      std::to_string(changes_of_users));
  }
  cluster.replay_decisions();
}

}  // namespace berth::simulation
