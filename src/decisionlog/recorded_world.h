#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sched/core/world.h"
#include "sched/decision.h"

namespace berth::decisionlog {

class DecisionLog;

// A world whose facts are told to a log as they change, if there is one; without one that costs
// nothing. The setters hide those of the world: whoever has a RecordedWorld changes it through
// them. A setter that the world has and this has not is not recorded, and its replay differs.
class RecordedWorld : public sched::World {
 public:
  using sched::World::World;

  // The log has to outlive the world. REQUIRES: no fact has been told yet.
  void record_to(DecisionLog& log);
  // What a pass on this world, as it is, has decided.
  void record_pass(const std::vector<const sched::Ask*>& asks, Instant now,
                   const std::vector<sched::Decision>& decisions);

  void set_quotas(std::vector<sched::Quota> quotas);
  void set_tiers(std::map<std::string, sched::Tier> tiers);
  void set_fairness(sched::FairShareInputs fairness);
  void set_outlook(const sched::Outlook& outlook);
  void set_spent(std::map<sched::QuotaId, sched::SpentBudget> spent);
  void set_policies(std::vector<sched::PlacementPolicy> policies);
  void set_traits(const std::string& source, std::optional<sched::Traits> traits);
  void set_node(const sched::Node& node);
  void remove_node(const sched::NodeId& id);
  void set_holder(sched::Holder holder);
  void remove_holder(const std::string& source);
  void set_run(const std::string& source, std::optional<sched::Run> run);
  void set_slack(const std::string& source, Millis slack);
  void set_leaving(const std::string& source, bool leaving);
  void set_reservations(std::map<std::string, sched::ReservationPlan> reservations);

 private:
  void note_holder(const std::string& source);

  DecisionLog* log_ = nullptr;
};

}  // namespace berth::decisionlog
