#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/gpujob.h"
#include "api/quota.h"
#include "api/slatier.h"
#include "base/clock.h"
#include "base/log.h"
#include "decisionlog/log.h"
#include "decisionlog/testing/memory_files.h"
#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "kube/fake/model_kubelet.h"
#include "operator/manager/operator.h"

namespace berth::integration {

inline constexpr const char* kH200 = "nvidia-h200";

// One run of berth-operator: it and its connection live and die together.
struct Process {
  std::string identity;
  decisionlog::testing::MemoryFiles files;  // of its decision log
  std::unique_ptr<decisionlog::DecisionLog> log;
  std::unique_ptr<kube::fake::FakeTransport> transport;
  std::unique_ptr<control::Operator> program;  // empty: it has ended
  bool paused = false;                         // as if by SIGSTOP
  Monotonic wake = Monotonic::min();

  bool runs() const { return program != nullptr; }
  void crash();
};

// What the workers of a job do once they run.
struct Behaviour {
  Millis runs{0};          // 0: for ever
  std::vector<int> exits;  // by attempt; 0 for every further one
};

// A cluster in one process, spoken to in sentences:
//   cluster.node("a", 8).quota("blue", 4).job("train", 2).settle();
// Time stands still but in pass() and until(). After every step that changes the server, the rules
// of invariants.h are checked; at the end the decision logs are replayed.
class Cluster {
 public:
  using JobChange = std::function<void(api::GpuJob&)>;
  using QuotaChange = std::function<void(api::Quota&)>;
  using TierChange = std::function<void(api::SlaTier&)>;

  // With one operator, "operator-0", that leads.
  Cluster();
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // ---- what there is ----
  Cluster& node(const std::string& name, int64_t devices, const std::string& rack = "");
  Cluster& name_space(const std::string& name);
  // A leaf over the namespace of its name, unless `change` says otherwise; jobs created from here
  // on are in that namespace.
  Cluster& quota(const std::string& name, int64_t guaranteed, const QuotaChange& change = {});
  // Promises nothing and gives way, unless `change` says otherwise.
  Cluster& tier(const std::string& name, int64_t order, const TierChange& change = {});
  Cluster& in(const std::string& name_space);  // where jobs and pods are created and looked up
  Cluster& job(const std::string& name, int64_t workers, int64_t devices = 1,
               const JobChange& change = {});
  Cluster& behaves(const std::string& job, Behaviour behaviour);
  // A pod of nobody's, running on `node` past every policy.
  Cluster& foreign_pod(const std::string& name, const std::string& node, int64_t devices);
  // A pod as the admission policies let it in: gated, for Berth's scheduler. With a group, one of
  // `group_size` that are admitted together.
  Cluster& gated_pod(const std::string& name, int64_t devices, const std::string& group = "",
                     int64_t group_size = 1);

  // ---- what people do ----
  Cluster& change_job(const std::string& name, const JobChange& change);
  Cluster& change_quota(const std::string& name, const QuotaChange& change);
  Cluster& remove(const kube::Resource& resource, const std::string& name);
  Cluster& delete_job(const std::string& name) { return remove(kube::kGpuJobs, name); }
  Cluster& delete_pod(const std::string& name) { return remove(kube::kPods, name); }
  Cluster& delete_node(const std::string& name);
  Cluster& finish(const std::string& pod, int exit_code, const std::string& message = {});

  // ---- what nodes do ----
  Cluster& rejects(const std::string& node, const std::string& reason);  // empty: no longer
  Cluster& starts_nothing(const std::string& node);  // pods are bound there and never start
  Cluster& ends_nothing(const std::string& node);    // pods there stay terminating

  // ---- time ----
  Cluster& settle();  // what follows at once: a quarter of a second passes
  Cluster& pass(Millis time);
  // Lets time pass until `holds`; false when it does not within `most`.
  bool until(const std::function<bool()>& holds, Millis most = std::chrono::minutes(5));

  // ---- operators ----
  Process& start_operator(const std::string& identity);
  Process& first() { return *processes_.front(); }
  Process& newest() { return *processes_.back(); }
  std::vector<Process*> operators();  // that have ever run
  // Told about every request just before and just after the server has it.
  std::function<void(Process&)> after_step;

  // ---- what is seen ----
  api::GpuJob job_named(const std::string& name) const;
  bool has_job(const std::string& name) const;
  api::Quota quota_named(const std::string& name) const;
  api::SlaTier tier_named(const std::string& name) const;
  int64_t used(const std::string& quota) const;
  std::vector<std::string> pods() const;  // names, in the current namespace
  std::vector<std::string> live_pods() const;
  const Json& pod(const std::string& name) const;
  std::string said(const std::string& job, std::string_view condition) const;  // "True Ready"
  bool is_finished(const std::string& job) const;

  // Decides again all that the operators have decided; whatever comes out otherwise is a failure.
  void replay_decisions() const;

  // The rules that were seen broken, each once; a story without faults has none.
  const std::vector<std::string>& broken() const { return broken_; }

  ManualClock clock;
  kube::fake::FakeServer server;
  kube::fake::ModelKubelet kubelet;
  control::Settings settings;
  bool quotas_may_be_lowered = false;  // then running work may be over its quota

 private:
  struct NodeState {
    std::string rejects;
    bool starts = true;
    bool ends = true;
  };

  // How many objects of the three kinds that matter there are, and the newest of each.
  using Fingerprint = std::array<std::pair<size_t, uint64_t>, 3>;

  void must(const kube::Response& response) const;
  void rest();  // everything that is due now
  bool turn();
  bool drive(Process& process);
  bool move_pods();
  void bind(const Json& pod);
  void tend(const Json& pod);
  void end(const Json& pod);
  Monotonic end_of(const Json& pod) const;
  Monotonic next_wake() const;
  Fingerprint fingerprint() const;
  void look();
  int64_t free_devices(const std::string& node, const std::string& resource) const;

  NoLog log_;
  std::string name_space_ = "default";
  std::map<std::string, Behaviour> behaviours_;  // by job
  std::map<std::string, NodeState> nodes_;
  std::vector<std::unique_ptr<Process>> processes_;
  uint64_t seen_version_ = 0;
  uint64_t collected_ = 0;  // version up to which garbage is collected
  Fingerprint seen_{};
  std::optional<Fingerprint> moved_;       // nothing is left to do for pods of this state
  Monotonic next_end_ = Monotonic::max();  // of a worker
  std::vector<std::string> broken_;
};

}  // namespace berth::integration
