#include "operator/world/scheduler_pulse.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "kube/reply.h"
#include "kube/request.h"
#include "translate/read_json.h"

namespace berth::control {

SchedulerPulse::SchedulerPulse(kube::Transport& transport, const Clock& clock,
                               std::string name_space, std::string lease)
    : transport_(transport),
      clock_(clock),
      name_space_(std::move(name_space)),
      lease_(std::move(lease)),
      self_(std::make_shared<SchedulerPulse*>(this)) {}

SchedulerPulse::~SchedulerPulse() = default;

Monotonic SchedulerPulse::tick() {
  const Monotonic now = clock_.monotonic();
  if (now < next_) return next_;
  next_ = now + kInterval;
  kube::Request request = kube::get(kube::kLeases, name_space_, lease_);
  transport_.send(request, [weak = std::weak_ptr(self_), request](Result<kube::Response> response) {
    if (const auto self = weak.lock()) {
      (*self)->answered(kube::parse_reply(request, std::move(response)));
    }
  });
  return next_;
}

void SchedulerPulse::answered(const Result<Json>& reply) {
  if (!reply) return;  // not there, or the API server is away: says nothing about the scheduler
  const std::string renewed = translate::text_at(translate::object_at(*reply, "spec"), "renewTime");
  if (renewed == renewed_) return;
  const Monotonic now = clock_.monotonic();
  if (is_silent(now)) back_since_ = clock_.now();
  renewed_ = renewed;
  changed_at_ = now;
}

bool SchedulerPulse::is_silent(Monotonic now) const {
  return changed_at_ && now - *changed_at_ >= kSilence;
}

Instant SchedulerPulse::counts_from(Instant from) const {
  if (is_silent(clock_.monotonic())) return Instant::max() - std::chrono::hours(24 * 366);
  return std::max(from, back_since_);
}

}  // namespace berth::control
