#include <nlohmann/json.hpp>

#include "kube/request.h"
#include "tests/simulation/simulation.h"
#include "translate/read_json.h"

// What people do: some of it is work, some of it gets in the way.
namespace berth::simulation {
namespace {

using std::chrono::seconds;

// One of those in the namespace, or none.
std::string drawn(const std::vector<std::pair<std::string, std::string>>& all,
                  const std::string& name_space, uint32_t draw) {
  std::vector<std::string> names = {""};
  for (const auto& [of, name] : all) {
    if (of == name_space) names.push_back(name);
  }
  return names[draw % names.size()];
}

void submit(Simulation& s, const Act& act) {
  const auto [shape, life, team] = act.draws;
  const std::string name = s.fresh_name("job-");
  s.cluster.in(s.team(team));
  if (s.cluster.server.find(kube::kNamespaces, "", s.team(team)) == nullptr) return;
  s.cluster.job(name, 1 + shape % 3, 1 + shape / 3 % 2,
                [&, shape = shape, life = life, team = team](auto& job) {
                  job.spec.priority = shape / 6 % 3;
                  if (shape / 18 % 4 == 0) {
                    job.spec.workers.min = 1;
                    job.spec.checkpoint = api::Checkpoint{.uri = "pvc://checkpoints/" + name};
                  }
                  job.spec.tier = drawn(s.named(kube::kSlaTiers), "", life / 128);
                  job.spec.reservation =
                      drawn(s.named(kube::kReservations), s.team(team), team / 3);
                });
  const int exit_code = life / 32 % 4 == 0 ? 1 : 0;
  s.cluster.behaves(name, {.runs = seconds(1 + life % 32), .exits = {exit_code}});
}

void change_one_job(Simulation& s, uint32_t draw, const integration::Cluster::JobChange& change) {
  const auto name = s.one_of(kube::kGpuJobs, draw);
  if (name) s.cluster.change_job(*name, change);
}

void suspend(Simulation& s, const Act& act) {
  change_one_job(s, act.draws[0], [](auto& job) { job.spec.suspend = true; });
}

void resume(Simulation& s, const Act& act) {
  change_one_job(s, act.draws[0], [](auto& job) { job.spec.suspend = false; });
}

void change_priority(Simulation& s, const Act& act) {
  change_one_job(s, act.draws[0], [&](auto& job) { job.spec.priority = act.draws[1] % 5; });
}

void change_workers(Simulation& s, const Act& act) {
  change_one_job(s, act.draws[0], [&](auto& job) {
    if (job.spec.checkpoint) job.spec.workers.max = job.spec.workers.min + act.draws[1] % 3;
  });
}

void delete_job(Simulation& s, const Act& act) {
  if (const auto name = s.one_of(kube::kGpuJobs, act.draws[0])) s.cluster.delete_job(*name);
}

void delete_pod(Simulation& s, const Act& act) {
  if (const auto name = s.one_of(kube::kPods, act.draws[0])) s.cluster.delete_pod(*name);
}

// At once, as with --force: its worker may live on, which nobody can know.
void force_delete_pod(Simulation& s, const Act& act) {
  const auto name = s.one_of(kube::kPods, act.draws[0]);
  if (!name) return;
  for (const auto& [team, pod] : s.named(kube::kPods)) {
    if (pod != *name) continue;
    s.cluster.server.handle(kube::remove(kube::kPods, team, pod, {.grace_seconds = 0}));
    return;
  }
}

// Deleted and created anew under the same name: another object in all but that.
void recreate_job(Simulation& s, const Act& act) {
  const auto name = s.one_of(kube::kGpuJobs, act.draws[0]);
  if (!name) return;
  s.cluster.delete_job(*name).now();
  if (s.cluster.has_job(*name)) return;
  s.cluster.job(*name, 1 + act.draws[1] % 2).behaves(*name, {.runs = seconds(5)});
}

void change_quota(Simulation& s, const Act& act, int64_t guaranteed) {
  const std::string name = s.team(act.draws[0]);
  if (s.cluster.server.find(kube::kQuotas, "", name) == nullptr) return;
  s.cluster.change_quota(name,
                         [&](auto& quota) { quota.spec.limits.front().guaranteed = guaranteed; });
}

void lower_quota(Simulation& s, const Act& act) { change_quota(s, act, act.draws[1] % 3); }
void raise_quota(Simulation& s, const Act& act) { change_quota(s, act, 8 + act.draws[1] % 4); }

void foreign_pod(Simulation& s, const Act& act) {
  s.cluster.in(s.team(act.draws[0]));
  s.cluster.gated_pod(s.fresh_name("pod-"), 1 + act.draws[1] % 2);
}

void foreign_group(Simulation& s, const Act& act) {
  s.cluster.in(s.team(act.draws[0]));
  const std::string group = s.fresh_name("group-");
  const int64_t size = 2 + act.draws[1] % 2;
  for (int64_t i = 0; i < size; ++i) s.cluster.gated_pod(s.fresh_name("pod-"), 1, group, size);
}

// A pod of nobody's past every policy: a static pod, or one older than the Quota.
void exempt_pod(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  s.cluster.in("default");
  const std::string name = s.fresh_name("pod-");
  const Json amounts = {{"nvidia.com/gpu", "1"}};
  const Json wants = {
      {"spec", {{"containers", {{{"name", "main"}, {"resources", {{"requests", amounts}}}}}}}}};
  if (s.cluster.has_room_for(wants, node)) s.cluster.foreign_pod(name, node, 1);
}

// Stored by an older schema: nothing of it is as it should be.
void invalid_object(Simulation& s, const Act& act) {
  s.cluster.server.validate_with(kube::kGpuJobs, {});
  s.cluster.server.handle(kube::create(
      kube::kGpuJobs,
      {{"metadata", {{"name", s.fresh_name("odd-")}, {"namespace", s.team(act.draws[0])}}},
       {"spec", {{"workers", "many"}, {"worker", act.draws[1]}}}}));
  s.cluster.validate_jobs();
}

}  // namespace

std::vector<ActKind> user_acts() {
  return {{"submit", false, 0, submit},
          {"suspend", false, 2, suspend},
          {"resume", false, 2, resume},
          {"change_priority", false, 2, change_priority},
          {"change_workers", true, 1, change_workers},
          {"delete_job", true, 2, delete_job},
          {"delete_pod", true, 2, delete_pod},
          {"force_delete_pod", true, 2, force_delete_pod},
          {"recreate_job", true, 2, recreate_job},
          {"lower_quota", true, 2, lower_quota},
          {"raise_quota", false, 1, raise_quota},
          {"foreign_pod", true, 2, foreign_pod},
          {"foreign_group", true, 2, foreign_group},
          {"exempt_pod", true, 1, exempt_pod},
          {"invalid_object", true, 1, invalid_object}};
}

}  // namespace berth::simulation
