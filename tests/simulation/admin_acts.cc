#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "api/placementpolicy.h"
#include "api/reservation.h"
#include "kube/request.h"
#include "tests/simulation/simulation.h"

// What administrators set: what is kept for whom, where work has to run, and what it is promised.
namespace berth::simulation {
namespace {

using std::chrono::seconds;

template <class K>
void create(Simulation& s, const kube::Resource& resource, const K& wanted) {
  Json object = api::to_json(wanted);
  object.erase("status");
  s.cluster.server.handle(kube::create(resource, object));
}

// What a merge has to say so that `before` becomes `after`: also what is no longer there.
Json merge_to(const Json& before, const Json& after) {
  Json patch = after;
  for (const auto& [key, value] : before.items()) {
    if (!after.contains(key)) {
      patch[key] = nullptr;
    } else if (value.is_object()) {
      patch[key] = merge_to(value, after.at(key));
    }
  }
  return patch;
}

template <class K>
void change_named(Simulation& s, const kube::Resource& resource, const std::string& name_space,
                  const std::string& name, const std::function<void(K&)>& change) {
  const Json* found = s.cluster.server.find(resource, name_space, name);
  if (found == nullptr) return;
  auto object = api::from_json<K>(*found);
  if (!object) return;
  change(*object);
  const Json spec = merge_to(found->at("spec"), api::to_json(*object).at("spec"));
  s.cluster.server.handle(kube::patch_merge(resource, name_space, name, {{"spec", spec}}));
}

// One of them as it is, changed; nothing if there is none.
template <class K>
void change_one(Simulation& s, const kube::Resource& resource, uint32_t draw,
                const std::function<void(K&)>& change) {
  const auto names = s.named(resource);
  if (names.empty()) return;
  const auto& [name_space, name] = names[draw % names.size()];
  change_named<K>(s, resource, name_space, name, change);
}

void delete_one(Simulation& s, const kube::Resource& resource, uint32_t draw) {
  const auto names = s.named(resource);
  if (names.empty()) return;
  const auto& [name_space, name] = names[draw % names.size()];
  s.cluster.server.handle(kube::remove(resource, name_space, name));
}

// ---- reservations ----

std::optional<api::Cell> drawn_cell(uint32_t draw, int64_t count) {
  if (draw % 3 == 0 && count % 4 == 0) return api::Cell{kRack, count / 4, 4};
  if (draw % 3 == 1) return api::Cell{kRack, 1, count};
  return std::nullopt;
}

// Soon, for a minute or two: the shortest that there is.
void reserve(Simulation& s, const Act& act) {
  const auto [shape, when, team] = act.draws;
  if (s.cluster.server.find(kube::kNamespaces, "", s.team(team)) == nullptr) return;
  api::Reservation wanted;
  wanted.meta.name = s.fresh_name("reserved-");
  wanted.meta.name_space = s.team(team);
  wanted.spec.device_class = integration::kH200;
  wanted.spec.count = 2 + shape % 7;
  wanted.spec.cell = drawn_cell(shape / 8, wanted.spec.count);
  wanted.spec.allow_backfill = shape / 24 % 2 == 0;
  wanted.spec.duration_seconds = 60 + when % 60;
  if (when / 60 % 4 != 0) wanted.spec.start = s.cluster.clock.now() + seconds(when / 240 % 40);
  if (wanted.spec.start && when / 9'600 % 8 == 0) wanted.spec.recurrence = api::Recurrence{};
  create(s, kube::kReservations, wanted);
}

void change_reservation(Simulation& s, const Act& act) {
  const auto [which, what, much] = act.draws;
  change_one<api::Reservation>(s, kube::kReservations, which,
                               [&, what = what, much = much](auto& one) {
                                 if (what % 4 == 0 && !one.spec.cell) one.spec.count = 1 + much % 8;
                                 if (what % 4 == 1) one.spec.duration_seconds = 60 + much % 60;
                                 if (what % 4 == 2)
                                   one.spec.start = s.cluster.clock.now() + seconds(much % 60);
                                 if (what % 4 == 3)
                                   one.spec.allow_backfill = !one.spec.allow_backfill;
                               });
}

void delete_reservation(Simulation& s, const Act& act) {
  delete_one(s, kube::kReservations, act.draws[0]);
}

// ---- policies ----

std::string drawn_rack(uint32_t draw) { return "rack-" + std::to_string(draw % kRacks); }

api::PlacementTerm drawn_term(uint32_t draw) {
  const std::string rack = drawn_rack(draw);
  switch (draw / kRacks % 5) {
    case 0: return {.node_label = api::NodeLabelTerm{kRack, api::Operator::NotIn, {rack}}};
    case 1: return {.domain = api::DomainTerm{kRack, api::Spread::Spread}};
    case 2: return {.domain = api::DomainTerm{kRack, api::Spread::Same}};
    default:
      std::vector<std::string> racks = {rack};
      if (drawn_rack(draw / 20) != rack) racks.push_back(drawn_rack(draw / 20));
      return {.node_label = api::NodeLabelTerm{kRack, api::Operator::In, racks}};
  }
}

void draw_policy(Simulation& s, const Act& act, api::PlacementPolicySpec& spec) {
  const auto [terms, whom, how] = act.draws;
  spec.priority = how % 3;
  spec.mode = how / 3 % 5 == 0 ? api::PolicyMode::Shadow : api::PolicyMode::Enforce;
  spec.match = {};
  if (whom % 3 == 0) spec.match.namespaces = {s.team(whom / 3)};
  if (whom % 3 == 1) spec.match.tiers = {kTiers[whom / 3 % kTiers.size()]};
  spec.require.clear();
  spec.prefer.clear();
  if (how / 15 % 4 != 0) spec.require = {drawn_term(terms)};
  if (spec.require.empty() || how / 60 % 2 == 0) {
    spec.prefer = {{.term = drawn_term(terms / 400), .weight = 1 + how % 10}};
  }
}

void apply_policy(Simulation& s, const Act& act) {
  api::PlacementPolicy wanted;
  wanted.meta.name = s.fresh_name("policy-");
  draw_policy(s, act, wanted.spec);
  create(s, kube::kPlacementPolicies, wanted);
}

void change_policy(Simulation& s, const Act& act) {
  change_one<api::PlacementPolicy>(s, kube::kPlacementPolicies, act.draws[1],
                                   [&](auto& one) { draw_policy(s, act, one.spec); });
}

void delete_policy(Simulation& s, const Act& act) {
  delete_one(s, kube::kPlacementPolicies, act.draws[0]);
}

// ---- tiers ----

void install_tiers(Simulation& s, const Act&) { s.install_tiers(); }

void change_tier(Simulation& s, const Act& act) {
  const auto [which, what, much] = act.draws;
  change_one<api::SlaTier>(s, kube::kSlaTiers, which, [what = what, much = much](auto& one) {
    if (what % 3 == 0) one.spec.preemptible = !one.spec.preemptible;
    if (what % 3 == 1) one.spec.device_time_percent = much % 101;
    if (what % 3 == 2) one.spec.max_queue_seconds = 1 + much % 20;
  });
}

void delete_tier(Simulation& s, const Act& act) { delete_one(s, kube::kSlaTiers, act.draws[0]); }

// A tenant may ask for some of the tiers, or for all.
void offer_tiers(Simulation& s, const Act& act) {
  change_named<api::Quota>(s, kube::kQuotas, "", s.team(act.draws[0]), [&](auto& one) {
    one.spec.tiers.clear();
    for (size_t i = 0; i < kTiers.size(); ++i) {
      if ((act.draws[1] >> i & 1U) != 0) one.spec.tiers.emplace_back(kTiers[i]);
    }
  });
}

}  // namespace

std::vector<ActKind> admin_acts() {
  return {{"reserve", false, 3, reserve},
          {"change_reservation", false, 1, change_reservation},
          {"delete_reservation", false, 1, delete_reservation},
          {"apply_policy", false, 3, apply_policy},
          {"change_policy", false, 1, change_policy},
          {"delete_policy", false, 1, delete_policy},
          {"install_tiers", false, 3, install_tiers},
          {"change_tier", true, 1, change_tier},
          {"delete_tier", true, 1, delete_tier},
          {"offer_tiers", false, 1, offer_tiers}};
}

}  // namespace berth::simulation
