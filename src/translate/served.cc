#include "translate/served.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/saturating.h"

namespace berth::translate {
namespace {

// Why work waits that is ready to run and may.
constexpr std::array<std::string_view, 7> kForWantOfDevices = {
    "LentOut", "NoCapacity", "Fragmented", "Reserved", "Preempting", "Requeued", "PlanFailed"};

int64_t asked_devices(const api::GpuJob& job) {
  if (job.spec.worker.devices.empty()) return 0;
  return multiply_saturating(job.spec.workers.min, job.spec.worker.devices.front().count);
}

// Its placement's end is not written down.
bool holds_devices(const api::GpuJobStatus& status) {
  if (!status.placement) return false;
  return status.attempts.empty() || status.attempts.back().attempt != status.placement->attempt;
}

int64_t held_devices(const api::GpuJobStatus& status) {
  if (!holds_devices(status)) return 0;
  int64_t devices = 0;
  for (const api::PlacedWorker& worker : status.placement->workers) {
    devices = add_saturating(devices, worker.count);
  }
  return devices;
}

Instant last_change(const api::GpuJob& job, std::string_view type, Instant otherwise) {
  const api::Condition* condition = api::find_condition(job.status.conditions, type);
  return condition == nullptr ? otherwise : condition->last_transition_time;
}

class Life {
 public:
  Life(Instant from, Instant until) : at_(from), until_(until) {}

  void go_on(Instant to, const Service& service) {
    to = std::min(to, until_);
    if (to <= at_) return;
    spans_.push_back({at_, to, service});
    at_ = to;
  }
  std::vector<ServiceSpan> end(const Service& service) {
    go_on(until_, service);
    return std::move(spans_);
  }

 private:
  Instant at_;
  Instant until_;
  std::vector<ServiceSpan> spans_;
};

}  // namespace

bool is_own_fault(std::string_view reason) {
  if (reason.empty()) return false;
  return std::find(kForWantOfDevices.begin(), kForWantOfDevices.end(), reason) ==
         kForWantOfDevices.end();
}

Service service_of(const api::GpuJob& job, std::string_view reason) {
  Service service{.asked = asked_devices(job), .held = held_devices(job.status)};
  if (service.held > 0) {
    service.eligible = true;
  } else {
    service.eligible =
        !is_finished(job) && !job.meta.deletion && !job.spec.suspend && !is_own_fault(reason);
  }
  return service;
}

std::string_view shown_reason(const api::GpuJob& job) {
  const api::Condition* admitted = api::find_condition(job.status.conditions, "Admitted");
  return admitted == nullptr || admitted->is_true() ? std::string_view() : admitted->reason;
}

Instant waits_since(const api::GpuJob& job) {
  Instant since = job.meta.creation.value_or(Instant{});
  if (!job.status.attempts.empty()) {
    since = std::max(since, job.status.attempts.back().ended_at.value_or(since));
  }
  return std::max(since, last_change(job, "Suspended", since));
}

std::vector<ServiceSpan> service_so_far(const api::GpuJob& job, Instant now) {
  const api::GpuJobStatus& status = job.status;
  const Instant begin = job.meta.creation.value_or(now);
  Life life(begin, std::min(now, status.finished_at.value_or(now)));
  const int64_t asked = asked_devices(job);
  const Service waits{asked, 0, true};
  for (const api::Attempt& attempt : status.attempts) {
    if (!attempt.started_at || !attempt.ended_at) continue;
    life.go_on(*attempt.started_at, waits);
    life.go_on(*attempt.ended_at, {asked, asked, true});
  }
  const Service present = service_of(job, shown_reason(job));
  if (present.held > 0) {
    life.go_on(status.admitted_at.value_or(now), waits);
  } else if (!present.eligible && !is_finished(job)) {
    life.go_on(last_change(job, job.spec.suspend ? "Suspended" : "Admitted", now), waits);
  } else {
    return life.end(waits);
  }
  return life.end(present);
}

}  // namespace berth::translate
