#include "operator/controllers/gpujob/gpujob_controller.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/codec.h"
#include "kube/request.h"
#include "operator/controllers/gpujob/rendezvous.h"
#include "operator/scheduling/dependencies.h"
#include "operator/world/status_write.h"
#include "runtime/ownership.h"
#include "sched/cpu_class.h"
#include "sched/share_class.h"
#include "translate/read_json.h"
#include "translate/worker_name.h"

namespace berth::control {
namespace {

constexpr Millis kPublishAgain{1'000};  // of the same attempt

}  // namespace

GpuJobController::GpuJobController(Stores& stores, JobDesk& desk, const SchedulerPulse& pulse,
                                   runtime::Recorder& recorder, const Settings& settings,
                                   const Clock& clock)
    : stores_(stores),
      desk_(desk),
      pulse_(pulse),
      recorder_(recorder),
      settings_(settings),
      clock_(clock) {
  stores.jobs.subscribe([this](const api::GpuJob* before, const api::GpuJob* after) {
    if (after != nullptr) return;
    reports_.erase(before->meta.uid);
    last_words_.erase(before->meta.uid);
    unanswered_.erase(before->meta.uid);
    listed_.erase(before->meta.uid);
    published_.erase(before->meta.uid);
  });
  // A pod may end and be gone before anybody looks.
  stores.pods.subscribe([this](const translate::Pod* before, const translate::Pod* after) {
    if (after == nullptr) keep_last_word(*before);
  });
}

runtime::Next GpuJobController::reconcile(const runtime::ObjectKey& key, runtime::Writes writes) {
  const api::GpuJob* job = stores_.jobs.find(key);
  if (job == nullptr) return {};  // its pods follow by their owner reference
  JobPlan plan = decide(gather(*job));
  pace_publishing(*job, plan);
  apply(*job, plan, writes);
  return {plan.again_at};
}

// Slices that vanish as soon as they are there belong to a job of another UID, which the store has
// back and we do not know yet: publishing them again and again would not make them stay.
void GpuJobController::pace_publishing(const api::GpuJob& job, JobPlan& plan) {
  if (plan.status || plan.rendezvous.publish.empty() || !job.status.placement) return;
  const Monotonic now = clock_.monotonic();
  const int64_t attempt = job.status.placement->attempt;
  const auto [last, is_first] = published_.try_emplace(job.meta.uid, attempt, now);
  const Monotonic due = last->second.second + kPublishAgain;
  if (is_first || last->second.first != attempt || now >= due) {
    last->second = {attempt, now};
    return;
  }
  plan.rendezvous.publish.clear();
  const Instant again = clock_.now() + (due - now);
  plan.again_at = std::min(plan.again_at.value_or(again), again);
}

void GpuJobController::keep_last_word(const translate::Pod& pod) {
  if (pod.termination_message.empty()) return;
  const auto owner = std::find_if(pod.meta.owners.begin(), pod.meta.owners.end(),
                                  [](const OwnerRef& ref) { return ref.controller; });
  if (owner == pod.meta.owners.end()) return;
  const api::GpuJob* job = stores_.jobs.find({pod.meta.name_space, owner->name});
  if (job == nullptr || job->meta.uid != owner->uid || !job->status.placement) return;
  const translate::WorkerName first{job->status.placement->attempt, 0};
  if (pod.meta.name != translate::worker_name(job->meta.name, first)) return;
  last_words_.insert_or_assign(job->meta.uid, LastWord{pod.meta.name, pod.termination_message});
}

void GpuJobController::report(const std::string& uid, Report report) {
  reports_.insert_or_assign(uid, std::move(report));
}

JobFacts GpuJobController::gather(const api::GpuJob& job) const {
  JobFacts facts{
      .job = job,
      .pods = stores_.pods.by(stores_.pods_by_owner, job.meta.uid),
      .pods_in_doubt = is_in_doubt(job),
      .violations = {},
      .granted = desk_.granted(job),
      .hold = desk_.hold(job.meta.uid),
      .waits_for_job = {},
      .nominated = desk_.nominated(job),
      .has_to_stop = desk_.has_to_stop(job.meta.uid),
      .missing_nodes = {},
      .start_counts_from = pulse_.counts_from(job.status.admitted_at.value_or(Instant{})),
      .has_service =
          stores_.services.find({job.meta.name_space, std::string(kRendezvousService)}) != nullptr,
      .slices = stores_.slices.by(stores_.slices_by_owner, job.meta.uid),
      .progress = {},
      .checkpoint = {},
      .last_word = {},
      .micro_usd_per_hour = {},
      .now = clock_.now(),
      .settings = settings_};
  const auto invalid = stores_.invalid_jobs.find(job.meta.uid);
  if (invalid != stores_.invalid_jobs.end()) facts.violations = invalid->second;
  if (is_waiting(job)) facts.waits_for_job = waits_for_job(stores_, job);
  if (job.status.placement) {
    for (const api::PlacedWorker& worker : job.status.placement->workers) {
      if (stores_.nodes.find({"", worker.node}) == nullptr) {
        facts.missing_nodes.push_back(worker.node);
      }
    }
  }
  if (facts.granted) facts.micro_usd_per_hour = price_of(*facts.granted);
  if (job.status.placement) facts.micro_usd_per_hour = price_of(*job.status.placement);
  const auto last_word = last_words_.find(job.meta.uid);
  if (last_word != last_words_.end()) facts.last_word = last_word->second;
  const auto report = reports_.find(job.meta.uid);
  if (report != reports_.end()) {
    facts.progress = report->second.progress;
    facts.checkpoint = report->second.checkpoint;
  }
  return facts;
}

void GpuJobController::apply(const api::GpuJob& job, const JobPlan& plan, runtime::Writes& writes) {
  desk_.avoid(job.meta.uid, plan.avoid_nodes);
  if (plan.status) return write_status(job, plan, writes);
  if (plan.add_finalizer) {
    patch_finalizer(job, *runtime::add_finalizer(job.meta, kFinalizer), writes);
  }
  if (plan.remove_finalizer) {
    patch_finalizer(job, *runtime::remove_finalizer(job.meta, kFinalizer), writes);
  }
  if (plan.list_pods) list_pods(job, writes);
  delete_pods(plan, writes);
  create_workers(job, plan, writes);
  arrange(job, plan.rendezvous, writes);
  if (plan.delete_job) {
    writes.remove(kube::remove(kube::kGpuJobs, job.meta.name_space, job.meta.name,
                               {.uid = job.meta.uid,
                                .resource_version = job.meta.resource_version,
                                .propagation = kube::Propagation::Background}));
  }
}

void GpuJobController::write_status(const api::GpuJob& job, const JobPlan& plan,
                                    runtime::Writes& writes) {
  api::GpuJob wanted = job;
  wanted.status = *plan.status;
  writes.send(status_write(kube::kGpuJobs, job.meta, api::to_json(wanted)),
              [this, notes = plan.notes, attempts = job.status.attempts](Json&& reply) {
                auto stored = api::from_json<api::GpuJob>(reply);
                if (!stored) return;
                if (stored->status.attempts != attempts && on_attempt_end) {
                  on_attempt_end(stored->status.attempts.back().cause);
                }
                desk_.hold_written(stored->meta.uid);
                reports_.erase(stored->meta.uid);
                if (!stored->status.placement) last_words_.erase(stored->meta.uid);
                tell(*stored, notes);
                stores_.jobs.upsert(*std::move(stored));
              });
}

void GpuJobController::create_workers(const api::GpuJob& job, const JobPlan& plan,
                                      runtime::Writes& writes) {
  for (const int64_t index : plan.create_workers) {
    const auto& placed = job.status.placement->workers[static_cast<size_t>(index)];
    const std::string name =
        translate::worker_name(job.meta.name, {job.status.placement->attempt, index});
    unanswered_[job.meta.uid].insert(name);
    writes.send(kube::create(kube::kPods, worker_pod(job, index, names_for(placed), settings_)),
                [this, uid = job.meta.uid, name](Json&& reply) {
                  auto pod = translate::decode_pod(reply, settings_.accelerators);
                  if (!pod) return;
                  stores_.pods.upsert(*std::move(pod));
                  const auto open = unanswered_.find(uid);
                  if (open == unanswered_.end()) return;
                  open->second.erase(name);
                  if (open->second.empty()) unanswered_.erase(open);
                });
  }
}

void GpuJobController::arrange(const api::GpuJob& job, const Rendezvous& plan,
                               runtime::Writes& writes) {
  const auto keep_in = [](runtime::Store<Named>& store) {
    return [&store](Json&& reply) {
      auto named = decode_named(reply);
      if (named) store.upsert(*std::move(named));
    };
  };
  if (plan.create_service) {
    writes.ensure(kube::create(kube::kServices, rendezvous_service(job.meta.name_space)),
                  keep_in(stores_.services));
  }
  for (const GangSlice& slice : plan.publish) {
    // One that is there already is of a job of the same name before, on its way out: tried again.
    writes.send(kube::create(kube::kEndpointSlices, rendezvous_slice(job, slice)),
                keep_in(stores_.slices));
  }
  for (const std::string& name : plan.withdraw) {
    writes.remove(kube::remove(kube::kEndpointSlices, job.meta.name_space, name));
  }
}

// Whether a pod of it may be there that was not seen: one of ours without an answer, or one that
// the leader before made late or that the next one has made since. Once the end of the attempt is
// stored nobody binds one any more (berth-extender), so what the server lists then is all.
bool GpuJobController::is_in_doubt(const api::GpuJob& job) const {
  if (!job.status.placement) return false;
  const auto listed = listed_.find(job.meta.uid);
  if (listed != listed_.end() && listed->second == job.status.placement->attempt) return false;
  return unanswered_.contains(job.meta.uid) || !is_settled || !is_settled();
}

void GpuJobController::list_pods(const api::GpuJob& job, runtime::Writes& writes) {
  const kube::ListOptions all = {.select = {.name_space = job.meta.name_space,
                                            .labels = std::string(kJobLabel) + "=" + job.meta.name,
                                            .fields = {}}};
  writes.send(kube::list(kube::kPods, all),
              [this, key = runtime::key_of(job.meta), uid = job.meta.uid,
               attempt = job.status.placement->attempt](Json&& reply) {
                for (const Json& item : translate::array_at(reply, "items")) {
                  auto pod = translate::decode_pod(item, settings_.accelerators);
                  if (pod) stores_.pods.upsert(*std::move(pod));
                }
                unanswered_.erase(uid);
                listed_.insert_or_assign(uid, attempt);
                if (desk_.wake) desk_.wake(key);
              });
}

void GpuJobController::delete_pods(const JobPlan& plan, runtime::Writes& writes) {
  for (const translate::Pod* pod : plan.delete_pods) {
    writes.remove(
        kube::remove(kube::kPods, pod->meta.name_space, pod->meta.name, {.uid = pod->meta.uid}));
  }
}

void GpuJobController::patch_finalizer(const api::GpuJob& job, const Json& patch,
                                       runtime::Writes& writes) {
  writes.send(kube::patch_json(kube::kGpuJobs, job.meta.name_space, job.meta.name, patch),
              [this](Json&& reply) {
                auto stored = api::from_json<api::GpuJob>(reply);
                if (stored) stores_.jobs.upsert(*std::move(stored));
              });
}

void GpuJobController::tell(const api::GpuJob& job, const std::vector<Note>& notes) {
  for (const Note& note : notes) {
    recorder_.record(
        {.regarding = runtime::regarding(kube::kGpuJobs, job.meta),
         .type = note.warning ? runtime::EventType::Warning : runtime::EventType::Normal,
         .reason = note.reason,
         .action = note.action,
         .note = note.text});
  }
}

std::optional<int64_t> GpuJobController::price_of(const api::Placement& placement) const {
  int64_t sum = 0;
  for (const api::PlacedWorker& worker : placement.workers) {
    if (worker.device_class == sched::kCpuClass) continue;  // costs nothing
    const translate::Node* node = stores_.nodes.find({"", worker.node});
    const bool is_it = node != nullptr && node->device_class == worker.device_class;
    const auto each = is_it ? node->terms.micro_usd_per_device_hour
                            : stores_.pooling.dearest_price(worker.device_class);
    if (!each) return std::nullopt;
    sum = add_saturating(sum, multiply_saturating(*each, worker.count));
  }
  return sum;
}

DeviceNames GpuJobController::names_for(const api::PlacedWorker& worker) const {
  const translate::Node* node = stores_.nodes.find({"", worker.node});
  // On CPU alone a worker takes none of the node's devices but has to tolerate their taint.
  const bool is_cpu = worker.device_class == sched::kCpuClass;
  if (node != nullptr && (is_cpu || node->device_class == worker.device_class)) {
    return {node->resource, node->whole_resource};
  }
  if (is_cpu) return {};
  const auto resource_of = [&](std::string_view device_class) {
    return stores_.pooling.resource_of(settings_.accelerators, std::string(device_class));
  };
  DeviceNames names{.resource = resource_of(worker.device_class)};
  if (sched::is_share_class(worker.device_class)) {
    names.whole_resource = resource_of(sched::whole_class(worker.device_class));
  }
  return names;
}

}  // namespace berth::control
