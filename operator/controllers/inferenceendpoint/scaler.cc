#include "operator/controllers/inferenceendpoint/scaler.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "operator/controllers/inferenceendpoint/replica_set.h"

namespace berth::control {
namespace {

constexpr int64_t kMilli = 1000;

scaling::LoadWindows::Settings windows_of(const api::Scaling& spec) {
  return {.stable_window = std::chrono::seconds(spec.stable_window_seconds),
          .panic_window = std::chrono::seconds(spec.panic_window_seconds)};
}

// Where none is given: what fills three quarters of a batch.
int64_t target_milli(const api::InferenceEndpointSpec& spec) {
  if (spec.scaling.concurrency_per_replica) return *spec.scaling.concurrency_per_replica * kMilli;
  return std::max(kMilli, spec.worker.max_batch_size * kMilli * 3 / 4);
}

scaling::Rules rules_of(const api::InferenceEndpointSpec& spec) {
  return {.min_replicas = spec.scaling.min_replicas,
          .max_replicas = spec.scaling.max_replicas,
          .target_milli = target_milli(spec),
          .rate_milli = {},
          .stable_window = std::chrono::seconds(spec.scaling.stable_window_seconds),
          .panic_window = std::chrono::seconds(spec.scaling.panic_window_seconds),
          .panic_percent = spec.scaling.panic_percent,
          .scale_down_delay = std::chrono::seconds(spec.scaling.scale_down_delay_seconds)};
}

// As it was when somebody else led.
scaling::Decision last_known(const api::InferenceEndpoint& endpoint) {
  const api::Scaling& spec = endpoint.spec.scaling;
  const int64_t was =
      endpoint.status.replicas ? endpoint.status.replicas->desired : spec.min_replicas;
  const int64_t desired = std::clamp(was, spec.min_replicas, spec.max_replicas);
  return {.desired = desired, .why = {}, .next = scaling::resumed(desired)};
}

}  // namespace

Scaler::Scaler(Stores& stores, RouterReader& routers, const Settings& settings, const Clock& clock,
               std::function<void(const runtime::ObjectKey&)> wake)
    : stores_(stores),
      routers_(routers),
      settings_(settings),
      clock_(clock),
      wake_(std::move(wake)) {
  stores.endpoints.subscribe([this](const auto* a, const auto* b) { on_endpoint(a, b); });
  routers.subscribe([this](const Heard& heard) { on_heard(heard); });
}

void Scaler::on_endpoint(const api::InferenceEndpoint* before,
                         const api::InferenceEndpoint* after) {
  if (after == nullptr || !api::is_scaled(*after)) {
    scaled_.erase(after != nullptr ? after->meta.uid : before->meta.uid);
    return;
  }
  const auto windows = windows_of(after->spec.scaling);
  const auto [at, is_new] = scaled_.try_emplace(
      after->meta.uid, Scaled{scaling::LoadWindows(windows), last_known(*after)});
  if (!is_new) at->second.load.configure(windows);
}

Monotonic Scaler::tick() {
  if (scaled_.empty()) return Monotonic::max();
  const Monotonic now = clock_.monotonic();
  if (now < due_) return due_;
  due_ = now + settings_.router.load_interval;
  for (auto& [uid, scaled] : scaled_) {
    const api::InferenceEndpoint* endpoint = stores_.endpoints.find_uid(uid);
    if (endpoint == nullptr) continue;
    scaled.load.expect(routers_.routers_in(endpoint->meta.name_space), now);
    decide(*endpoint, scaled);
  }
  return due_;
}

void Scaler::on_heard(const Heard& heard) {
  const auto scaled = scaled_.find(heard.endpoint.meta.uid);
  if (scaled == scaled_.end()) return;
  scaled->second.load.scraped(heard.router, heard.counters.load, clock_.monotonic());
}

void Scaler::decide(const api::InferenceEndpoint& endpoint, Scaled& scaled) {
  scaling::Facts facts{.load = scaled.load.load(clock_.monotonic()), .counts = {}};
  for (const api::GpuJob* job : stores_.jobs.by(stores_.jobs_by_endpoint, endpoint.meta.uid)) {
    if (job->meta.deletion || api::is_finished(*job)) continue;
    ++(is_serving(*job) ? facts.counts.ready : facts.counts.starting);
  }
  const int64_t before = scaled.decision.desired;
  scaled.decision =
      scaling::decide(rules_of(endpoint.spec), scaled.decision.next, facts, clock_.monotonic());
  if (scaled.decision.desired != before) wake_(runtime::key_of(endpoint.meta));
}

scaling::Decision Scaler::decision(const api::InferenceEndpoint& endpoint) const {
  const auto scaled = scaled_.find(endpoint.meta.uid);
  return scaled == scaled_.end() ? last_known(endpoint) : scaled->second.decision;
}

}  // namespace berth::control
