#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/nominations.h"
#include "operator/scheduling/world_feed.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "sched/core/pass.h"

namespace berth::control {

// What one pass did, for metrics and logs.
struct PassReport {
  Millis took{};
  size_t asks = 0;
  size_t admitted = 0;
  size_t nominated = 0;
  size_t victims = 0;
  std::map<sched::Reason, int64_t> held;
};

// Work of one sort that waits for the pass: GpuJobs, foreign pods.
class AskSource {
 public:
  virtual ~AskSource() = default;
  // Adds what waits now; the asks stay as they are until the pass is over. Returns when something
  // that backs off may ask again.
  virtual std::optional<Instant> collect(Instant now, std::vector<const sched::Ask*>& asks) = 0;
  virtual void admitted(const sched::Admit& admit) = 0;
  virtual void held(const sched::Hold& hold) = 0;
  // Its placement is proved and waits, see Nominations. It is to be admitted() or asked for anew.
  virtual void nominated(const Nomination& nomination) = 0;
  // Whether work that runs is of this sort: it may be nominated without having asked, to go on with
  // fewer workers.
  virtual bool has(const sched::WorkloadId&) const { return false; }
};

// Runs the pass when something changed: asks every source what waits, decides, and hands the
// decisions back, those of nominations once their devices are free.
class Scheduler {
 public:
  Scheduler(Books& books, WorldFeed& feed, Nominations& nominations, const Settings& settings,
            const Clock& clock);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void add(AskSource& source) { sources_.push_back(&source); }
  void mark_dirty() { dirty_ = true; }
  std::function<void(const PassReport&)> on_pass;
  // What is planned before each pass; returns when the next one is due at the latest.
  std::function<std::optional<Instant>(Instant now)> before_pass;

  // Runs a pass if one is due; returns when to call again at the latest.
  Monotonic tick();

  // Devices that work asked for in the last pass and did not get, by leaf and class of its first
  // choice.
  using Pending = std::map<sched::QuotaId, std::map<sched::DeviceClass, int64_t>>;
  const Pending& pending() const { return pending_; }
  // Leaves whose pending devices changed since the last call.
  std::set<sched::QuotaId> take_pending_changed() { return std::exchange(pending_changed_, {}); }

 private:
  struct Asked {
    AskSource* source;
    const sched::Ask* ask;
  };

  void run();
  void settle_nominations();
  std::vector<const sched::Ask*> gather();
  void note_pending(const Pending& before);
  void hand_back(const sched::Decision& decision, PassReport& report);
  void nominate(const Asked& asked, sched::Preempt made);
  void nominate_rest(const sched::Victim& victim);

  Books& books_;
  WorldFeed& feed_;
  Nominations& nominations_;
  const Settings& settings_;
  const Clock& clock_;
  std::vector<AskSource*> sources_;
  std::map<sched::WorkloadId, Asked> asked_;           // of this pass
  std::map<sched::WorkloadId, AskSource*> nominated_;  // whose they are
  bool dirty_ = true;
  uint64_t seen_version_ = 0;  // of the books
  uint64_t seen_feed_ = 0;
  Monotonic next_pass_ = Monotonic::min();
  std::optional<Instant> next_backoff_;
  Pending pending_;
  std::set<sched::QuotaId> pending_changed_;
};

}  // namespace berth::control
