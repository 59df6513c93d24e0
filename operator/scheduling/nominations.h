#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "operator/scheduling/books.h"
#include "operator/scheduling/charged_tree.h"
#include "operator/scheduling/world_feed.h"
#include "operator/world/settings.h"
#include "operator/world/stores.h"
#include "sched/decision.h"
#include "sched/facts.h"

namespace berth::control {

// A workload whose placement is proved and waits until the devices are free: for victims to give
// way, or for work that is on its way out already.
struct Nomination {
  sched::Preempt made;
  std::string name;         // "namespace/name" of the workload
  std::string reservation;  // that it uses
  std::vector<sched::Charge> charges;
  Monotonic until;       // then it is given up
  bool is_told = false;  // the victims may be asked to go
};

// A running gang goes on with another number of workers, larger or, beside the one that it gives
// way to, smaller: it is its own and only victim.
inline bool is_resize(const Nomination& nomination) {
  const auto& victims = nomination.made.victims;
  return victims.size() == 1 && victims.front().id == nomination.made.id;
}

// Why a job has to give way.
struct GivesWay {
  std::string to;              // "namespace/name"
  int64_t lost_device_ms = 0;  // as reckoned when it was decided
};

// Proved placements that wait for devices. Each holds its devices in the world of the pass from the
// moment it is decided, beside those who still have them; its victims are no longer counted against
// their quota there. The books know nothing of it: a charge is made when all is free.
//
//   nominated --told--> victims end --all free--> handed back as admitted
//        \----- a node is lost, or nothing moves any more, or time is up ----> decided anew
//
// A victim that goes on with fewer workers has a nomination of its own for them, made with that of
// the work it gives way to. It is asked to go once both are told. If that work needs it no more, it
// stays as it is, unless it has begun to go: then it goes on where its place is kept.
//
// Nothing of this is needed after a crash: victims that have begun to end do so, and the pass
// decides again.
class Nominations {
 public:
  Nominations(Stores& stores, Books& books, WorldFeed& feed, const Settings& settings,
              const Clock& clock);
  Nominations(const Nominations&) = delete;
  Nominations& operator=(const Nominations&) = delete;

  // A victim may be asked to go, or is to stay whole after all.
  std::function<void(const std::string& job_uid)> ask_to_go;

  void add(const sched::Ask& ask, sched::Preempt made);
  // A victim of one that was added goes on where it keeps something. REQUIRES: it does.
  void add_rest(const sched::Victim& victim);
  // Whether an admission can be charged and have its devices now. False while victims, be they
  // those of another in the same pass, still hold what it is to use.
  bool can_start(const sched::Ask& ask, const sched::Admit& admit);
  const Nomination* find(const sched::WorkloadId& id) const;
  void told(const sched::WorkloadId& id);
  void withdraw(const sched::WorkloadId& id);
  std::optional<GivesWay> gives_way(const std::string& job_uid) const;

  // Takes out one whose devices are all free; call again once it is charged.
  std::optional<sched::Admit> take_due();
  // Gives up those that cannot come true any more; whether there were any.
  bool drop_hopeless();
  // When to look again though nothing has happened.
  Monotonic next() const;
  bool is_empty() const { return by_id_.empty(); }

 private:
  bool is_chargeable(const sched::Admit& admit);
  bool has_room(const std::vector<sched::Charge>& charges, const std::string& reservation) const;
  bool is_hopeless(const Nomination& nomination) const;
  bool anything_leaves(const Nomination& nomination) const;
  bool still_runs(const Nomination& nomination) const;
  bool has_begun_to_go(const std::string& job_uid) const;
  void hold(const sched::WorkloadId& id, Nomination nomination);
  void drop(std::map<sched::WorkloadId, Nomination>::iterator at);

  Stores& stores_;
  Books& books_;
  WorldFeed& feed_;
  const Settings& settings_;
  const Clock& clock_;
  ChargedTree tree_;
  std::map<sched::WorkloadId, Nomination> by_id_;
  // For whom a job has to give way, and in which of its attempts: who has gone and runs again
  // elsewhere, while others are still on their way out, has given way already.
  struct Leaving {
    sched::WorkloadId to;
    int64_t attempt = 0;
  };
  bool is_there(const std::string& job_uid, int64_t attempt) const;

  std::map<std::string, Leaving> victims_;  // by UID
};

}  // namespace berth::control
