#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/router_stop.h"
#include "router/route_table.h"

namespace berth::router {

// Everything that berth-router is told on its command line.
struct Flags {
  bool is_done = false;  // help or the version was printed
  std::string name_space;
  std::string kubeconfig;
  std::string context;
  std::string address = "0.0.0.0";
  uint16_t rest_port = 8080;
  uint16_t grpc_port = 8081;
  std::string status_listen = "0.0.0.0:9090";
  uint16_t replica_rest_port = 8080;
  uint16_t replica_grpc_port = 8081;
  int threads = 0;  // 0: as many as cores, at most 4
  int64_t max_request_bytes = int64_t{64} << 20;
  int64_t max_held_bytes = int64_t{1} << 30;
  int64_t hold_seconds = 300;
  int64_t drain_seconds = http::kRouterDrainSeconds;
  std::vector<std::string> replicas;  // NAME=ADDRESS:PORT[,GRPCPORT]
  std::string log_level = "info";
};

// Errors: Invalid, one line that names the flag.
Result<Flags> read_flags(int argc, const char* const* argv);

// The table of --replica flags. Errors: Invalid, one line.
Result<RouteTable> static_table(const std::vector<std::string>& replicas);

}  // namespace berth::router
