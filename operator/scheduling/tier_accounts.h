#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/gpujob.h"
#include "base/clock.h"
#include "operator/scheduling/books.h"
#include "operator/world/stores.h"
#include "sched/sla/account.h"

namespace berth::control {

// How one tier's promises are kept.
struct TierFacts {
  int64_t jobs = 0;  // that run or wait, or ended within the window
  int64_t kept = 0;
  int64_t at_risk = 0;          // wait and have little slack left
  int64_t overdue = 0;          // wait longer than the tier's longest time in the queue
  std::string longest_waiting;  // "namespace/name" of one that is overdue
};

// Keeps an account of device time for every live GpuJob whose tier promises some, and of its time
// in the queue where the tier bounds that.
//
// Accounts are in memory. A new leader reads them back from what the jobs' statuses say, see
// translate::service_so_far(): what they have forgotten counts as waiting.
class TierAccounts {
 public:
  static constexpr Millis kInterval{10'000};  // between two looks at all accounts
  static constexpr Millis kRisk{900'000};     // less slack than this is a risk

  TierAccounts(Stores& stores, const Books& books, const Clock& clock);
  TierAccounts(const TierAccounts&) = delete;
  TierAccounts& operator=(const TierAccounts&) = delete;

  // Why the last pass held a job; empty where it did not. From its answer it follows whether the
  // job's time counts.
  std::function<std::string(const std::string& uid)> hold_reason;
  // The slack of a job that runs is new.
  std::function<void(const std::string& uid, Millis slack)> on_slack;
  std::function<void(const std::string& tier)> on_overdue;  // once per job and wait

  // Counts up to now and looks at all accounts when it is time. Returns when to call again.
  Monotonic tick();
  // How long a job may still do without devices by its tier's promises, as of the last look;
  // Millis::max() when nothing is promised.
  Millis slack(const std::string& uid) const;
  TierFacts facts(const std::string& tier) const;
  // Tiers whose facts are new since the last call.
  std::set<std::string> take_changed();

 private:
  struct Account {
    std::string tier;
    sched::TierPromise promise;
    std::optional<Millis> max_queue;
    sched::SlaAccount account;
    Instant counted_until;
    Millis slack = Millis::max();
    bool is_overdue = false;
  };
  struct Ended {
    Instant at;
    bool kept = false;
  };

  void on_job(const api::GpuJob* before, const api::GpuJob* after);
  void open(const api::GpuJob& job);
  void close(const std::string& uid);
  std::string reason_of(const api::GpuJob& job) const;
  void advance(const api::GpuJob& job, Account& account, Instant now);
  void reopen_all();
  void look(const api::GpuJob& job, Account& account, Instant now, TierFacts& facts);
  Millis queue_slack(const api::GpuJob& job, Account& account, Instant now) const;

  Stores& stores_;
  const Books& books_;
  const Clock& clock_;
  bool tiers_changed_ = false;
  std::map<std::string, Account> accounts_;          // by UID
  std::map<std::string, std::vector<Ended>> ended_;  // by tier, oldest first
  std::map<std::string, TierFacts> facts_;
  std::set<std::string> changed_;
  Monotonic next_ = Monotonic::min();
};

}  // namespace berth::control
