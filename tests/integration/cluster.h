#pragma once
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
#include "tests/integration/kubelets.h"

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
  Monotonic wake{};

  bool runs() const { return program != nullptr; }
  void crash();
};

// Another part of the cluster that moves by itself, such as a scheduler.
class Part {
 public:
  virtual ~Part() = default;
  virtual bool turn() = 0;             // does one thing that is due; false: nothing is
  virtual Monotonic next() const = 0;  // when something is due at the latest
};

// What to do about what should never be: a model is refused, nothing comes to rest, a log replays
// otherwise.
using Report = std::function<void(const std::string&)>;
Report fails_the_test();

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
  explicit Cluster(Report report = fails_the_test(), control::MetricsFetcher* fetches = nullptr,
                   control::Settings chosen = {});
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
  Cluster& behaves(const std::string& job_or_image, Behaviour behaviour);
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
  Cluster& starts_nothing(const std::string& node, bool on = true);      // pods there never start
  Cluster& ends_nothing(const std::string& node, bool on = true);  // pods there stay terminating

  // ---- time ----
  Cluster& settle();  // what follows at once: a quarter of a second passes
  Cluster& pass(Millis time);
  // Everything that is due now, without time passing.
  Cluster& now() {
    rest();
    return *this;
  }
  // Lets time pass until `holds`; false when it does not within `most`.
  bool until(const std::function<bool()>& holds, Millis most = std::chrono::minutes(5));

  // ---- operators ----
  Process& start_operator(const std::string& identity);
  Process& first() { return *processes_.front(); }
  Process& newest() { return *processes_.back(); }
  std::vector<Process*> operators();  // that have ever run
  // Takes its turn with the others; it has to outlive the cluster's last move.
  void add(Part& part) { parts_.push_back(&part); }
  // A part that binds pods: nodes bind none then.
  void add_scheduler(Part& scheduler) {
    add(scheduler);
    binds_ = false;
  }
  // GpuJobs have to be valid by their schema, as they have from the start.
  void validate_jobs();
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

  // Whether the node has the devices that the pod wants, as kube-scheduler counts.
  bool has_room_for(const Json& pod, const std::string& node) const;

  // Decides again all that the operators have decided; whatever comes out otherwise is a failure.
  void replay_decisions() const;

  // The rules that were seen broken, each once; a story without faults has none.
  const std::vector<std::string>& broken() const { return broken_; }
  // The server's objects are others than before, and nobody was told of a change.
  void server_was_restored() { kubelets_.look_at_all(); }
  // Told about every change of the server, before anything else hears of it.
  std::function<void(const std::string& collection, const kube::fake::Change& change)> on_change;
  bool checks_every_step = true;  // the rules of invariants.h
  bool replays_at_end = true;     // else the owner calls replay_decisions()

  ManualClock clock;
  kube::fake::FakeServer server;
  kube::fake::ModelKubelet kubelet;
  control::Settings settings;
  control::MetricsFetcher* fetcher;    // of operators that are started from here on; may be null
  bool quotas_may_be_lowered = false;  // then running work may be over its quota

 private:
  void must(const kube::Response& response) const;
  void rest();  // everything that is due now
  bool turn();
  bool drive(Process& process);
  bool bind_pinned();
  void bind(const Json& pod);
  Monotonic next_wake() const;
  void look();
  int64_t free_devices(const std::string& node, const std::string& resource) const;

  NoLog log_;
  std::string name_space_ = "default";
  Kubelets kubelets_;
  std::vector<std::unique_ptr<Process>> processes_;
  Report report_;
  std::vector<Part*> parts_;
  bool binds_ = true;
  uint64_t changes_ = 0;           // of pods, GpuJobs and Quotas
  uint64_t seen_ = 0;              // changes after which the rules were looked at
  uint64_t collected_ = 0;         // version up to which garbage is collected
  std::optional<uint64_t> bound_;  // changes after which nothing was left to bind
  std::vector<std::string> broken_;
};

}  // namespace berth::integration
