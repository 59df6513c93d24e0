#include "operator/controllers/inferenceendpoint/slo_book.h"

#include <algorithm>
#include <utility>

#include "slo/percentile.h"

namespace berth::control {
namespace {

// What the leader before has counted. A text that is none, of another version perhaps, is as good
// as none: the budget then begins anew.
slo::History restored(const api::InferenceEndpoint& endpoint) {
  if (!endpoint.status.slo || endpoint.status.slo->counted.empty()) return slo::History();
  auto history = slo::History::decode(endpoint.status.slo->counted);
  return history ? *std::move(history) : slo::History();
}

std::optional<int64_t> milliseconds(const slo::LatencyHistogram& latency, int64_t basis_points) {
  const auto found = slo::percentile(latency, basis_points);
  return found ? std::optional(found->milliseconds) : std::nullopt;
}

int64_t gravity(const SloFacts& facts) {
  if (!facts.report) return 0;
  switch (facts.report->reason) {
    case slo::Reason::FastBurn: return 5;
    case slo::Reason::SlowBurn: return 4;
    case slo::Reason::Frozen: return 3;
    case slo::Reason::BudgetHealthy: return 2;
    case slo::Reason::NotEnoughTraffic: return 1;
  }
  __builtin_unreachable();
}

}  // namespace

slo::Tally tally_of(const api::InferenceEndpoint& endpoint, const slo::Counted& counted) {
  slo::Tally tally{.requests = counted.requests, .errors = counted.errors};
  const auto& promise = endpoint.spec.slo;
  if (promise && promise->latency) {
    // A router that has not heard of a new bound yet counts none late.
    const auto late = slo::late(counted.latency, promise->latency->milliseconds);
    tally.late = std::clamp<int64_t>(late.value_or(0), 0, tally.requests);
  }
  return tally;
}

slo::Objectives objectives_of(const api::Slo& promise) {
  slo::Objectives objectives{.window_days = promise.window_days,
                             .availability_basis_points = promise.availability_basis_points,
                             .freeze_below_budget_percent = promise.freeze_below_budget_percent};
  if (promise.latency) objectives.latency_basis_points = promise.latency->basis_points;
  return objectives;
}

int64_t headroom_of(const SloFacts* facts, const api::InferenceEndpoint& endpoint) {
  constexpr int64_t kTenth = 1'000;  // basis points
  if (!endpoint.spec.slo) return 100;
  const api::SloStatus& status =
      facts != nullptr ? facts->status : endpoint.status.slo.value_or(api::SloStatus{});
  if (status.frozen) return 0;
  const int64_t left = status.budget_remaining_basis_points.value_or(10 * kTenth);
  return std::clamp<int64_t>((left + kTenth - 1) / kTenth, 1, 10) * 10;
}

SloBook::SloBook(Stores& stores, RouterReader& routers, const Settings& settings,
                 const Clock& clock, std::function<void(const runtime::ObjectKey&)> wake)
    : stores_(stores), settings_(settings), clock_(clock), wake_(std::move(wake)) {
  stores.endpoints.subscribe([this](const auto* a, const auto* b) { on_endpoint(a, b); });
  routers.subscribe([this](const Heard& heard) { on_heard(heard); });
}

void SloBook::on_endpoint(const api::InferenceEndpoint* before,
                          const api::InferenceEndpoint* after) {
  if (after == nullptr) {
    kept_.erase(before->meta.uid);
    return;
  }
  const auto [at, is_new] = kept_.try_emplace(after->meta.uid);
  if (is_new) at->second.history = restored(*after);
  const bool has_changed = before != nullptr && before->spec.slo != after->spec.slo;
  if (has_changed && at->second.shown) show(*after, at->second, judge(*after, at->second));
}

void SloBook::on_heard(const Heard& heard) {
  const auto at = kept_.find(heard.endpoint.meta.uid);
  if (at == kept_.end()) return;
  Kept& kept = at->second;
  kept.is_heard = true;
  const Instant now = clock_.now();
  const slo::Tally tally = tally_of(heard.endpoint, heard.since_last);
  if (tally.requests > 0) kept.history.add(tally, now);
  kept.recent.add(heard.since_last.latency, now);
  show_if_turned(heard.endpoint, kept);
}

SloFacts SloBook::judge(const api::InferenceEndpoint& endpoint, const Kept& kept) const {
  const Instant now = clock_.now();
  SloFacts facts;
  const slo::LatencyHistogram latency = kept.recent.over(now);
  facts.status.p95_milliseconds = milliseconds(latency, 9500);
  facts.status.p99_milliseconds = milliseconds(latency, 9900);
  if (!endpoint.spec.slo) return facts;
  facts.report = slo::report(objectives_of(*endpoint.spec.slo), kept.history, now);
  facts.status.availability_basis_points = facts.report->availability_basis_points;
  facts.status.budget_remaining_basis_points = facts.report->budget_remaining_basis_points;
  facts.status.burn_1h_percent = facts.report->burn_1h_percent;
  facts.status.burn_6h_percent = facts.report->burn_6h_percent;
  facts.status.frozen = facts.report->is_frozen;
  return facts;
}

// A verdict that is worse is told at once, a better one and figures only now and then: one that
// goes to and fro would be written as often as routers are heard.
void SloBook::show_if_turned(const api::InferenceEndpoint& endpoint, Kept& kept) {
  SloFacts facts = judge(endpoint, kept);
  const bool has_turned = !kept.shown || gravity(facts) > gravity(*kept.shown) ||
                          (facts.status.frozen && !kept.shown->status.frozen);
  if (has_turned) show(endpoint, kept, std::move(facts));
}

void SloBook::show(const api::InferenceEndpoint& endpoint, Kept& kept, SloFacts facts) {
  const Monotonic now = clock_.monotonic();
  const bool is_due = kept.counts_shown_at == Monotonic::min() ||
                      now >= kept.counts_shown_at + settings_.counts_refresh;
  if (!endpoint.spec.slo) {
    kept.counts_shown_at = Monotonic::min();
  } else if (is_due) {
    kept.counts_shown_at = now;
    facts.status.counted = kept.history.encode();
  } else if (kept.shown) {
    facts.status.counted = kept.shown->status.counted;
  }
  const bool is_news = !kept.shown || facts.status != kept.shown->status ||
                       facts.report.has_value() != kept.shown->report.has_value() ||
                       (facts.report && facts.report->message != kept.shown->report->message);
  kept.shown = std::move(facts);
  if (is_news) wake_(runtime::key_of(endpoint.meta));
}

Monotonic SloBook::tick() {
  if (kept_.empty()) return Monotonic::max();
  const Monotonic now = clock_.monotonic();
  if (now < due_) return due_;
  due_ = now + settings_.endpoint_refresh;
  for (auto& [uid, kept] : kept_) {
    const api::InferenceEndpoint* endpoint = stores_.endpoints.find_uid(uid);
    if (endpoint != nullptr && kept.is_heard) show(*endpoint, kept, judge(*endpoint, kept));
  }
  return due_;
}

const SloFacts* SloBook::of(const std::string& endpoint_uid) const {
  const auto at = kept_.find(endpoint_uid);
  return at == kept_.end() || !at->second.shown ? nullptr : &*at->second.shown;
}

}  // namespace berth::control
