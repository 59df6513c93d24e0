#include "decisionlog/recorded_world.h"

#include <utility>

#include "decisionlog/log.h"

namespace berth::decisionlog {

void RecordedWorld::record_to(DecisionLog& log) {
  log_ = &log;
  log.use(settings());
}

void RecordedWorld::record_pass(const std::vector<const sched::Ask*>& asks, Instant now,
                                const std::vector<sched::Decision>& decisions) {
  if (log_ != nullptr) log_->pass(asks, now, decisions);
}

void RecordedWorld::set_quotas(std::vector<sched::Quota> quotas) {
  if (log_ != nullptr) log_->facts().set_all(quotas);
  World::set_quotas(std::move(quotas));
}

void RecordedWorld::set_tiers(std::map<std::string, sched::Tier> tiers) {
  if (log_ != nullptr) {
    std::vector<NamedTier> named;
    for (const auto& [name, tier] : tiers) named.push_back({name, tier});
    log_->facts().set_all(named);
  }
  World::set_tiers(std::move(tiers));
}

void RecordedWorld::set_fairness(sched::FairShareInputs fairness) {
  if (log_ != nullptr) {
    const auto& [values, capacity, lately, history_permille] = fairness;
    log_->facts().set(Fairness{values, history_permille});
    std::vector<Lately> histories;
    for (const auto& [quota, devices] : lately) histories.push_back({quota, devices});
    log_->facts().set_all(histories);
  }
  World::set_fairness(std::move(fairness));
}

void RecordedWorld::set_outlook(const sched::Outlook& outlook) {
  if (log_ != nullptr) log_->facts().set(outlook);
  World::set_outlook(outlook);
}

void RecordedWorld::set_spent(std::map<sched::QuotaId, sched::SpentBudget> spent) {
  if (log_ != nullptr) {
    std::vector<NamedSpent> named;
    for (const auto& [quota, one] : spent) named.push_back({quota, one});
    log_->facts().set_all(named);
  }
  World::set_spent(std::move(spent));
}

void RecordedWorld::set_policies(std::vector<sched::PlacementPolicy> policies) {
  if (log_ != nullptr) log_->facts().set_all(policies);
  World::set_policies(std::move(policies));
}

void RecordedWorld::set_traits(const std::string& source, std::optional<sched::Traits> traits) {
  if (log_ != nullptr && traits) log_->facts().set(NamedTraits{source, *traits});
  if (log_ != nullptr && !traits) log_->facts().remove<NamedTraits>(source);
  World::set_traits(source, std::move(traits));
}

void RecordedWorld::set_node(const sched::Node& node) {
  if (log_ != nullptr) log_->facts().set(node);
  World::set_node(node);
}

void RecordedWorld::remove_node(const sched::NodeId& id) {
  if (log_ != nullptr) log_->facts().remove<sched::Node>(text_of(id));
  World::remove_node(id);
}

void RecordedWorld::set_holder(sched::Holder holder) {
  const std::string source = holder.source;
  World::set_holder(std::move(holder));
  note_holder(source);
}

void RecordedWorld::remove_holder(const std::string& source) {
  World::remove_holder(source);
  note_holder(source);
}

void RecordedWorld::set_run(const std::string& source, std::optional<sched::Run> run) {
  World::set_run(source, std::move(run));
  note_holder(source);
}

void RecordedWorld::set_slack(const std::string& source, Millis slack) {
  World::set_slack(source, slack);
  note_holder(source);
}

void RecordedWorld::set_leaving(const std::string& source, bool leaving) {
  World::set_leaving(source, leaving);
  note_holder(source);
}

void RecordedWorld::set_reservations(std::map<std::string, sched::ReservationPlan> reservations) {
  if (log_ != nullptr) {
    std::vector<sched::ReservationPlan> plans;
    for (const auto& [uid, plan] : reservations) plans.push_back(plan);
    log_->facts().set_all(plans);
  }
  World::set_reservations(std::move(reservations));
}

void RecordedWorld::note_holder(const std::string& source) {
  if (log_ == nullptr) return;
  const auto known = holders().find(source);
  if (known == holders().end()) {
    log_->facts().remove<sched::Holder>(source);
  } else {
    log_->facts().set(known->second.facts);
  }
}

}  // namespace berth::decisionlog
