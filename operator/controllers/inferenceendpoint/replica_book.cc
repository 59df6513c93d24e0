#include "operator/controllers/inferenceendpoint/replica_book.h"

#include <algorithm>
#include <chrono>

#include "runtime/ownership.h"

namespace berth::control {
namespace {

int64_t seconds(Millis span) {
  return std::max<int64_t>(0, std::chrono::round<std::chrono::seconds>(span).count());
}

// What was neither queued, loaded nor warmed was spent on binding the pod and pulling the image.
std::optional<api::ColdStart> start_of(const api::GpuJob& replica, const ReplicaPage& page) {
  const api::GpuJobStatus& status = replica.status;
  if (!status.admitted_at || !status.started_at || !replica.meta.creation || !page.loaded ||
      !page.warmed) {
    return std::nullopt;
  }
  const Millis own = *page.loaded + *page.warmed;
  const Instant asked = status.attempts.empty()
                            ? *replica.meta.creation
                            : status.attempts.back().ended_at.value_or(*replica.meta.creation);
  return api::ColdStart{.queued_seconds = seconds(*status.admitted_at - asked),
                        .pulled_seconds = seconds(*status.started_at - *status.admitted_at - own),
                        .loaded_seconds = seconds(*page.loaded),
                        .warmed_seconds = seconds(*page.warmed)};
}

int64_t devices_of(const api::GpuJob& replica) {
  if (!replica.status.placement || replica.status.placement->workers.empty()) return 0;
  return replica.status.placement->workers.front().count;
}

}  // namespace

ReplicaBook::ReplicaBook(Stores& stores) : stores_(stores) {
  stores.jobs.subscribe([this](const api::GpuJob* before, const api::GpuJob* after) {
    if (after == nullptr) computed_.erase(before->meta.uid);
  });
  stores.endpoints.subscribe(
      [this](const api::InferenceEndpoint* before, const api::InferenceEndpoint* after) {
        if (after == nullptr) starts_.erase(before->meta.uid);
      });
}

void ReplicaBook::heard(const api::GpuJob& replica, std::string_view text) {
  const auto page = parse_replica_page(text);
  if (!page) return;
  const std::string endpoint(runtime::controller_uid(replica.meta, kube::kInferenceEndpoints));
  const api::InferenceEndpoint* owner = stores_.endpoints.find_uid(endpoint);
  if (owner == nullptr || owner->meta.name_space != replica.meta.name_space) return;
  const auto [last, is_first] = computed_.try_emplace(replica.meta.uid, page->computed);
  if (!is_first) {
    const bool has_restarted = page->computed < last->second;
    const Millis more = has_restarted ? page->computed : page->computed - last->second;
    last->second = page->computed;
    if (computed) computed(endpoint, more * devices_of(replica));
  }
  const auto took = start_of(replica, *page);
  if (!took) return;
  const auto [at, is_new] = starts_.try_emplace(endpoint, Start{*replica.status.started_at, *took});
  if (!is_new && *replica.status.started_at >= at->second.ready_at) {
    at->second = {*replica.status.started_at, *took};
  }
}

std::optional<api::ColdStart> ReplicaBook::cold_start(const std::string& endpoint) const {
  const auto at = starts_.find(endpoint);
  return at == starts_.end() ? std::nullopt : std::optional(at->second.took);
}

Millis ReplicaBook::start_up(const std::string& endpoint) const {
  const auto at = starts_.find(endpoint);
  if (at == starts_.end()) return std::chrono::minutes(1);
  const api::ColdStart& took = at->second.took;
  return std::chrono::seconds(took.pulled_seconds + took.loaded_seconds + took.warmed_seconds);
}

}  // namespace berth::control
