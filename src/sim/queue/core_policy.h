#pragma once
#include <map>
#include <vector>

#include "sched/core/world.h"
#include "sched/decision.h"
#include "sim/queue/policy.h"

namespace berth::sim::queue {

// The core that the operator runs, fed with what the replay shows it: nodes, who runs where, who
// waits. It keeps its world from decision to decision and tells it what has changed.
class CorePolicy final : public Policy {
 public:
  explicit CorePolicy(sched::CoreSettings settings) : world_(settings) {}
  Decision decide(const View& view, Instant now) override;

 private:
  struct Known {
    int32_t attempt = -1;  // of the run that the world knows
    sched::WorkloadId id;
    sched::Ask ask;
    Instant ends;
  };

  void set_up(const View& view);
  void follow_nodes(const View& view);
  void follow_runs(const View& view, Instant now);
  sched::Holder holder_of(const View& view, JobId job, Instant now);
  const sched::Ask& ask_of(const View& view, JobId job, Instant now);
  void add(const View& view, const sched::Decision& made, Decision& decision) const;
  void start(JobId job, const sched::Admit& admit, Decision& decision) const;
  JobId job_of(const sched::WorkloadId& id) const;

  sched::World world_;
  bool is_set_up_ = false;
  std::vector<sched::NodeId> nodes_;
  std::vector<bool> is_up_;
  std::vector<JobId> running_;
  std::vector<Known> known_;  // by job
};

}  // namespace berth::sim::queue
