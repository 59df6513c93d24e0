#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

namespace berth::worker {

// How a worker ends, as the launcher reads it (docs/workers.md).
enum class Exit : int {
  Done = 0,
  Failed = 1,         // worth another attempt: a peer died, the disk was full, the node went away
  Checkpointed = 42,  // stopped on request, nothing lost
  Refused = 64,       // the configuration cannot work: trying again would end the same way
};

// Invalid means that the same input fails again; every other error may pass.
Exit exit_for(const Error& error);

// What the launcher tells a worker through its environment. Without any of it the worker is a
// gang of one, so the same program runs by hand.
struct Contract {
  int rank = 0;
  int world_size = 1;
  std::string master_address;  // of rank 0; required for more than one worker
  uint16_t master_port = 29500;
  std::string job = "local";
  int64_t attempt = 0;
  std::optional<std::filesystem::path> checkpoint_dir;  // none: nothing is saved or resumed
  std::chrono::seconds checkpoint_interval{0};  // what the job asks for; 0: only when stopped
  std::optional<uint16_t> port;  // for /metrics and /healthz; 0 takes a free one, none is off
};

// A variable's text, or null when it is not set: std::getenv, or a map in tests.
using Environment = std::function<const char*(const char* name)>;

// Errors: Invalid with the variable's name and what it holds.
Result<Contract> read_contract(const Environment& environment);

}  // namespace berth::worker
