#pragma once
#include <functional>
#include <map>
#include <vector>

#include "sched/core/world.h"
#include "sched/decision.h"
#include "sched/explain/scene.h"
#include "sim/queue/policy.h"

namespace berth::sim::queue {

// The core that the operator runs, fed with what the replay shows it: nodes, who runs where, who
// waits. It keeps its world from decision to decision and tells it what has changed.
class CorePolicy final : public Policy {
 public:
  explicit CorePolicy(sched::CoreSettings settings) : world_(settings) {}
  Decision decide(const View& view, Instant now) override;

  // What a pass has seen, for who wants to look closer.
  class Facts {
   public:
    Facts(const CorePolicy& policy, const View& view, Instant now)
        : policy_(policy), view_(view), now_(now) {}
    sched::Scene scene() const;
    const sched::WorkloadId& id(JobId job) const {
      return policy_.known_[static_cast<size_t>(job)].id;
    }

   private:
    std::vector<Millis> quantiles(JobId job) const;  // of how much longer it runs

    const CorePolicy& policy_;
    const View& view_;
    Instant now_;
  };
  // Called for each job that a pass held, before the decision is carried out.
  void on_held(std::function<void(JobId, const Facts&)> call) { on_held_ = std::move(call); }

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
  std::vector<sched::Quota> quotas_;
  std::map<std::string, sched::Tier> tiers_;
  std::function<void(JobId, const Facts&)> on_held_;
  bool is_set_up_ = false;
  std::vector<sched::NodeId> nodes_;
  std::vector<bool> is_up_;
  std::vector<JobId> running_;
  std::vector<Known> known_;  // by job
};

}  // namespace berth::sim::queue
