#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/gpujob.h"
#include "api/inferenceendpoint.h"
#include "base/clock.h"
#include "operator/controllers/inferenceendpoint/replica_job.h"

// Which replicas there should be: a pure function of those that there are.
namespace berth::control {

// The replicas of one endpoint by how they stand. A job that is being deleted is in none.
struct ReplicaSet {
  std::vector<const api::GpuJob*> current;  // run what the endpoint says, or wait to
  std::vector<const api::GpuJob*> old;      // run what it said before
  std::vector<const api::GpuJob*> failed;   // gave up, or ended by themselves
  int64_t leaving = 0;
};
ReplicaSet sort_replicas(const api::InferenceEndpoint& endpoint,
                         const std::vector<const api::GpuJob*>& replicas);

// Its worker answers requests.
bool is_serving(const api::GpuJob& replica);

// It ended by itself, with success, and had not been ready for a minute: what it runs does not
// serve.
bool ended_early(const api::GpuJob& replica);

struct ReplicaFacts {
  const api::InferenceEndpoint& endpoint;
  std::vector<const api::GpuJob*> replicas;  // all that it owns
  std::set<int64_t> taken;                   // slots whose names are other jobs'
  int64_t desired = 0;
  Instant now;
  int64_t headroom_percent = 100;  // of the error budget, see api::Replica
};

struct NewReplica {
  int64_t slot = 0;
  ReplicaTerms terms;
  bool operator==(const NewReplica&) const = default;
};

// Of a replica whose priority or terms are others.
struct NewTerms {
  const api::GpuJob* replica = nullptr;
  ReplicaTerms terms;
};

struct ReplicaPlan {
  std::vector<NewReplica> create;
  std::vector<const api::GpuJob*> remove;  // by uid
  std::vector<NewTerms> set_terms;
  std::optional<Instant> again_at;
};

// Scales to `desired`, and brings replicas that run something else over to what the endpoint says
// now: one more than desired starts first, as long as there is a place for it. Where none is found
// in half a minute, an old one gives its own: surge cannot wait for ever (LLMKube#192). A replica
// that serves goes only when as many others have served for ten seconds, or for that. An old one
// that does not serve blocks nobody (argo-rollouts#1774). One that was ready and has not been for a
// quarter of a minute, as when its node is lost, is stood in for by another, and goes when that
// serves; its place and charge stay until its pod is known to be gone.
ReplicaPlan plan_replicas(const ReplicaFacts& facts);

}  // namespace berth::control
