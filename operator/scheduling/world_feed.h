#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "decisionlog/recorded_world.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/policy_desk.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "sched/core/world.h"
#include "sched/time/estimates.h"

namespace berth::control {

// Keeps the core's world equal to the stores and the books: nodes, quotas, tiers, who holds what,
// and how long what runs will run. What runs take is learned from jobs that complete; a new leader
// learns it again from those that are stored.
class WorldFeed {
 public:
  WorldFeed(Stores& stores, Books& books, const Settings& settings, const Clock& clock);
  WorldFeed(const WorldFeed&) = delete;
  WorldFeed& operator=(const WorldFeed&) = delete;

  // How long a job may do without its devices by its tier's promises.
  std::function<Millis(const std::string& uid)> slack_of;

  // The world as of now: what has outlived its expected end is expected to end later.
  decisionlog::RecordedWorld& at(Instant now);
  decisionlog::RecordedWorld& world() { return world_; }
  PolicyDesk& policies() { return policies_; }
  const sched::Estimates& estimates() const { return estimates_; }
  // Grows with every change that only this hears of.
  uint64_t version() const { return version_; }
  uint64_t learned() const { return learned_; }  // runs

 private:
  void on_node(const translate::Node* before, const translate::Node* after);
  void on_job(const api::GpuJob* before, const api::GpuJob* after);
  void on_tier();
  void on_reservation();
  std::string reservation_of(const std::string& source) const;
  void set_held(const std::string& source, const std::vector<sched::Charge>& charges);
  void set_run(const std::string& source, Instant now);
  std::optional<sched::Run> run_of(const std::string& source, Instant now);
  void expect(const std::string& source, const std::optional<sched::Run>& run);

  Stores& stores_;
  Books& books_;
  const Clock& clock_;
  decisionlog::RecordedWorld world_;
  PolicyDesk policies_;
  sched::Estimates estimates_;
  std::set<std::pair<Instant, std::string>> ends_;  // expected, by source
  uint64_t version_ = 0;
  uint64_t learned_ = 0;
};

}  // namespace berth::control
