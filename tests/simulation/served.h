#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kube/fake/fake_server.h"

namespace berth::simulation {

// The invariants about InferenceEndpoints. An operator decides some time before its writes are
// stored, by caches that may be old: so what it does is judged by the most and the least that an
// endpoint has said of late.
class Served {
 public:
  using Name = std::pair<std::string, std::string>;  // namespace, name
  using Broke = std::function<void(const std::string& invariant, const std::string& what)>;
  Served(const kube::fake::FakeServer& server, const Clock& clock, Broke broke)
      : server_(server), clock_(clock), broke_(std::move(broke)) {}

  void changed(const std::string& collection, const kube::fake::Change& change);
  // An operator's request, as it reaches the server.
  void asked(const kube::Request& request);
  // The same for one that nobody waits for any more: it was decided too long ago to be judged.
  void arrived_late(const kube::Request& request);
  // The server went back to a backup.
  void start_over();

  // Endpoints that are not being deleted.
  std::vector<Name> endpoints() const;
  // What is not as it should be once nobody changes anything and the load is steady; see README.md.
  std::vector<std::string> unsettled() const;
  // What is there of endpoints that are not.
  std::vector<std::string> left_over() const;
  int64_t serving(const Name& endpoint) const;
  bool may_sleep(const Name& endpoint) const;
  size_t writes() const { return writes_; }  // of endpoints and replicas

 private:
  // What an endpoint asks for, as long as it did.
  struct Bounds {
    Monotonic since;
    int64_t least = 0;
    int64_t most = 0;
  };
  struct Endpoint {
    Name name;
    bool is_leaving = false;
    bool has_slo = false;
    int64_t counted = 0;          // requests that its promise is judged by
    std::deque<Bounds> bounds{};  // oldest first
    std::optional<Monotonic> too_many_since{};
  };
  struct Replica {
    Name name;
    std::string endpoint;  // UID
    std::string revision;  // what it runs
    bool is_serving = false;
    bool is_placed = false;
    bool is_suspended = false;
    bool is_gone = false;   // over, being deleted, or asked to go
    bool is_asked = false;  // to go, by an operator
    std::optional<Monotonic> over_since{};
    std::optional<Monotonic> silent_since{};  // keeps its place, answers nobody and does not start
    std::optional<Monotonic> stood_in_for{};  // the last time that another might be
    Monotonic waits_since{};                  // for a place
    Instant waits_from{};                     // by the clock on the wall
    Monotonic placed_since{};                 // where it is
    Monotonic serving_since{};                // where it does
    std::optional<Monotonic> served_at{};     // the last time
  };

  void lease_changed(const Json& object);
  void endpoint_changed(const Json& object, bool is_gone);
  void replica_changed(const Json& object, bool is_gone);
  void count_promise(Endpoint& endpoint, const Json& status) const;
  void check_bound(const std::string& uid);
  int64_t surge_of(const std::string& endpoint, int64_t most);
  Replica* asked_for(const kube::Request& request);
  bool may_serve(const Replica& replica) const;
  bool lacks_a_place(const Replica& replica) const;
  void check_kept(const Replica& going) const;
  bool is_recent(std::optional<Monotonic> at) const;
  Bounds bounds_of(const Endpoint& endpoint) const;
  std::string unsettled(const Json& object) const;

  const kube::fake::FakeServer& server_;
  const Clock& clock_;
  Broke broke_;
  std::map<std::string, Endpoint> endpoints_;              // by UID
  std::map<std::string, Replica> replicas_;                // by UID
  std::map<std::string, std::deque<Monotonic>> vanished_;  // that served, by endpoint: when
  std::deque<Monotonic> late_;
  std::string leader_;
  Monotonic led_since_{};  // by this one, who has to put right what it finds
  size_t writes_ = 0;
};

std::string title_of(const Served::Name& name);  // "namespace/name"

}  // namespace berth::simulation
