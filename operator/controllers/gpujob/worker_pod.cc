#include "operator/controllers/gpujob/worker_pod.h"

#include <nlohmann/json.hpp>

#include "operator/controllers/gpujob/rendezvous.h"
#include "operator/controllers/gpujob/serving_pod.h"
#include "runtime/ownership.h"
#include "translate/runs.h"
#include "translate/worker_name.h"

namespace berth::control {
namespace {

constexpr const char* kCheckpointDir = "/var/run/berth/checkpoint";

// pvc://CLAIM/FOLDER
struct ClaimPath {
  std::string claim;
  std::string folder;
};

ClaimPath claim_path(const std::string& uri) {
  const std::string rest = uri.substr(std::string_view("pvc://").size());
  const size_t slash = rest.find('/');
  if (slash == std::string::npos) return {rest, ""};
  return {rest.substr(0, slash), rest.substr(slash + 1)};
}

Json env_var(const std::string& name, const std::string& value) {
  return {{"name", name}, {"value", value}};
}

Json environment(const api::GpuJob& job, int64_t index) {
  const api::Placement& placement = *job.status.placement;
  Json env = Json::array();
  for (const api::EnvVar& own : job.spec.worker.env) env.push_back(env_var(own.name, own.value));
  env.push_back(env_var("RANK", std::to_string(index)));
  env.push_back(env_var("WORLD_SIZE", std::to_string(placement.workers.size())));
  env.push_back(env_var("MASTER_ADDR", master_address(job)));
  env.push_back(env_var("MASTER_PORT", std::to_string(kRendezvousPort)));
  env.push_back(env_var("BERTH_JOB", job.meta.name));
  env.push_back(env_var("BERTH_ATTEMPT", std::to_string(placement.attempt)));
  env.push_back(env_var("BERTH_PORT", std::to_string(kStatusPort)));
  if (job.spec.checkpoint) {
    env.push_back(env_var("BERTH_CHECKPOINT_DIR", kCheckpointDir));
    env.push_back(env_var("BERTH_CHECKPOINT_INTERVAL_SECONDS",
                          std::to_string(job.spec.checkpoint->interval_seconds)));
  }
  return env;
}

Json resources(const api::GpuJob& job, const api::PlacedWorker& worker,
               const std::string& resource) {
  Json amounts = Json::object();
  const api::WorkerResources& wants = job.spec.worker.resources;
  if (!wants.cpu.empty()) amounts["cpu"] = wants.cpu;
  if (!wants.memory.empty()) amounts["memory"] = wants.memory;
  if (worker.count > 0) amounts[resource] = std::to_string(worker.count);
  return {{"requests", amounts}, {"limits", amounts}};
}

Json container(const api::GpuJob& job, int64_t index, const std::string& resource) {
  const api::Worker& worker = job.spec.worker;
  Json made = {
      {"name", "worker"},
      {"image", worker.image},
      {"env", environment(job, index)},
      {"ports", {{{"name", "status"}, {"containerPort", kStatusPort}}}},
      {"resources",
       resources(job, job.status.placement->workers[static_cast<size_t>(index)], resource)},
      {"volumeMounts", {{{"name", "shm"}, {"mountPath", "/dev/shm"}}}},
      {"securityContext",
       {{"allowPrivilegeEscalation", false}, {"capabilities", {{"drop", {"ALL"}}}}}}};
  if (!worker.command.empty()) made["command"] = worker.command;
  if (!worker.args.empty()) made["args"] = worker.args;
  if (worker.image_pull_policy) {
    made["imagePullPolicy"] =
        enum_names(*worker.image_pull_policy)[static_cast<size_t>(*worker.image_pull_policy)];
  }
  if (job.spec.checkpoint) {
    const ClaimPath at = claim_path(job.spec.checkpoint->uri);
    Json mount = {{"name", "checkpoint"}, {"mountPath", kCheckpointDir}};
    if (!at.folder.empty()) mount["subPath"] = at.folder;
    made["volumeMounts"].push_back(std::move(mount));
  }
  return made;
}

Json volumes(const api::GpuJob& job) {
  // Data loaders and NCCL share memory there; what they use counts against the container's limit.
  Json made = {{{"name", "shm"}, {"emptyDir", {{"medium", "Memory"}}}}};
  if (job.spec.checkpoint) {
    const ClaimPath at = claim_path(job.spec.checkpoint->uri);
    made.push_back({{"name", "checkpoint"}, {"persistentVolumeClaim", {{"claimName", at.claim}}}});
  }
  return made;
}

Json pod_security(const api::GpuJob& job) {
  Json made = {{"seccompProfile", {{"type", "RuntimeDefault"}}}};
  if (job.spec.checkpoint) {  // who is not root may write to the claim
    made["fsGroup"] = 65532;
    made["fsGroupChangePolicy"] = "OnRootMismatch";
  }
  return made;
}

// matchFields on the name, so that kube-scheduler looks at this one node only.
Json pinned_to(const std::string& node) {
  const Json term = {
      {"matchFields", {{{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}}}}};
  return {{"nodeAffinity",
           {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", {term}}}}}}};
}

Json metadata(const api::GpuJob& job, const std::string& name, int64_t index) {
  return {{"name", name},
          {"namespace", job.meta.name_space},
          {"labels",
           {{kManagedBy, "berth"},
            {kJobLabel, job.meta.name},
            {"berth.dev/attempt", std::to_string(job.status.placement->attempt)},
            {"berth.dev/index", std::to_string(index)}}},
          {"ownerReferences", {runtime::owner_reference(kube::kGpuJobs, job.meta)}}};
}

}  // namespace

Json worker_pod(const api::GpuJob& job, int64_t index, const DeviceNames& names,
                const Settings& settings) {
  const api::Placement& placement = *job.status.placement;
  const api::PlacedWorker& placed = placement.workers[static_cast<size_t>(index)];
  const std::string name = translate::worker_name(job.meta.name, {placement.attempt, index});
  const api::Worker& worker = job.spec.worker;
  Json spec = {{"hostname", name},
               {"subdomain", kRendezvousService},
               {"schedulerName", settings.scheduler_name},
               {"priorityClassName", settings.priority_class},
               {"restartPolicy", "Never"},
               {"automountServiceAccountToken", !worker.service_account_name.empty()},
               {"enableServiceLinks", false},
               {"affinity", pinned_to(placed.node)},
               {"securityContext", pod_security(job)},
               {"containers", {container(job, index, names.resource)}},
               {"volumes", volumes(job)}};
  if (job.spec.checkpoint || job.spec.replica) {
    spec["terminationGracePeriodSeconds"] =
        std::chrono::ceil<std::chrono::seconds>(translate::grace_of(job)).count();
  }
  for (const std::string& key : {names.resource, names.whole_resource}) {
    if (!key.empty()) spec["tolerations"].push_back({{"key", key}, {"operator", "Exists"}});
  }
  if (!worker.service_account_name.empty()) {
    spec["serviceAccountName"] = worker.service_account_name;
  }
  for (const api::LocalRef& secret : worker.image_pull_secrets) {
    spec["imagePullSecrets"].push_back({{"name", secret.name}});
  }
  Json pod = {{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata", metadata(job, name, index)},
              {"spec", std::move(spec)}};
  if (job.spec.replica) make_replica(*job.spec.replica, pod);
  return pod;
}

}  // namespace berth::control
