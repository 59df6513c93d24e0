#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/common.h"
#include "api/condition.h"

namespace berth::api {

// How many workers there should be and how many are ready.
struct WorkerCounts {
  int64_t desired = 0;
  int64_t ready = 0;

  template <class V>
  static void describe(V& v) {
    v.field("desired", &WorkerCounts::desired, {.minimum = 0}, "Workers that should run.");
    v.field("ready", &WorkerCounts::ready, {.minimum = 0}, "Workers that are ready.");
  }
  bool operator==(const WorkerCounts&) const = default;
};

// Where one worker runs and what it holds there.
struct PlacedWorker {
  std::string cluster;
  std::string node;
  std::string device_class;
  int64_t count = 0;

  template <class V>
  static void describe(V& v) {
    v.field("cluster", &PlacedWorker::cluster, {.defaulted = true},
            "Cluster of the node; empty is this one.");
    v.field("node", &PlacedWorker::node, {.required = true, .min_length = 1}, "Node.");
    v.field("class", &PlacedWorker::device_class,
            {.required = true, .min_length = 1, .max_length = kCountedClassLength},
            "Device class, or share of it, CLASS/NAME.");
    v.field("count", &PlacedWorker::count, {.required = true, .minimum = 0},
            "Devices that the worker holds.");
  }
  bool operator==(const PlacedWorker&) const = default;
};

// The node of every worker of an attempt; a worker's place in the list is its index.
struct Placement {
  int64_t attempt = 0;
  std::vector<PlacedWorker> workers;

  template <class V>
  static void describe(V& v) {
    v.field("attempt", &Placement::attempt, {.required = true, .minimum = 1},
            "Attempt that the placement is for.");
    v.field("workers", &Placement::workers, {.required = true, .max_items = kMostWorkers},
            "Workers in the order of their index.");
  }
  bool operator==(const Placement&) const = default;
};

// An attempt that is over.
struct Attempt {
  int64_t attempt = 0;
  std::vector<NodeRef> nodes;
  std::string cause;
  std::optional<Instant> started_at;
  std::optional<Instant> ended_at;
  int64_t lost_device_seconds = 0;

  template <class V>
  static void describe(V& v) {
    v.field("attempt", &Attempt::attempt, {.required = true, .minimum = 1},
            "Number, counted from 1.");
    v.field("nodes", &Attempt::nodes, {.max_items = 64},
            "Nodes it ran on, each once; the first 64 of them.");
    v.field("cause", &Attempt::cause,
            {.min_length = 1, .max_length = 128, .pattern = kReasonWordPattern}, "Why it ended.");
    v.field("startedAt", &Attempt::started_at, {}, "When all its workers were first ready.");
    v.field("endedAt", &Attempt::ended_at, {}, "When its last worker was gone.");
    v.field("lostDeviceSeconds", &Attempt::lost_device_seconds, {.minimum = 0},
            "Device-seconds since its last checkpoint.");
  }
  bool operator==(const Attempt&) const = default;
};

// What the workers report of their training.
struct Progress {
  int64_t step = 0;
  int64_t steps = 0;
  int64_t percent = 0;
  std::optional<int64_t> eta_seconds;
  std::optional<int64_t> samples_per_second;
  std::optional<Instant> last_heartbeat;

  template <class V>
  static void describe(V& v) {
    v.field("step", &Progress::step, {.minimum = 0}, "Steps done.");
    v.field("steps", &Progress::steps, {.minimum = 0}, "Steps to do; 0 when not known.");
    v.field("percent", &Progress::percent, {.minimum = 0, .maximum = 100}, "Percent done.");
    v.field("etaSeconds", &Progress::eta_seconds, {.minimum = 0}, "Seconds left at this rate.");
    v.field("samplesPerSecond", &Progress::samples_per_second, {.minimum = 0},
            "Rate of the whole gang.");
    v.field("lastHeartbeat", &Progress::last_heartbeat, {}, "When a worker last answered.");
  }
  bool operator==(const Progress&) const = default;
};

struct CheckpointStatus {
  int64_t step = 0;
  std::optional<Instant> at;
  std::string uri;
  std::string sha256;
  std::optional<int64_t> last_restore_seconds;

  template <class V>
  static void describe(V& v) {
    v.field("step", &CheckpointStatus::step, {.minimum = 0}, "Step that it holds.");
    v.field("at", &CheckpointStatus::at, {}, "When it was written.");
    v.field("uri", &CheckpointStatus::uri, {.max_length = 1024}, "Where it is.");
    v.field("sha256", &CheckpointStatus::sha256, {.max_length = 64, .pattern = kSha256Pattern},
            "Digest of its bytes.");
    v.field("lastRestoreSeconds", &CheckpointStatus::last_restore_seconds, {.minimum = 0},
            "Seconds that the last resume took.");
  }
  bool operator==(const CheckpointStatus&) const = default;
};

// What became of the device time that the job was charged, in device-seconds.
struct DeviceSeconds {
  int64_t productive = 0;
  int64_t lost = 0;
  int64_t waiting = 0;

  template <class V>
  static void describe(V& v) {
    v.field("productive", &DeviceSeconds::productive, {.minimum = 0},
            "Device-seconds of training that was kept.");
    v.field("lost", &DeviceSeconds::lost, {.minimum = 0},
            "Device-seconds of training that was done again: what followed the last checkpoint.");
    v.field("waiting", &DeviceSeconds::waiting, {.minimum = 0},
            "Device-seconds held while workers were starting.");
  }
  bool operator==(const DeviceSeconds&) const = default;
};

enum class CostBasis { Allocation, Usage };
constexpr auto enum_names(CostBasis) {
  return std::array<std::string_view, 2>{"Allocation", "Usage"};
}

struct JobCost {
  int64_t micro_usd = 0;
  int64_t micro_usd_lost = 0;
  CostBasis basis = CostBasis::Allocation;

  template <class V>
  static void describe(V& v) {
    v.field("microUsd", &JobCost::micro_usd, {.minimum = 0}, "Millionths of a US dollar so far.");
    v.field("microUsdLost", &JobCost::micro_usd_lost, {.minimum = 0},
            "Millionths of a US dollar for work that was lost.");
    v.field("basis", &JobCost::basis, {}, "What is priced: what was held, or what was busy.");
  }
  bool operator==(const JobCost&) const = default;
};

struct MlflowRun {
  std::string run_id;
  std::string model_id;
  std::string model;
  std::string version;
  std::string url;

  template <class V>
  static void describe(V& v) {
    v.field("runId", &MlflowRun::run_id, {}, "Run that the job is logged as.");
    v.field("modelId", &MlflowRun::model_id, {}, "Logged model.");
    v.field("model", &MlflowRun::model, {}, "Registered model.");
    v.field("version", &MlflowRun::version, {}, "Version of the registered model.");
    v.field("url", &MlflowRun::url, {.max_length = 1024}, "Page of the run.");
  }
  bool operator==(const MlflowRun&) const = default;
};

// What made the job, when it was not a person.
struct JobCause {
  std::string kind;
  std::string name;
  std::string reason;
  std::string decision;

  template <class V>
  static void describe(V& v) {
    v.field("kind", &JobCause::kind, {}, "Kind of the object that asked for it.");
    v.field("name", &JobCause::name, {}, "Name of that object.");
    v.field("reason", &JobCause::reason, {}, "Why.");
    v.field("decision", &JobCause::decision, {}, "Entry of the decision log.");
  }
  bool operator==(const JobCause&) const = default;
};

struct GpuJobStatus {
  int64_t observed_generation = 0;
  int64_t attempt = 0;
  int64_t failures = 0;
  int64_t preemptions = 0;
  std::optional<WorkerCounts> workers;
  std::optional<Placement> placement;
  std::optional<Placement> nominated;
  std::vector<Attempt> attempts;
  std::optional<Progress> progress;
  std::optional<CheckpointStatus> checkpoint;
  std::optional<DeviceSeconds> device_seconds;
  std::optional<JobCost> cost;
  std::optional<MlflowRun> mlflow;
  std::map<std::string, std::string> result;
  std::optional<JobCause> cause;
  std::optional<Instant> admitted_at;
  std::optional<Instant> started_at;
  std::optional<Instant> finished_at;
  std::optional<Instant> next_attempt_at;
  std::vector<Condition> conditions;

  template <class V>
  static void describe(V& v) {
    v.field("observedGeneration", &GpuJobStatus::observed_generation, {.minimum = 0},
            "Generation of the spec that this status is about.");
    v.field("attempt", &GpuJobStatus::attempt, {.minimum = 0},
            "Number of the newest attempt, counted from 1; 0 before the first.");
    v.field("failures", &GpuJobStatus::failures, {.minimum = 0}, "Attempts that failed.");
    v.field("preemptions", &GpuJobStatus::preemptions, {.minimum = 0},
            "Attempts that gave way to other work or to a drain.");
    v.field("workers", &GpuJobStatus::workers, {}, "Workers of the newest attempt.");
    v.field("placement", &GpuJobStatus::placement, {},
            "Where the attempt runs. While it is there, its devices are charged.");
    v.field("nominated", &GpuJobStatus::nominated, {},
            "Placement that is proved and waits for the devices' release.");
    v.field("attempts", &GpuJobStatus::attempts, {.max_items = 10},
            "The last ten attempts that are over, oldest first.");
    v.field("progress", &GpuJobStatus::progress, {}, "What the workers report.");
    v.field("checkpoint", &GpuJobStatus::checkpoint, {}, "Newest checkpoint.");
    v.field("deviceSeconds", &GpuJobStatus::device_seconds, {},
            "What became of the device time that was charged.");
    v.field("cost", &GpuJobStatus::cost, {}, "Price so far.");
    v.field("mlflow", &GpuJobStatus::mlflow, {}, "What was logged.");
    v.field("result", &GpuJobStatus::result, {.max_length = 1024},
            "Final metrics from the worker's termination message, as decimal text.");
    describe_times(v);
    v.field("conditions", &GpuJobStatus::conditions, {.keys = "type"},
            "Admitted, Ready, Checkpointed, Preempted, Suspended, Registered, Complete, Failed.");
  }
  bool operator==(const GpuJobStatus&) const = default;

 private:
  template <class V>
  static void describe_times(V& v) {
    v.field("cause", &GpuJobStatus::cause, {}, "What made the job; absent for a person.");
    v.field("admittedAt", &GpuJobStatus::admitted_at, {}, "When the attempt was admitted.");
    v.field("startedAt", &GpuJobStatus::started_at, {}, "When workers first ran.");
    v.field("finishedAt", &GpuJobStatus::finished_at, {}, "When it completed or failed.");
    v.field("nextAttemptAt", &GpuJobStatus::next_attempt_at, {},
            "Not before this instant, after a failure.");
  }
};

}  // namespace berth::api
