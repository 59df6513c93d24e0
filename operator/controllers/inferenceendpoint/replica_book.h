#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/gpujob.h"
#include "api/inferenceendpoint.h"
#include "operator/controllers/inferenceendpoint/replica_page.h"
#include "operator/world/stores.h"

namespace berth::control {

// What replicas say of themselves: how long the last start took, and how much they compute.
class ReplicaBook {
 public:
  explicit ReplicaBook(Stores& stores);
  ReplicaBook(const ReplicaBook&) = delete;
  ReplicaBook& operator=(const ReplicaBook&) = delete;

  // Device time that the replicas of the endpoint, by UID, have computed.
  std::function<void(const std::string& endpoint, Millis device_time)> computed;

  void heard(const api::GpuJob& replica, std::string_view page);

  // Of the replica that was ready last, by the endpoint's UID.
  std::optional<api::ColdStart> cold_start(const std::string& endpoint) const;
  // How long the next one will take once it has a place; a minute where none has been seen.
  Millis start_up(const std::string& endpoint) const;

 private:
  struct Start {
    Instant ready_at;
    api::ColdStart took;
  };

  Stores& stores_;
  std::map<std::string, Millis> computed_;  // by the replica's UID, as last heard
  std::map<std::string, Start> starts_;     // by the endpoint's UID
};

}  // namespace berth::control
