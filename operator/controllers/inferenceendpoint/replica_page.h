#pragma once
#include <optional>
#include <string_view>

#include "base/clock.h"

// What the /metrics page of a replica says (docs/reference/metrics.md). Pure.
namespace berth::control {

struct ReplicaPage {
  // Of its start; absent until it was ready once.
  std::optional<Millis> loaded;  // reading, checking and loading the model
  std::optional<Millis> warmed;
  Millis computed{0};  // since it started: the time of its batches on the device
  bool operator==(const ReplicaPage&) const = default;
};

// Reads the Prometheus text format. Nothing where berth_inference_ready is not there: other
// people's images show what they like.
std::optional<ReplicaPage> parse_replica_page(std::string_view page);

}  // namespace berth::control
