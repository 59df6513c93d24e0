#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/endpoint_rollout.h"
#include "api/endpoint_watch.h"
#include "base/clock.h"

namespace berth::router {

using api::Variant;

// One pod that answers requests now.
struct Replica {
  std::string id;       // of one life of one pod: two with the same one are the same
  std::string address;  // numeric, without brackets
  uint16_t rest_port = 8080;
  uint16_t grpc_port = 8081;
  Variant variant = Variant::Stable;

  bool operator==(const Replica&) const = default;
};

// All that routing needs to know of one InferenceEndpoint.
struct Endpoint {
  std::string name;
  Millis timeout{1'000};          // of a request whose client gives no deadline
  int64_t held_max = 512;         // requests that wait for a replica, at most
  int64_t candidate_percent = 0;  // of requests that no rule decides
  int64_t mirror_percent = 0;     // of Stable's requests, sent to the candidate too
  std::optional<api::Slo> slo;
  std::vector<api::Route> routes;
  std::vector<Replica> replicas;  // ready ones, by id

  bool operator==(const Endpoint&) const = default;
};

// What is known at one time. A value: who has one is not touched by what comes later.
struct RouteTable {
  std::string name_space;
  std::map<std::string, Endpoint, std::less<>> endpoints;

  bool operator==(const RouteTable&) const = default;
};

}  // namespace berth::router
