#include "tests/integration/cluster.h"

#include <algorithm>
#include <set>
#include <utility>

#include "api/codec.h"
#include "api/inferenceendpoint.h"
#include "decisionlog/replay.h"
#include "json/time.h"
#include "kube/request.h"
#include "tests/integration/invariants.h"
#include "tests/integration/rights.h"
#include "translate/pod.h"
#include "translate/read_json.h"
#include "translate/worker_name.h"

namespace berth::integration {
namespace {

using translate::object_at;
using translate::text_at;

const Instant kStart = Instant{Millis{1'800'000'000'000}};
constexpr int kTurnsMost = 2'000;  // of one settle(); more is a hot loop

template <class K>
kube::fake::Validator validator() {
  return [](const Json& fresh, const Json* old) { return api::validate<K>(fresh, old); };
}

Json typed(const kube::Resource& resource, Json object) {
  object["apiVersion"] = kube::api_version(resource);
  object["kind"] = resource.kind;
  return object;
}

bool is_live(const Json& pod) {
  const std::string phase = text_at(object_at(pod, "status"), "phase");
  return phase != "Succeeded" && phase != "Failed";
}

std::string name_of(const Json& object) { return text_at(object_at(object, "metadata"), "name"); }
std::string space_of(const Json& object) {
  return text_at(object_at(object, "metadata"), "namespace");
}
std::string node_of(const Json& pod) { return text_at(object_at(pod, "spec"), "nodeName"); }
bool is_deleting(const Json& object) {
  return object_at(object, "metadata").contains("deletionTimestamp");
}

Json container_with(int64_t devices) {
  const Json amounts = {{"nvidia.com/gpu", std::to_string(devices)}};
  return {{"name", "main"},
          {"image", "example/notebook:1"},
          {"resources", {{"requests", amounts}, {"limits", amounts}}}};
}

std::vector<Json> copies(const std::vector<const Json*>& objects) {
  std::vector<Json> all;
  for (const Json* object : objects) all.push_back(*object);
  return all;
}

}  // namespace

void Process::crash() {
  program.reset();
  transport.reset();
}

Cluster::Cluster(Report report, control::MetricsFetcher* fetches, control::Settings chosen)
    : clock(kStart),
      server(clock),
      kubelet(server, clock),
      settings(std::move(chosen)),
      fetcher(fetches),
      kubelets_(server, clock),
      report_(std::move(report)) {
  settings.router.image = "example/router:1";
  const std::set<std::string> matter = {"/pods", "berth.dev/gpujobs", "berth.dev/quotas"};
  server.observe([this, matter](const std::string& collection, const kube::fake::Change& change) {
    if (matter.contains(collection)) ++changes_;
    if (collection == "/pods") kubelets_.pod_changed(change.after->object());
    if (on_change) on_change(collection, change);
  });
  server.validate_with(kube::kQuotas, validator<api::Quota>());
  validate_jobs();
  server.validate_with(kube::kPlacementPolicies, validator<api::PlacementPolicy>());
  server.validate_with(kube::kSlaTiers, validator<api::SlaTier>());
  server.validate_with(kube::kInferenceEndpoints, validator<api::InferenceEndpoint>());
  name_space(settings.name_space);
  Process& process = start_operator("operator-0");
  if (!until([&] { return process.program->is_leading(); })) report_("nobody leads");
}

Cluster::~Cluster() {
  for (const auto& process : processes_) process->crash();
  if (replays_at_end) replay_decisions();
}

void Cluster::replay_decisions() const {
  for (const auto& process : processes_) {
    for (const auto& [number, text] : process->files.files) {
      const auto report = decisionlog::replay(text);
      if (!report) {
        report_(process->identity + ": " + report.error().message);
      } else if (report->first) {
        const auto& differs = *report->first;
        report_(process->identity + ": pass " + std::to_string(differs.pass) + " decided about " +
                differs.name + "\n" + differs.logged + "\nand now\n" + differs.replayed);
      }
    }
  }
}

void Cluster::validate_jobs() { server.validate_with(kube::kGpuJobs, validator<api::GpuJob>()); }

void Cluster::must(const kube::Response& response) const {
  if (response.status >= 300) report_(response.body);
}

// ---- what there is ----

Cluster& Cluster::node(const std::string& name, int64_t devices, const std::string& rack) {
  const Json status = {{"allocatable",
                        {{"nvidia.com/gpu", std::to_string(devices)},
                         {"cpu", "64"},
                         {"memory", "512Gi"},
                         {"pods", "110"}}},
                       {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
  Json labels = {{"nvidia.com/gpu.product", "NVIDIA-H200"}};
  if (!rack.empty()) labels["example.com/rack"] = rack;
  must(server.handle(kube::create(kube::kNodes, {{"metadata", {{"name", name}, {"labels", labels}}},
                                                 {"spec", Json::object()},
                                                 {"status", status}})));
  return *this;
}

Cluster& Cluster::name_space(const std::string& name) {
  if (server.find(kube::kNamespaces, "", name) == nullptr) {
    must(server.handle(kube::create(kube::kNamespaces, {{"metadata", {{"name", name}}}})));
  }
  return *this;
}

Cluster& Cluster::quota(const std::string& name, int64_t guaranteed, const QuotaChange& change) {
  api::Quota quota;
  quota.meta.name = name;
  quota.spec.namespaces = {name};
  quota.spec.limits = {{.device_class = kH200, .guaranteed = guaranteed}};
  if (change) change(quota);
  for (const std::string& own : quota.spec.namespaces) name_space(own);
  if (!quota.spec.namespaces.empty()) in(quota.spec.namespaces.front());
  Json object = api::to_json(quota);
  object.erase("status");
  must(server.handle(kube::create(kube::kQuotas, object)));
  return *this;
}

Cluster& Cluster::tier(const std::string& name, int64_t order, const TierChange& change) {
  api::SlaTier tier;
  tier.meta.name = name;
  tier.spec.order = order;
  tier.spec.preemptible = true;
  if (change) change(tier);
  Json object = api::to_json(tier);
  object.erase("status");
  must(server.handle(kube::create(kube::kSlaTiers, object)));
  return *this;
}

Cluster& Cluster::in(const std::string& name_space) {
  name_space_ = name_space;
  return *this;
}

Cluster& Cluster::job(const std::string& name, int64_t workers, int64_t devices,
                      const JobChange& change) {
  api::GpuJob job;
  job.meta.name = name;
  job.meta.name_space = name_space_;
  job.spec.workers = {workers, workers};
  job.spec.worker.image = "example/trainer:1";
  job.spec.worker.devices = {{.device_class = kH200, .count = devices}};
  job.spec.retry.backoff_seconds = 1;
  if (change) change(job);
  Json object = api::to_json(job);
  object.erase("status");
  must(server.handle(kube::create(kube::kGpuJobs, object)));
  return *this;
}

Cluster& Cluster::behaves(const std::string& job_or_image, Behaviour behaviour) {
  kubelets_.behaves(job_or_image, std::move(behaviour));
  return *this;
}

Cluster& Cluster::foreign_pod(const std::string& name, const std::string& node, int64_t devices) {
  must(server.handle(kube::create(
      kube::kPods, {{"metadata", {{"name", name}, {"namespace", name_space_}}},
                    {"spec", {{"nodeName", node}, {"containers", {container_with(devices)}}}}})));
  return *this;
}

Cluster& Cluster::gated_pod(const std::string& name, int64_t devices, const std::string& group,
                            int64_t group_size) {
  Json meta = {{"name", name}, {"namespace", name_space_}};
  if (!group.empty()) {
    meta["labels"] = {{translate::kGroupLabel, group},
                      {translate::kGroupSizeLabel, std::to_string(group_size)}};
  }
  must(server.handle(
      kube::create(kube::kPods, {{"metadata", meta},
                                 {"spec",
                                  {{"schedulerName", settings.scheduler_name},
                                   {"schedulingGates", {{{"name", translate::kGate}}}},
                                   {"containers", {container_with(devices)}}}}})));
  return *this;
}

// ---- what people do ----

Cluster& Cluster::change_job(const std::string& name, const JobChange& change) {
  api::GpuJob job = job_named(name);
  change(job);
  must(server.handle(kube::patch_merge(kube::kGpuJobs, name_space_, name,
                                       {{"spec", api::to_json(job).at("spec")}})));
  return *this;
}

Cluster& Cluster::change_quota(const std::string& name, const QuotaChange& change) {
  api::Quota quota = quota_named(name);
  change(quota);
  must(server.handle(
      kube::patch_merge(kube::kQuotas, "", name, {{"spec", api::to_json(quota).at("spec")}})));
  return *this;
}

Cluster& Cluster::remove(const kube::Resource& resource, const std::string& name) {
  must(server.handle(kube::remove(resource, resource.namespaced ? name_space_ : "", name)));
  return *this;
}

// With its pods, as the garbage collector of pods does.
Cluster& Cluster::delete_node(const std::string& name) {
  remove(kube::kNodes, name);
  for (const Json& pod : copies(server.list(kube::kPods))) {
    if (node_of(pod) != name) continue;
    server.handle(
        kube::remove(kube::kPods, space_of(pod), name_of(pod), {.uid = "", .grace_seconds = 0}));
  }
  return *this;
}

Cluster& Cluster::finish(const std::string& pod, int exit_code, const std::string& message) {
  kubelet.finish(name_space_, pod, exit_code, message);
  return *this;
}

// ---- what nodes do ----

Cluster& Cluster::rejects(const std::string& node, const std::string& reason) {
  kubelets_.rejects(node, reason);
  return *this;
}

Cluster& Cluster::starts_nothing(const std::string& node, bool on) {
  kubelets_.starts_nothing(node, on);
  return *this;
}

Cluster& Cluster::ends_nothing(const std::string& node, bool on) {
  kubelets_.ends_nothing(node, on);
  return *this;
}

int64_t Cluster::free_devices(const std::string& node, const std::string& resource) const {
  const Json* found = server.find(kube::kNodes, "", node);
  if (found == nullptr) return -1;
  const std::string has =
      text_at(object_at(object_at(*found, "status"), "allocatable"), resource.c_str());
  int64_t free = has.empty() ? 0 : std::stoll(has);
  for (const Json* pod : server.list(kube::kPods)) {
    if (node_of(*pod) != node || !is_live(*pod)) continue;
    const auto requests =
        translate::requests_of(object_at(*pod, "spec"), settings.accelerators).devices;
    if (const auto held = requests.find(resource); held != requests.end()) free -= held->second;
  }
  return free;
}

bool Cluster::has_room_for(const Json& pod, const std::string& node) const {
  if (server.find(kube::kNodes, "", node) == nullptr) return false;
  const auto requests = translate::requests_of(object_at(pod, "spec"), settings.accelerators);
  return std::all_of(requests.devices.begin(), requests.devices.end(), [&](const auto& wanted) {
    return free_devices(node, wanted.first) >= wanted.second;
  });
}

// What kube-scheduler does with a pod that is pinned.
void Cluster::bind(const Json& json) {
  const auto pod = translate::decode_pod(json, settings.accelerators);
  if (!pod || pod->gated || pod->pinned_node.empty()) return;
  if (!has_room_for(json, pod->pinned_node)) return;
  must(server.handle(
      kube::bind_pod(pod->meta.name_space, pod->meta.name, pod->meta.uid, pod->pinned_node)));
}

// Nothing while no object changes.
bool Cluster::bind_pinned() {
  if (!binds_ || bound_ == changes_) return false;
  const uint64_t before = server.version();
  for (const Json& pod : copies(server.list(kube::kPods))) {
    if (!is_live(pod) || is_deleting(pod) || !node_of(pod).empty()) continue;
    bind(pod);
    look();
  }
  if (server.version() != before) return true;
  bound_ = changes_;
  return false;
}

// ---- time ----

// One step changes one object, so no change escapes.
void Cluster::look() {
  if (!checks_every_step || changes_ == seen_) return;
  seen_ = changes_;
  for (std::string& rule : broken_rules(server, !quotas_may_be_lowered)) {
    if (std::find(broken_.begin(), broken_.end(), rule) == broken_.end()) {
      broken_.push_back(std::move(rule));
    }
  }
}

bool Cluster::drive(Process& process) {
  if (!process.runs() || process.paused) return false;
  process.wake = process.program->tick();
  if (process.program->is_over()) {  // as its main() does
    process.crash();
    return true;
  }
  bool moved = false;
  while (process.runs() && !process.paused && process.transport->step()) {
    moved = true;
    look();
    if (after_step) after_step(process);
  }
  return moved;
}

bool Cluster::turn() {
  bool moved = false;
  for (size_t i = 0; i < processes_.size(); ++i) moved = drive(*processes_[i]) || moved;
  for (Part* part : parts_) {
    while (part->turn()) {
      moved = true;
      look();
    }
  }
  moved = bind_pinned() || moved;
  moved = kubelets_.turn([this] { look(); }) || moved;
  if (collected_ == server.version()) return moved;
  while (server.collect_one()) {
    look();
    moved = true;
  }
  collected_ = server.version();
  return moved;
}

void Cluster::rest() {
  for (int turns = 0; turns < kTurnsMost; ++turns) {
    if (!turn()) return;
  }
  report_("does not come to rest");
}

Cluster& Cluster::settle() { return pass(Millis{250}); }

Monotonic Cluster::next_wake() const {
  Monotonic next = kubelets_.next();
  for (const Part* part : parts_) next = std::min(next, part->next());
  for (const auto& process : processes_) {
    if (!process->runs() || process->paused) continue;
    next = std::min({next, process->wake, process->transport->next_arrival()});
  }
  return next;
}

bool Cluster::until(const std::function<bool()>& holds, Millis most) {
  const Monotonic end = clock.monotonic() + most;
  for (;;) {
    rest();
    if (holds()) return true;
    const Monotonic now = clock.monotonic();
    if (now >= end) return false;
    clock.advance(std::max(Millis{1}, std::min(next_wake(), end) - now));
  }
}

Cluster& Cluster::pass(Millis time) {
  const Monotonic end = clock.monotonic() + time;
  until([&] { return clock.monotonic() >= end; }, time);
  return *this;
}

Process& Cluster::start_operator(const std::string& identity) {
  auto process = std::make_unique<Process>();
  process->identity = identity;
  process->transport = std::make_unique<kube::fake::FakeTransport>(server, clock);
  guard(*process->transport, settings);
  control::Settings own = settings;
  own.identity = identity;
  own.progress_interval = Millis{0};
  process->log = std::make_unique<decisionlog::DecisionLog>(
      process->files.opened(),
      decisionlog::DecisionLog::Options{.program = identity, .file_bytes = 1 << 20});
  process->program = std::make_unique<control::Operator>(
      *process->transport, clock, std::move(own), log_,
      control::Observers{.decision_log = process->log.get()}, fetcher);
  processes_.push_back(std::move(process));
  return newest();
}

std::vector<Process*> Cluster::operators() {
  std::vector<Process*> all;
  for (const auto& process : processes_) all.push_back(process.get());
  return all;
}

// ---- what is seen ----

api::GpuJob Cluster::job_named(const std::string& name) const {
  const Json* found = server.find(kube::kGpuJobs, name_space_, name);
  if (found == nullptr) {
    report_("no job " + name);
    return {};
  }
  return *api::from_json<api::GpuJob>(typed(kube::kGpuJobs, *found));
}

bool Cluster::has_job(const std::string& name) const {
  return server.find(kube::kGpuJobs, name_space_, name) != nullptr;
}

api::Quota Cluster::quota_named(const std::string& name) const {
  const Json* found = server.find(kube::kQuotas, "", name);
  if (found == nullptr) {
    report_("no Quota " + name);
    return {};
  }
  return *api::from_json<api::Quota>(typed(kube::kQuotas, *found));
}

api::SlaTier Cluster::tier_named(const std::string& name) const {
  const Json* found = server.find(kube::kSlaTiers, "", name);
  if (found == nullptr) {
    report_("no SlaTier " + name);
    return {};
  }
  return *api::from_json<api::SlaTier>(typed(kube::kSlaTiers, *found));
}

int64_t Cluster::used(const std::string& quota) const {
  int64_t devices = 0;
  for (const api::QuotaUse& use : quota_named(quota).status.limits) devices += use.used;
  return devices;
}

std::vector<std::string> Cluster::pods() const {
  std::vector<std::string> names;
  for (const Json* pod : server.list(kube::kPods, name_space_)) names.push_back(name_of(*pod));
  return names;
}

std::vector<std::string> Cluster::live_pods() const {
  std::vector<std::string> names;
  for (const Json* pod : server.list(kube::kPods, name_space_)) {
    if (is_live(*pod)) names.push_back(name_of(*pod));
  }
  return names;
}

const Json& Cluster::pod(const std::string& name) const {
  static const Json none = Json::object();
  const Json* found = server.find(kube::kPods, name_space_, name);
  if (found == nullptr) report_("no pod " + name);
  return found == nullptr ? none : *found;
}

std::string Cluster::said(const std::string& job, std::string_view type) const {
  const api::GpuJob object = job_named(job);
  const api::Condition* condition = api::find_condition(object.status.conditions, type);
  if (condition == nullptr) return "absent";
  return (condition->is_true() ? "True " : "False ") + condition->reason;
}

bool Cluster::is_finished(const std::string& job) const { return api::is_finished(job_named(job)); }

}  // namespace berth::integration
