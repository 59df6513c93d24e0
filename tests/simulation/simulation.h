#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/cluster.h"
#include "tests/simulation/act.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/promises.h"
#include "tests/simulation/routers.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/served.h"

namespace berth::simulation {

inline constexpr const char* kRack = "example.com/rack";  // a label that every node has
inline constexpr uint32_t kRacks = 4;
inline constexpr std::array<const char*, 3> kTeams = {"blue", "red", "green"};
inline constexpr std::array<const char*, 3> kTiers = {"premium", "standard", "spot"};

// What is chosen once per run.
struct Setting {
  uint64_t seed = 0;
  bool is_fenced = true;  // the API server refuses the operators that hold no Lease
  Millis fence_late{0};   // by which the server's view of the Lease is old
  Millis latency{0};      // the most that a request or an answer takes
};

// A cluster of eight nodes in four racks and three tenants with two operators, an extender, and all
// that goes wrong with them. A function of its setting and of the acts: no thread, no clock, no
// other randomness.
class Simulation {
 public:
  explicit Simulation(Setting setting);

  void play(const std::vector<Act>& acts);
  // Faults cease, everybody behaves: what is left has to come to its end.
  void calm_down();

  // ---- for acts ----
  // Names (namespace, name) of those that are valid and not being deleted.
  std::vector<std::pair<std::string, std::string>> named(const kube::Resource& resource) const;
  // One of them, in whose namespace the cluster is then; nothing if there is none.
  std::optional<std::string> one_of(const kube::Resource& resource, uint32_t draw);
  std::string node(uint32_t draw) const;
  std::string team(uint32_t draw) const;
  void add_node(const std::string& name);
  void install_tiers();  // as the chart does; those that are there stay as they are
  integration::Process* running(uint32_t draw);
  integration::Process& start_operator();
  std::string fresh_name(const char* prefix) { return prefix + std::to_string(++made_); }
  // Does that so much later, or when things calm down.
  void later(Millis delay, std::function<void()> what);
  // The process ends, and another starts, at the write for which `is_due` is set; the first
  // `writes` that would set it pass.
  void crash_when(integration::Process& process, std::shared_ptr<bool> is_due, int writes);
  void restore_backup();
  // As somebody with kubectl does, whoever holds it.
  void change_lease(const Json& lease);
  // An operator's request, as the server takes it.
  void arrive(const std::string& identity, const kube::Request& request);
  // One that its sender has given up waiting for.
  void arrive_late(const std::string& identity, const kube::Request& request);
  void fence_is_late(Millis by) { setting_.fence_late = by; }

  // ---- what came of it ----
  std::vector<std::string> broken() const;
  uint64_t trace() const { return trace_; }  // hash of all changes, in order
  size_t changes() const { return changes_; }
  size_t changes_of_users = 0;  // for the bound on what may follow from them

  // Hears each act, change and violation when it happens, as a line for people; empty: nobody.
  std::function<void(const std::string& line)> tell;

  Routers routers;
  integration::Cluster cluster;

 private:
  struct Holder {
    Instant since;
    std::string identity;
  };

  void wire(integration::Process& process);
  void tell_of(const std::string& what) const;
  std::optional<kube::Response> fence(const std::string& identity, const kube::Request& request);
  void changed(const std::string& collection, const kube::fake::Change& change);
  void lease_changed(const std::string& holder);
  void check_leads(const integration::Process& process);
  void asked(const kube::Request& request);
  void pass_until(Monotonic end);
  // calm.cc
  void cease();
  void lift_all_bounds();
  void behave();
  void give_up_reservations();
  bool is_hot() const;
  bool until(const std::function<bool()>& holds, Millis most);
  void settle_endpoints();
  void rest_endpoints();
  void sleep_endpoints();
  void wake_endpoints(const std::vector<Served::Name>& asleep);
  void delete_endpoints();
  void check_quiet();

  Setting setting_;
  Monotonic started_{};  // when the first act could be
  std::mt19937 latency_;
  Checker checker_;
  Promises promises_;
  Served served_;
  std::vector<std::string> troubles_;
  std::multimap<Monotonic, std::function<void()>> timers_;
  std::deque<std::pair<Instant, kube::fake::Storage::Backup>> backups_;
  std::vector<Holder> holders_;
  std::string lessee_;     // whom the Lease names; empty: nobody, or somebody else has written it
  Monotonic leased_at_{};  // when it was last renewed
  std::map<std::string, Monotonic> renewed_;  // by each that has had it
  Monotonic forgiven_until_ = Monotonic::min();
  struct Crash {
    std::shared_ptr<bool> is_due;
    int writes = 0;
  };
  std::map<integration::Process*, Crash> crashes_;
  uint64_t trace_ = 14695981039346656037U;
  size_t changes_ = 0;
  int made_ = 0;
  std::optional<Scheduler> scheduler_;

 public:
  Scheduler& scheduler() { return *scheduler_; }
};

}  // namespace berth::simulation
