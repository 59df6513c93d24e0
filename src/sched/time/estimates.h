#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "sched/ids.h"
#include "sched/time/run_times.h"

namespace berth::sched {

// What is known about a run before it ends. An empty text and 0 devices are "not known".
struct RunKey {
  std::string owner;          // who submits: a namespace or a user
  std::string template_name;  // what is run again and again: an image, a name without its number
  DeviceClass device_class;
  int64_t devices = 0;
};

struct EstimateSettings {
  Millis prior = std::chrono::hours{1};  // what a run takes while nothing is known
  int64_t half_life = 64;                // runs, per key, after which a run counts half
  int64_t trust_milli = 2000;            // runs a wider key weighs against a narrower one's own
  size_t most_keys = 4096;               // then the key that learned longest ago is forgotten
};

// Learned run times, for backfill and for start estimates. Nothing is ever ended for having been
// estimated wrongly, and nothing that is promised may rest on it.
//
// Five keys from narrow to wide: owner and template; owner; template; class and size (to the next
// power of two); everything. Each key's own runs count in full and the wider ones stand in for
// `trust_milli` more, so that few runs do not decide and many do (Dirichlet back-off, MacKay and
// Peto 1995). Behind the widest stands the prior, doubled until it is longer than what already ran.
// Answers are about runs that lasted at least as long as this one already has: a job that outlives
// its estimate gets a longer one.
class Estimates {
 public:
  explicit Estimates(EstimateSettings settings = {}) : settings_(settings) {}

  // A run that came to its end by itself. One that was stopped says only that it would have taken
  // longer: leave it out. O(log keys).
  void learn(const RunKey& key, Millis ran);

  // How much longer it will run, with a chance of `basis_points` of being done by then; at least
  // one millisecond. O(log keys + buckets), a few microseconds.
  Millis remaining(const RunKey& key, Millis already_run, int64_t basis_points) const;
  // The same under a declared bound on its whole run time, which is enforced and so a sure bound.
  Millis remaining(const RunKey& key, Millis already_run, int64_t basis_points,
                   std::optional<Millis> max_runtime) const;

  size_t keys() const { return known_.size(); }

 private:
  struct Key {
    int level = 0;
    std::string owner;
    std::string template_name;
    DeviceClass device_class;
    int64_t size = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Known {
    RunTimes runs;
    uint64_t learned = 0;  // ordinal of its last run
  };
  static constexpr int kLevels = 5;
  // Nothing when the run lacks what the level is about.
  static std::optional<Key> key_of(const RunKey& run, int level);
  void forget_oldest();

  EstimateSettings settings_;
  std::map<Key, Known> known_;
  std::map<uint64_t, Key> by_age_;
  uint64_t learned_ = 0;
};

}  // namespace berth::sched
