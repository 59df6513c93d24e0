#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "host/json_log.h"
#include "kube/config.h"
#include "operator/world/settings.h"

namespace berth::control {

// Everything that berth-operator is told on its command line.
struct Flags {
  Settings settings;
  kube::ConfigSources sources;
  std::string listen = "0.0.0.0:8080";
  host::LogLevel log_level = host::LogLevel::Info;
  std::string decision_log;  // folder; empty: none is written
  int64_t decision_log_file_mib = 64;
  int64_t decision_log_files = 4;
  bool is_done = false;  // help, version or a page of docs was printed: nothing to run
};

// Reads the arguments and what of the environment says where the cluster is. Errors: Invalid, one
// line that names the flag.
Result<Flags> read_flags(int argc, const char* const* argv);

}  // namespace berth::control
