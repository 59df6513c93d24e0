#include "kube/request.h"
#include "operator/world/settings.h"
#include "tests/simulation/simulation.h"

// What becomes of routers, and what callers ask of them.
namespace berth::simulation {
namespace {

Millis until_it_passes(uint32_t draw) { return Millis{2'000 + draw % 40'000}; }

void unreachable(Simulation& s, const Act& act) {
  const auto router = s.routers.one(act.draws[0]);
  if (!router) return;
  s.routers.answers(*router, false);
  s.later(until_it_passes(act.draws[1]), [&s, router] { s.routers.answers(*router, true); });
}

void restarts(Simulation& s, const Act& act) {
  if (const auto router = s.routers.one(act.draws[0])) s.routers.restart(*router);
}

void page_cut(Simulation& s, const Act& act) {
  const auto router = s.routers.one(act.draws[0]);
  if (!router) return;
  s.routers.cut_page(*router, 1 + act.draws[2] % 1'000);
  s.later(until_it_passes(act.draws[1]), [&s, router] { s.routers.cut_page(*router, 0); });
}

void page_spoilt(Simulation& s, const Act& act) {
  const auto router = s.routers.one(act.draws[0]);
  if (!router) return;
  s.routers.spoil_page(*router, 1 + act.draws[2] % 1'000);
  s.later(until_it_passes(act.draws[1]), [&s, router] { s.routers.spoil_page(*router, 0); });
}

void clock_ahead_of(Simulation& s, const Act& act) {
  const auto router = s.routers.one(act.draws[0]);
  if (router) s.routers.step_clock(*router, Millis{act.draws[1] % 60'000});
}
void clock_behind(Simulation& s, const Act& act) {
  const auto router = s.routers.one(act.draws[0]);
  if (router) s.routers.step_clock(*router, -Millis{act.draws[1] % 60'000});
}

void delete_router(Simulation& s, const Act& act) {
  const std::string team = s.team(act.draws[0]);
  s.cluster.server.handle(kube::remove(kube::kDeployments, team, control::kRouterName));
}

// One endpoint is asked for that much from now on.
void change_load(Simulation& s, uint32_t draw, const std::function<void(Load&)>& change) {
  const auto names = s.named(kube::kInferenceEndpoints);
  if (names.empty()) return;
  const auto& name = names[draw % names.size()];
  Load load = s.routers.load(name);
  change(load);
  s.routers.carry(name, load);
}

void load_changes(Simulation& s, const Act& act) {
  change_load(s, act.draws[0], [&](Load& load) { load.in_flight = act.draws[1] % 20; });
}
void load_goes(Simulation& s, const Act& act) {
  change_load(s, act.draws[0], [](Load& load) { load.in_flight = 0; });
}
void load_spike(Simulation& s, const Act& act) {
  change_load(s, act.draws[0], [&](Load& load) { load.in_flight = 100 + act.draws[1] % 5'000; });
}
void answers_badly(Simulation& s, const Act& act) {
  change_load(s, act.draws[0], [&](Load& load) {
    load.errors_percent = act.draws[1] % 60;
    load.late_percent = act.draws[2] % 60;
  });
}

}  // namespace

std::vector<ActKind> router_acts() {
  return {{"load_changes", false, 4, load_changes, true},
          {"load_goes", false, 3, load_goes, true},
          {"load_spike", true, 2, load_spike, true},
          {"answers_badly", true, 2, answers_badly, true},
          {"router_unreachable", true, 3, unreachable, true},
          {"router_restarts", true, 2, restarts, true},
          {"router_page_cut", true, 2, page_cut, true},
          {"router_page_spoilt", true, 2, page_spoilt, true},
          {"router_clock_ahead", true, 1, clock_ahead_of, true},
          {"router_clock_behind", true, 1, clock_behind, true},
          {"router_deleted", true, 2, delete_router, true}};
}

}  // namespace berth::simulation
