#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/gpujob.h"
#include "base/clock.h"
#include "json/violation.h"
#include "operator/controllers/gpujob/attempt.h"
#include "operator/controllers/gpujob/rendezvous.h"
#include "operator/world/settings.h"
#include "sched/core/pass.h"
#include "translate/pod.h"

// What to do about one GpuJob: a pure function from what is known to what is to be written.
//
//   waiting --placement written--> running --end written--> ending --pods gone--> waiting |
//   finished
//
// Where others have to give way first, `nominated` is written before the placement.
//
// Every state is read off the status, so a crash between any two writes continues where it was.
namespace berth::control {

// Why the last pass held it, how old that answer and its last write are, and how many jobs wait.
struct HoldFacts {
  sched::Hold hold;
  Millis age{};
  Millis since_written{};
  int64_t waiting = 1;
};

// Why a running attempt has to end: Preempted or Resized, and for whom or what.
struct StopFacts {
  EndCause cause = EndCause::Preempted;
  std::string message;
};

// A placement that is proved, and whom it waits for.
struct NominatedFacts {
  api::Placement placement;
  std::string message;
};

// What a worker left as its termination message.
struct LastWord {
  std::string pod;
  std::string message;
};

struct JobFacts {
  const api::GpuJob& job;
  std::vector<const translate::Pod*> pods;  // all that it controls, of any attempt
  bool pods_in_doubt = false;               // there may be one that was not seen
  Violations violations;                    // of a spec that an older schema let in
  std::optional<api::Placement> granted;    // the pass decided and the charge is written
  std::optional<HoldFacts> hold;
  std::optional<std::string> waits_for_job;  // of dependsOn
  std::optional<NominatedFacts> nominated;
  std::optional<StopFacts> has_to_stop;    // it runs, and its attempt has to end
  std::vector<std::string> missing_nodes;  // of the placement
  Instant start_counts_from{};             // admission, or later when no scheduler was alive
  bool has_service = false;                // the rendezvous Service is there
  std::vector<const Named*> slices;        // that it controls
  std::optional<api::Progress> progress;   // newer than what the status has
  std::optional<api::CheckpointStatus> checkpoint;
  std::optional<LastWord> last_word;          // of a first worker whose pod is gone
  std::optional<int64_t> micro_usd_per_hour;  // of the placement, or of what is granted
  Instant now;
  const Settings& settings;
};

struct Note {
  bool warning = false;
  std::string reason;
  std::string action;
  std::string text;
  bool operator==(const Note&) const = default;
};

// Either the status is written or pods are touched, never both: what follows from a status is done
// only once it is stored.
struct JobPlan {
  std::optional<api::GpuJobStatus> status;
  bool add_finalizer = false;
  bool remove_finalizer = false;
  bool delete_job = false;
  bool list_pods = false;                          // the server is to tell them all, now
  std::vector<int64_t> create_workers;             // indexes
  std::vector<const translate::Pod*> delete_pods;  // by uid
  Rendezvous rendezvous;
  std::vector<std::string> avoid_nodes;  // a plan failed there
  std::vector<Note> notes;
  std::optional<Instant> again_at;
};

JobPlan decide(const JobFacts& facts);

}  // namespace berth::control
