#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "kube/transport.h"

namespace berth::control {

// Whether a kube-scheduler that serves Berth's pods is alive, by the renewals of its Lease: while
// none is, nothing can be bound, and the start of a gang must not be timed.
//
// One small read every kInterval. Until the Lease has been seen at all, a scheduler is taken to be
// alive: an installation may run it without election.
class SchedulerPulse {
 public:
  static constexpr Millis kInterval{10'000};
  static constexpr Millis kSilence{40'000};  // without renewal for so long it is dead

  SchedulerPulse(kube::Transport& transport, const Clock& clock, std::string name_space,
                 std::string lease);
  ~SchedulerPulse();
  SchedulerPulse(const SchedulerPulse&) = delete;
  SchedulerPulse& operator=(const SchedulerPulse&) = delete;

  Monotonic tick();  // returns when to call again at the latest
  // From when on the wait for a start counts that began at `from`: later when no scheduler was
  // alive meanwhile, and never (the far future) while none is.
  Instant counts_from(Instant from) const;

 private:
  void answered(const Result<Json>& reply);
  bool is_silent(Monotonic now) const;

  kube::Transport& transport_;
  const Clock& clock_;
  std::string name_space_;
  std::string lease_;
  Monotonic next_ = Monotonic::min();
  std::string renewed_;                    // the Lease's own text; compared, never parsed
  std::optional<Monotonic> changed_at_;    // when it was last seen to change
  Instant back_since_{};                   // when it came back after a silence
  std::shared_ptr<SchedulerPulse*> self_;  // replies outlive us; they hold a weak pointer to this
};

}  // namespace berth::control
