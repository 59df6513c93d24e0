#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "kube/backoff.h"
#include "kube/transport.h"

namespace berth::runtime {

struct ElectionRules {
  std::string name_space;
  std::string lease_name;
  std::string identity;           // the pod's name: the API server fences writes by it
  Millis lease{15'000};           // others wait so long after the last renewal that they saw
  Millis renew_deadline{10'000};  // a leader that has not renewed for so long stops being one
  Millis retry{2'000};
  uint64_t seed = 0;  // of the jitter between followers' tries
};

// Leader election on a coordination.k8s.io/v1 Lease, as client-go does it: the holder renews,
// others take over when they have seen no change for a whole lease by their own monotonic clock.
// The times inside the Lease are for people and are never compared.
//
//   Following --acquired--> Leading --renew deadline passed, or another holder--> Over
//       |                      |
//       +------ release() -----+--(lease emptied)----------------------------> Over
//
// Over is final: a process that has led and stopped must end, since work that it started may still
// be under way. Two processes can both believe to lead while a clock is paused; writes are
// fenced elsewhere (compare-and-swap, the API server's policy on this Lease).
//
// No I/O, no clock: tick() gives a request, answered() takes its reply.
class Election {
 public:
  explicit Election(ElectionRules rules) : rules_(std::move(rules)) {}

  // The request to send now, if any; at most one is under way.
  std::optional<kube::Request> tick(const Clock& clock);
  void answered(const Result<Json>& lease, const Clock& clock);
  // When to call tick() next at the latest; max() while an answer is awaited.
  Monotonic next_tick() const;

  // Whether this process may act as the leader at `now`.
  bool leads(Monotonic now) const;
  // Counts the holders of the Lease so far, this one included; 0 before it is acquired.
  int64_t epoch() const { return epoch_; }
  const std::string& holder() const { return holder_; }  // as last seen; for logs
  bool over() const { return state_ == State::Over; }
  // Why it is over, for logs; empty until then.
  const std::string& why_over() const { return why_over_; }

  // Graceful stop: gives the Lease up if it is held, so that another need not wait for it to
  // expire. Call only after the last write has been answered.
  void release();

 private:
  enum class State { Following, Leading, Over };
  enum class Ask { Nothing, Read, Create, Take, Renew, GiveUp };

  kube::Request ask(Ask what, const Clock& clock);
  Json lease_to_write(Ask what, Instant now) const;
  void observe(const Json& lease, Monotonic now);
  void seen(Monotonic now);
  void refused(Ask asked, const Error& error, Monotonic now);
  void try_again(Ask what, Monotonic at);
  void end(std::string why);
  Monotonic retry_at(Monotonic now);

  ElectionRules rules_;
  State state_ = State::Following;
  Ask asked_ = Ask::Nothing;  // under way
  Ask next_ = Ask::Read;      // to be asked at try_at_
  Monotonic asked_at_{};
  Monotonic try_at_ = Monotonic::min();
  bool releasing_ = false;

  std::string lease_;   // as last seen, as text; empty: never
  std::string holder_;  // of it
  Millis holder_lease_{0};
  Monotonic changed_at_{};  // when its spec was last seen to change
  Monotonic renewed_at_{};  // when our last accepted write was asked for
  int64_t epoch_ = 0;
  uint64_t tries_ = 0;
  std::string why_over_;
};

// Drives an Election over a transport.
class Elector {
 public:
  Elector(kube::Transport& transport, const Clock& clock, ElectionRules rules);
  ~Elector();
  Elector(const Elector&) = delete;
  Elector& operator=(const Elector&) = delete;

  Monotonic tick();  // when to call again at the latest
  Election& election() { return election_; }
  const Election& election() const { return election_; }

 private:
  kube::Transport& transport_;
  const Clock& clock_;
  Election election_;
  std::shared_ptr<Elector*> self_;  // replies outlive us; they hold a weak pointer to this
};

}  // namespace berth::runtime
