#include "operator/controllers/inferenceendpoint/scaler.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "operator/controllers/inferenceendpoint/replica_set.h"
#include "operator/controllers/inferenceendpoint/slo_book.h"

namespace berth::control {
namespace {

constexpr int64_t kMilli = 1000;

scaling::LoadWindows::Settings windows_of(const api::Scaling& spec) {
  return {.stable_window = std::chrono::seconds(spec.stable_window_seconds),
          .panic_window = std::chrono::seconds(spec.panic_window_seconds)};
}

// Where there is nothing to learn by: what fills three quarters of a batch.
int64_t target_milli(const api::InferenceEndpointSpec& spec) {
  if (spec.scaling.concurrency_per_replica) return *spec.scaling.concurrency_per_replica * kMilli;
  return std::max(kMilli, spec.worker.max_batch_size * kMilli * 3 / 4);
}

bool is_learned(const api::InferenceEndpointSpec& spec) {
  return !spec.scaling.concurrency_per_replica && spec.slo && spec.slo->latency;
}

scaling::LearnedTarget::Settings learned_by(const api::InferenceEndpointSpec& spec) {
  const int64_t batch = spec.worker.max_batch_size * kMilli;
  return {.start_milli = std::max(kMilli, batch / 2),
          .most_milli = std::max(kMilli, batch),
          .late_basis_points = 10'000 - spec.slo->latency->basis_points};
}

scaling::Rules rules_of(const api::InferenceEndpointSpec& spec,
                        const std::optional<scaling::LearnedTarget>& learned) {
  return {.min_replicas = spec.scaling.min_replicas,
          .max_replicas = spec.scaling.max_replicas,
          .target_milli = learned ? learned->target_milli() : target_milli(spec),
          .rate_milli = learned ? learned->rate_milli() : std::nullopt,
          .stable_window = std::chrono::seconds(spec.scaling.stable_window_seconds),
          .panic_window = std::chrono::seconds(spec.scaling.panic_window_seconds),
          .panic_percent = spec.scaling.panic_percent,
          .scale_down_delay = std::chrono::seconds(spec.scaling.scale_down_delay_seconds)};
}

// What the leader before has learned; a text that is none, of another version perhaps, is as good
// as none.
scaling::DayShape days_of(const api::InferenceEndpoint& endpoint) {
  if (!endpoint.status.learned) return {};
  auto days = scaling::DayShape::decode(endpoint.status.learned->days);
  return days ? *std::move(days) : scaling::DayShape();
}

scaling::LearnedTarget target_of(const api::InferenceEndpoint& endpoint,
                                 const scaling::LearnedTarget::Settings& settings) {
  if (endpoint.status.learned) {
    auto target = scaling::LearnedTarget::decode(endpoint.status.learned->samples, settings);
    if (target) return *std::move(target);
  }
  return scaling::LearnedTarget(settings);
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
  if (is_new) {
    at->second.days = days_of(*after);
    at->second.show_at = clock_.monotonic() + settings_.counts_refresh;
  } else {
    at->second.load.configure(windows);
  }
  follow_objective(*after, at->second);
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
    show(*endpoint, scaled);
  }
  return due_;
}

void Scaler::on_heard(const Heard& heard) {
  const auto scaled = scaled_.find(heard.endpoint.meta.uid);
  if (scaled == scaled_.end()) return;
  scaled->second.load.scraped(heard.router, heard.counters.load, clock_.monotonic());
  scaled->second.sampling.heard.insert(heard.router);
  const slo::Tally tally = tally_of(heard.endpoint, heard.since_last);
  scaled->second.sampling.answered += tally.requests - tally.errors;
  scaled->second.sampling.late += tally.late;
}

void Scaler::follow_objective(const api::InferenceEndpoint& endpoint, Scaled& scaled) {
  if (!is_learned(endpoint.spec)) return scaled.learned.reset();
  const auto settings = learned_by(endpoint.spec);
  if (scaled.learned && settings == scaled.learned_by) return;
  scaled.learned = target_of(endpoint, settings);
  scaled.learned_by = settings;
}

// A sample per panic window, so that what was carried and what was answered are of the same time:
// none where a router was not heard in it or in the one before.
void Scaler::learn(const api::InferenceEndpoint& endpoint, const scaling::Facts& facts,
                   Scaled& scaled) {
  const Monotonic now = clock_.monotonic();
  Sampling& sampling = scaled.sampling;
  const Millis window =
      std::max(windows_of(endpoint.spec.scaling).panic_window, 2 * settings_.router.load_interval);
  if (sampling.since != Monotonic::min() && now - sampling.since < window) return;
  const bool all_heard = sampling.heard == routers_.routers_in(endpoint.meta.name_space);
  if (sampling.is_whole && all_heard && sampling.replicas > 0 &&
      sampling.replicas == facts.counts.ready && facts.load.known == scaling::Known::All) {
    scaled.learned->observe({.is_starting = facts.counts.starting > 0,
                             .replicas = sampling.replicas,
                             .span = now - sampling.since,
                             .in_flight_milli = facts.load.panic_milli,
                             .answered = sampling.answered,
                             .late = sampling.late});
  }
  sampling = {.since = now, .replicas = facts.counts.ready, .is_whole = all_heard};
}

void Scaler::decide(const api::InferenceEndpoint& endpoint, Scaled& scaled) {
  scaling::Facts facts{.load = scaled.load.load(clock_.monotonic()), .counts = {}};
  for (const api::GpuJob* job : replicas_of(stores_, endpoint)) {
    if (job->meta.deletion || api::is_finished(*job)) continue;
    ++(is_serving(*job) ? facts.counts.ready : facts.counts.starting);
  }
  if (facts.load.known == scaling::Known::All) {
    scaled.days.observe(clock_.now(), facts.load.panic_milli);
  }
  if (start_up) {
    facts.ahead_milli = scaled.days.ahead_milli(clock_.now(), start_up(endpoint.meta.uid));
  }
  if (scaled.learned) learn(endpoint, facts, scaled);
  const int64_t before = scaled.decision.desired;
  scaled.decision = scaling::decide(rules_of(endpoint.spec, scaled.learned), scaled.decision.next,
                                    facts, clock_.monotonic());
  if (scaled.decision.desired != before) wake_(runtime::key_of(endpoint.meta));
}

void Scaler::show(const api::InferenceEndpoint& endpoint, Scaled& scaled) {
  const Monotonic now = clock_.monotonic();
  if (now < scaled.show_at) return;
  scaled.show_at = now + settings_.counts_refresh;
  api::LearnedLoad learned{.days = scaled.days.encode()};
  if (scaled.learned) {
    learned.samples = scaled.learned->encode();
    if (scaled.learned->is_learned()) {
      learned.concurrency_thousandths = scaled.learned->target_milli();
    }
  }
  if (scaled.shown == learned) return;
  scaled.shown = std::move(learned);
  wake_(runtime::key_of(endpoint.meta));
}

const api::LearnedLoad* Scaler::learned(const std::string& endpoint_uid) const {
  const auto scaled = scaled_.find(endpoint_uid);
  return scaled == scaled_.end() || !scaled->second.shown ? nullptr : &*scaled->second.shown;
}

scaling::Decision Scaler::decision(const api::InferenceEndpoint& endpoint) const {
  const auto scaled = scaled_.find(endpoint.meta.uid);
  return scaled == scaled_.end() ? last_known(endpoint) : scaled->second.decision;
}

}  // namespace berth::control
