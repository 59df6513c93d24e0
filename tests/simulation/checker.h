#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kube/fake/fake_server.h"

namespace berth::simulation {

// For whom the job's attempt that ended last gave way, NAMESPACE/NAME, as it says itself; empty:
// for nobody.
std::string gave_way_to(const Json& job);

// The invariants, looked at whenever an object changes, with tallies kept so that a look costs what
// changed and not what there is. README.md lists them by the names used here.
class Checker {
 public:
  explicit Checker(const kube::fake::FakeServer& server) : server_(server) {}

  void changed(const std::string& collection, const kube::fake::Change& change);
  // The objects are others than before: the server went back to a backup.
  void start_over();
  // While those who write still act on what the server has lost, what they wrote need not fit to
  // what is there again.
  void forgive(bool on) { is_forgiving_ = on; }

  // An operator's request, as it reaches the server.
  void asked(const kube::Request& request);

  // Jobs (namespace, name) that are neither over nor being deleted, but for replicas and for those
  // that nothing can be read of.
  std::vector<std::pair<std::string, std::string>> unfinished() const;

  // "NAME: what is wrong", each once.
  const std::vector<std::string>& broken() const { return broken_; }
  void broke(const std::string& invariant, const std::string& what);
  std::function<void(const std::string& what)> on_broken;  // may be empty

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, name

  struct Job {
    Name name;
    int64_t attempt = 0;                   // that is placed; 0: none
    int64_t devices = 0;                   // of its placement
    std::map<int64_t, std::string> nodes;  // of its workers
    bool is_nominated = false;
    bool is_finished = false;
    bool is_leaving = false;  // being deleted
    bool is_replica = false;  // serves for ever
    int64_t counted = 0;      // attempts, failures and preemptions so far
    int64_t ends = 0;         // attempts whose end is written
  };
  struct Pod {
    std::string owner;  // UID of its GpuJob; empty: foreign
    Name name;
    std::string node;
    int64_t devices = 0;
    int64_t attempt = 0;
    int64_t index = 0;
    bool is_live = false;
    bool is_admitted = false;  // foreign: planned, or let go with a pin
  };
  struct Quota {
    std::vector<std::string> namespaces;
    std::string parent;
    int64_t used = 0;
    int64_t limit = 0;
    int64_t epoch = 0;
    bool is_honoured = true;
  };

  void job_changed(const std::string& uid, const Json* object);
  void pod_changed(const std::string& uid, const Json* object);
  void quota_changed(const std::string& name, const Json* object);
  void node_changed(const std::string& name, const Json* object);

  void check_job(const std::string& uid, const Job& before, const Job& now, const Json& object);
  void check_preempted(const Job& now, const Json& object);
  void check_charges();
  void check_worker(const Pod& pod);
  void check_node(const std::string& name);
  void count(const Pod& pod, int sign);
  static Job read_job(const Json& object);
  Pod read_pod(const Json& object) const;

  const kube::fake::FakeServer& server_;
  std::map<std::string, Job> jobs_;  // by UID
  std::map<std::string, Pod> pods_;  // by UID
  std::map<std::string, Quota> quotas_;
  std::map<std::string, int64_t> capacity_;                 // devices by node
  std::map<std::string, int64_t> held_;                     // by live pods, by node
  std::map<std::string, int64_t> placed_;                   // by namespace
  std::map<std::pair<std::string, int64_t>, int> workers_;  // live and bound, by job and index
  bool is_starting_over_ = false;
  bool is_forgiving_ = false;
  std::set<std::string> said_;
  std::vector<std::string> broken_;
};

}  // namespace berth::simulation
