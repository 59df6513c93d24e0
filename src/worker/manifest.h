#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::worker {

// What makes two runs the same run: a checkpoint of another one must not be resumed.
struct RunIdentity {
  std::string model;
  std::string data_sha256;
  uint64_t seed = 0;
  int64_t batch_size = 0;
  double learning_rate = 0;
  bool operator==(const RunIdentity&) const = default;
};

// Where a run stands: with its identity and the learner's state, all that resuming needs. The
// position in the epoch and every random number follow from the step (sampler.h).
struct Manifest {
  std::string job;
  int64_t attempt = 0;
  int64_t step = 0;  // steps that the state has seen
  int64_t world_size = 1;
  RunIdentity run;
};

// A checkpoint's manifest.json: what the run was, and what proves the state beside it whole.
struct StoredManifest {
  Manifest manifest;
  std::string state_sha256;
  uint64_t state_bytes = 0;
};

std::string to_json(const StoredManifest& stored);

// Errors: Invalid when it is cut off, of another format or lacks a key.
Result<StoredManifest> parse_manifest(std::string_view text);

// Invalid, naming what differs, when the checkpoint belongs to another run.
Status check_same_run(const RunIdentity& saved, const RunIdentity& wanted);

}  // namespace berth::worker
