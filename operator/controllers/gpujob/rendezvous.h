#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "api/gpujob.h"
#include "json/json_fwd.h"
#include "operator/world/stores.h"
#include "translate/pod.h"

// How the workers of a gang find each other: by names in DNS, below the headless Service `berth` of
// their namespace. That Service selects nothing. With a selector Kubernetes would keep one list of
// all workers of the namespace and write it anew whenever any of them changes, at a cost that grows
// with the square of the workers. Instead each gang has an EndpointSlice of its own, written once
// when all its workers have addresses and deleted when its attempt is over.
namespace berth::control {

inline constexpr int kRendezvousPort = 29500;    // as torchrun has it
inline constexpr size_t kEndpointsMost = 1'000;  // of one slice, by the API's own limit

// The addresses of the workers `first`, `first` + 1, ...
struct GangSlice {
  int64_t first = 0;
  std::vector<std::string> addresses;
  bool operator==(const GangSlice&) const = default;
};

struct Rendezvous {
  bool create_service = false;
  std::vector<GangSlice> publish;
  std::vector<std::string> withdraw;  // names of slices
  bool operator==(const Rendezvous&) const = default;
};

// `workers` are the pods of the attempt by index, nullptr where there is none; none at all while no
// attempt runs. `published` are the job's slices.
Rendezvous plan_rendezvous(const api::GpuJob& job,
                           const std::vector<const translate::Pod*>& workers,
                           const std::vector<const Named*>& published, bool has_service);

// What worker 0 is called by its gang. A worker that is alone needs no DNS to find itself.
std::string master_address(const api::GpuJob& job);

Json rendezvous_service(const std::string& name_space);
// Owned by the job.
Json rendezvous_slice(const api::GpuJob& job, const GangSlice& slice);

}  // namespace berth::control
