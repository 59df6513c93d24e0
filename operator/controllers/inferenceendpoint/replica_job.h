#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/gpujob.h"
#include "api/inferenceendpoint.h"

// The replicas of an InferenceEndpoint: each is a GpuJob of one worker that the endpoint owns
// (docs/adr/0011-a-replica-is-a-gpujob.md). They are told apart by their slot, the number in their
// name, so that making one twice makes one.
namespace berth::control {

std::string replica_name(const std::string& endpoint, int64_t slot);
// Nothing for a name that is no replica's of this endpoint.
std::optional<int64_t> slot_of(const std::string& endpoint, const std::string& name);

// What may change of a replica that runs, beside its priority.
struct ReplicaTerms {
  bool preemptible = false;
  int64_t headroom_percent = 100;
  bool operator==(const ReplicaTerms&) const = default;
};

// Whether the replica runs what the endpoint says now. Its priority and terms do not count: they
// are changed in place.
bool is_current(const api::InferenceEndpoint& endpoint, const api::GpuJob& replica);

// The GpuJob to create.
api::GpuJob replica_job(const api::InferenceEndpoint& endpoint, int64_t slot,
                        const ReplicaTerms& terms);

}  // namespace berth::control
