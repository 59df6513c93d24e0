#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "worker/files.h"
#include "worker/manifest.h"

namespace berth::worker {

struct PublishedCheckpoint {
  int64_t step = 0;
  std::string uri;
  std::string sha256;  // of the state
};

struct LoadedCheckpoint {
  Manifest manifest;
  Bytes state;
  PublishedCheckpoint published;
};

// What newest_good() found: the newest whole checkpoint, and why newer ones were passed over.
struct Found {
  std::optional<LoadedCheckpoint> checkpoint;
  std::vector<std::string> skipped;
};

// The checkpoints of one job on a file system that its attempts share:
//
//   attempt-3/step-000000000120/manifest.json     attempt, step, seed, ..., stateSha256
//                               state.bin         the learner's bytes
//   attempt-3/.part-step-...                      being written; ignored, and removed by the next
//
// Guarantees: a checkpoint appears whole or not at all (files synced, one rename, folder synced),
// and a full disk or a crash leaves the previous ones as they were. An attempt that a newer one
// has overtaken publishes no more: its node may have been cut off and live on.
// Assumes: one writer per attempt (rank 0), rename atomic within a folder.
class CheckpointStore {
 public:
  // Takes the folder for an attempt. Conflict when a newer attempt is there.
  static Result<CheckpointStore> claim(std::filesystem::path root, int64_t attempt);

  // Writes, syncs, then drops all but the newest two. Conflict when overtaken; Unavailable with
  // the system's words when the disk refuses.
  Result<PublishedCheckpoint> publish(const Manifest& manifest,
                                      std::span<const std::byte> state) const;

  // The newest checkpoint that is whole, attempts first, then steps. Damaged ones are skipped.
  Result<Found> newest_good() const;

 private:
  CheckpointStore(std::filesystem::path root, int64_t attempt)
      : root_(std::move(root)), attempt_(attempt) {}
  std::filesystem::path attempt_folder() const;
  Status refuse_when_overtaken() const;
  Status prune() const;

  std::filesystem::path root_;
  int64_t attempt_;
};

}  // namespace berth::worker
