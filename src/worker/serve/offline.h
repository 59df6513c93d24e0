#pragma once
#include <cstdint>
#include <filesystem>

#include "base/log.h"
#include "base/result.h"
#include "serving/dispatcher.h"
#include "serving/rest_codec.h"
#include "worker/contract.h"
#include "worker/progress.h"
#include "worker/stop_request.h"

namespace berth::worker {

struct OfflineRules {
  std::filesystem::path input;   // folder of *.jsonl: one infer request of REST per line
  std::filesystem::path output;  // folder for files of the same names: one answer per line
  int64_t rows_max = 32;         // of one batch
  int rank = 0;                  // takes each world_size-th file
  int world_size = 1;
};

struct OfflineParts {
  serving::ModelName model;
  const serving::Signature& signature;
  serving::Instance& instance;
  const StopRequest& stop;
  Progress& progress;  // steps are files, samples are rows
  Log& log;
};

// Answers every line of every file that has no output yet, in order. An output appears whole or
// not at all, with NAME.sha256 beside it, so a run that was stopped goes on where it was: at most
// the file in hand is computed again. A file and its answers are held in memory.
// Gives Done, or Checkpointed when asked to stop. Errors: Invalid with file and line for a request
// that the model cannot take; Unavailable for the disk.
Result<Exit> run_offline(const OfflineRules& rules, const OfflineParts& parts);

}  // namespace berth::worker
