#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "worker/checkpoint_store.h"

namespace berth::worker {

struct Quality {
  double accuracy = 0;  // share of the held-out samples, 0 to 1
  double loss = 0;      // mean cross entropy over the held-out samples, in nats
};

// The trained model where others find it.
struct SavedModel {
  std::string uri;  // file://, of the TorchScript archive
  std::string sha256;
};

// A worker's last word. Kubernetes puts it into the pod's status, so it outlives the pod's logs.
struct LastWord {
  int64_t step = 0;
  std::optional<PublishedCheckpoint> checkpoint;
  std::optional<SavedModel> model;
  std::optional<Quality> quality;
  std::string error;  // empty: it went well
};

// One JSON object: step, checkpointStep, checkpointUri, checkpointSha256, modelUri, modelSha256,
// metrics, error. What is not known is left out. Never above the 4096 bytes that kubelet keeps.
std::string to_json(const LastWord& word);

// Writes in place: kubelet mounts the file itself, so a rename over it would be refused.
Status write_termination_log(const std::filesystem::path& path, const LastWord& word);

}  // namespace berth::worker
