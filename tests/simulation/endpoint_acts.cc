#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "api/inferenceendpoint.h"
#include "json/describe.h"
#include "kube/request.h"
#include "tests/simulation/simulation.h"
#include "translate/read_json.h"

// What people do with models that are served, and how replicas fail.
namespace berth::simulation {
namespace {

using std::chrono::seconds;
using translate::object_at;
using translate::text_at;

constexpr size_t kEndpoints = 3;
// Of all of them: within one tenant's guarantee, and a gang finds nodes beside them.
constexpr int64_t kReplicas = 8;

int64_t most_of(const Json& endpoint) {
  return object_at(object_at(endpoint, "spec"), "scaling").value("maxReplicas", int64_t{1});
}

// How many more replicas there may be, if this endpoint had none.
int64_t room_beside(Simulation& s, const std::string& name) {
  int64_t room = kReplicas;
  for (const Json* one : s.cluster.server.list(kube::kInferenceEndpoints)) {
    if (text_at(object_at(*one, "metadata"), "name") != name) room -= most_of(*one);
  }
  return std::clamp<int64_t>(room, 1, 4);
}

// An image whose replicas do as drawn: most serve after some seconds, some never will.
std::string draw_image(Simulation& s, uint32_t draw) {
  const std::string number = s.fresh_name("");
  const std::string image = "example/serve@sha256:" + std::string(64 - number.size(), '0') + number;
  const std::vector<int> again_and_again(10, 1);
  const integration::Behaviour kinds[] = {
      {.loads = Millis{500 + draw / 16 % 4'000}},
      {.loads = Millis{100}},
      {.loads = seconds(2)},
      {.loads = seconds(8 + draw / 16 % 16)},
      {.loads = seconds(90), .runs = seconds(1 + draw / 16 % 3), .exits = again_and_again},
      {.loads = seconds(90), .runs = seconds(1), .exits = {64}},       // not this digest
      {.loads = seconds(1), .runs = seconds(6), .exits = {137, 137}},  // no memory left
      {.loads = seconds(3'600)}};
  const uint32_t which = draw % 16;
  s.cluster.behaves(image, kinds[which < 8 ? which : which % 3]);
  return image;
}

api::Slo draw_promise(uint32_t draw) {
  api::Slo slo{.availability_basis_points = 9900};
  if (draw % 2 == 0) slo.latency = api::LatencyObjective{.milliseconds = 50, .basis_points = 9000};
  return slo;
}

void serve(Simulation& s, const Act& act) {
  const auto [shape, life, team] = act.draws;
  if (s.cluster.server.list(kube::kInferenceEndpoints).size() >= kEndpoints) return;
  api::InferenceEndpoint one;
  one.meta.name = s.fresh_name("model-");
  one.meta.name_space = s.team(team);
  one.spec.priority = life / 6 % 3;
  one.spec.model.uri = "pvc://models/digits";
  one.spec.worker.image = draw_image(s, 16 * (life / 64) + life / 64 % 3);
  one.spec.worker.devices = {{.device_class = integration::kH200, .count = 1}};
  one.spec.worker.start_timeout_seconds = 20;
  const auto tiers = s.named(kube::kSlaTiers);
  if (!tiers.empty() && team / 3 % 2 == 0) one.spec.tier = tiers[team / 6 % tiers.size()].second;
  api::Scaling& scaling = one.spec.scaling;
  scaling.max_replicas = 1 + shape % room_beside(s, one.meta.name);
  scaling.min_replicas = shape / 4 % (scaling.max_replicas + 1);
  if (shape / 7 % 4 != 0) scaling.concurrency_per_replica = 4;
  scaling.stable_window_seconds = 10;
  scaling.panic_window_seconds = 2;
  scaling.scale_down_delay_seconds = 10;
  if (life % 3 != 0) scaling.preemptible_above_replicas = life / 3 % (scaling.max_replicas + 1);
  if (shape / 20 % 2 == 0) one.spec.slo = draw_promise(shape / 40);
  Json object = api::to_json(one);
  object.erase("status");
  s.cluster.server.handle(kube::create(kube::kInferenceEndpoints, object));
  s.routers.carry({one.meta.name_space, one.meta.name},
                  {.in_flight = shape / 80 % 20, .errors_percent = 0, .late_percent = 0});
}

// One that is not being deleted: its namespace and name.
std::optional<Routers::Name> one_endpoint(Simulation& s, uint32_t draw) {
  const auto names = s.named(kube::kInferenceEndpoints);
  if (names.empty()) return std::nullopt;
  return names[draw % names.size()];
}

// What the server refuses stays as it is.
void change_endpoint(Simulation& s, uint32_t draw, const Json& spec) {
  const auto name = one_endpoint(s, draw);
  if (!name) return;
  s.cluster.server.handle(
      kube::patch_merge(kube::kInferenceEndpoints, name->first, name->second, {{"spec", spec}}));
}

void new_version(Simulation& s, const Act& act) {
  if (!one_endpoint(s, act.draws[0])) return;
  change_endpoint(s, act.draws[0], {{"worker", {{"image", draw_image(s, act.draws[1])}}}});
}

void other_settings(Simulation& s, const Act& act) {
  const uint32_t much = act.draws[2];
  const Json promise = encode(draw_promise(much));
  const Json changes[] = {{{"worker", {{"maxBatchSize", 1 + much % 64}}}},
                          {{"priority", much % 5}},
                          {{"scaling", {{"preemptibleAboveReplicas", much % 4}}}},
                          {{"slo", promise}},
                          {{"slo", nullptr}}};
  change_endpoint(s, act.draws[0], changes[act.draws[1] % 5]);
}

void scale_endpoint(Simulation& s, const Act& act) {
  const auto name = one_endpoint(s, act.draws[0]);
  if (!name) return;
  const int64_t most = 1 + act.draws[1] % room_beside(s, name->second);
  change_endpoint(
      s, act.draws[0],
      {{"scaling", {{"maxReplicas", most}, {"minReplicas", act.draws[2] % (most + 1)}}}});
}

void suspend_endpoint(Simulation& s, const Act& act) {
  change_endpoint(s, act.draws[0], {{"suspend", true}});
}
void resume_endpoint(Simulation& s, const Act& act) {
  change_endpoint(s, act.draws[0], {{"suspend", false}});
}

void take_away(Simulation& s, const kube::Resource& resource,
               const std::optional<Routers::Name>& name) {
  if (name) s.cluster.server.handle(kube::remove(resource, name->first, name->second));
}

void delete_endpoint(Simulation& s, const Act& act) {
  take_away(s, kube::kInferenceEndpoints, one_endpoint(s, act.draws[0]));
}

// Made again at once under its name, with what was there of it still going.
void recreate_endpoint(Simulation& s, const Act& act) {
  const auto name = one_endpoint(s, act.draws[0]);
  if (!name) return;
  Json again = *s.cluster.server.find(kube::kInferenceEndpoints, name->first, name->second);
  again["metadata"] = {{"namespace", name->first}, {"name", name->second}};
  again.erase("status");
  take_away(s, kube::kInferenceEndpoints, name);
  s.later(Millis{act.draws[1] % 3'000},
          [&s, again] { s.cluster.server.handle(kube::create(kube::kInferenceEndpoints, again)); });
}

// ---- replicas ----

// Of those that serve an endpoint, by the label that replicas and their pods have.
std::optional<Routers::Name> one_of_replicas(Simulation& s, const kube::Resource& resource,
                                             uint32_t draw) {
  std::vector<Routers::Name> names;
  for (const Json* object : s.cluster.server.list(resource)) {
    const Json& meta = object_at(*object, "metadata");
    if (!object_at(meta, "labels").contains("berth.dev/endpoint")) continue;
    names.emplace_back(text_at(meta, "namespace"), text_at(meta, "name"));
  }
  if (names.empty()) return std::nullopt;
  return names[draw % names.size()];
}

void delete_replica(Simulation& s, const Act& act) {
  take_away(s, kube::kGpuJobs, one_of_replicas(s, kube::kGpuJobs, act.draws[0]));
}

template <int kExitCode>
void replica_ends(Simulation& s, const Act& act) {
  const auto pod = one_of_replicas(s, kube::kPods, act.draws[0]);
  if (pod) s.cluster.in(pod->first).finish(pod->second, kExitCode);
}

// Those of one image that are not ready yet take so much longer, for a while.
void slow_loads(Simulation& s, const Act& act) {
  const auto name = one_endpoint(s, act.draws[0]);
  if (!name) return;
  const Json& object = *s.cluster.server.find(kube::kInferenceEndpoints, name->first, name->second);
  const std::string image = text_at(object_at(object_at(object, "spec"), "worker"), "image");
  s.cluster.behaves(image, {.loads = seconds(10 + act.draws[1] % 60)});
  s.later(seconds(20), [&s, image] { s.cluster.behaves(image, {.loads = seconds(1)}); });
}

void delete_service(Simulation& s, const Act& act) {
  take_away(s, kube::kServices, one_endpoint(s, act.draws[0]));
}

}  // namespace

std::vector<ActKind> endpoint_acts() {
  return {{"serve", false, 0, serve, true},
          {"new_version", false, 4, new_version, true},
          {"other_settings", false, 2, other_settings, true},
          {"scale_endpoint", false, 4, scale_endpoint, true},
          {"suspend_endpoint", false, 1, suspend_endpoint, true},
          {"resume_endpoint", false, 2, resume_endpoint, true},
          {"delete_endpoint", false, 1, delete_endpoint, true},
          {"recreate_endpoint", true, 1, recreate_endpoint, true},
          {"delete_replica", true, 2, delete_replica, true},
          {"delete_service", true, 1, delete_service, true},
          {"replica_ends", true, 1, replica_ends<0>, true},
          {"replica_crashes", true, 2, replica_ends<1>, true},
          {"replica_out_of_memory", true, 2, replica_ends<137>, true},
          {"replica_misconfigured", true, 2, replica_ends<64>, true},
          {"replicas_load_slowly", true, 2, slow_loads, true}};
}

}  // namespace berth::simulation
