#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "worker/flags.h"

namespace berth::worker {

// What a server is asked to do. Where InferenceEndpoint.spec.worker has a field for it, the flag
// has its name and default.
struct ServeSettings {
  std::string model;                // path or file://
  std::string sha256;               // empty: any
  std::filesystem::path signature;  // empty: the archive carries it
  std::string name = "model";
  std::string version = "1";
  std::string address = "::";
  uint16_t http_port = 8080;
  uint16_t grpc_port = 8081;
  int64_t max_batch_size = 32;
  int64_t max_batch_delay_microseconds = 2000;
  int64_t max_queued_requests = 512;
  int64_t request_timeout_milliseconds = 1000;
  int instances = 1;
  int threads = 1;  // of the CPU per instance
  int http_threads = 1;
  std::vector<DeviceChoice> devices{DeviceChoice::Cuda, DeviceChoice::Cpu};  // best first
  bool as_scripted = false;  // the model is not optimized
  int64_t memory_bytes = int64_t{256} << 20;
  int64_t max_request_bytes = int64_t{16} << 20;
  std::chrono::seconds drain{5};
  int64_t slo_milliseconds = 0;  // 0: none
  // Together: answer the files of one folder into another instead of listening.
  std::filesystem::path batch_input;
  std::filesystem::path batch_output;
  std::filesystem::path termination_log = "/dev/termination-log";
};

struct ParsedServeFlags {
  ServeSettings settings;
  std::string help;  // not empty: print it and end well
};

// Errors: Invalid with the flag's name, on one line.
Result<ParsedServeFlags> parse_serve_flags(int argc, const char* const* argv);

}  // namespace berth::worker
