#include "sim/queue/policy.h"

#include <algorithm>
#include <string>

#include "sim/queue/core_policy.h"
#include "sim/queue/drf.h"
#include "sim/queue/easy.h"
#include "sim/queue/fifo.h"
#include "sim/queue/las.h"

namespace berth::sim::queue {

Millis View::expected_left(JobId id, Instant now) const {
  const Progress& at = of(id);
  const Millis ran = at.ran(now);
  const Millis work = estimator.estimate(job(id), ran) - ran;
  Millis stall{};
  if (at.phase == Phase::Running) {
    stall = std::max(Millis{}, at.since + at.stall - now);
  } else if (ran > Millis{}) {
    stall = checkpoint.restore;
  }
  return std::max(work + stall, Millis(1));
}

Result<std::unique_ptr<Policy>> make_policy(std::string_view name,
                                            const sched::CoreSettings& core) {
  using Made = std::unique_ptr<Policy>;
  if (name == "fifo") return Made(std::make_unique<Fifo>());
  if (name == "easy") return Made(std::make_unique<Easy>());
  if (name == "las") return Made(std::make_unique<Las>());
  if (name == "drf") return Made(std::make_unique<Drf>());
  if (name == "berth") return Made(std::make_unique<CorePolicy>(core));
  return Error{Code::Invalid,
               "policy " + std::string(name) + ": want fifo, easy, las, drf or berth"};
}

}  // namespace berth::sim::queue
