#pragma once
#include <iosfwd>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/capacitypool.h"
#include "api/gpujob.h"
#include "api/placementpolicy.h"
#include "api/quota.h"
#include "api/reservation.h"
#include "api/slatier.h"
#include "cli/live/cluster.h"
#include "sched/ledger.h"
#include "translate/accelerators.h"
#include "translate/node.h"
#include "translate/pod.h"
#include "translate/pools.h"
#include "translate/tenancy.h"

// What a cluster has, read once; and what follows from it as the operator reckons.
namespace berth::cli {

// Namespaces whose work the operator leaves alone unless it is told otherwise.
std::set<std::string> exempt_namespaces();

Result<std::vector<api::Quota>> read_quotas(const Connection& connection);
// Of all namespaces when `name_space` is empty. An object that cannot be read is left out.
Result<std::vector<api::GpuJob>> read_jobs(const Connection& connection,
                                           const std::string& name_space = {});

// A pool that pods could take devices past counts for nothing, nor does one that may not be read.
struct LivePools {
  translate::Accelerators accelerators;  // those of the well-known vendors and of the pools
  translate::Pools pools;
};
// Of a pool whose resource is neither well known nor of a pool that is gated nobody knows here
// whether pods that ask for it are gated; a pool without a status is taken for one that is.
LivePools settle_pools(const std::vector<api::CapacityPool>& pools);
Result<LivePools> read_pools(const Connection& connection, std::ostream& err);

// Who pays for which namespace; a Quota that is being deleted counts as gone.
translate::Tenancy tenancy_of(const std::vector<api::Quota>& quotas);

// Everything that a decision is made from.
struct Live {
  std::vector<api::Quota> quotas;
  std::vector<api::SlaTier> tiers;
  std::vector<api::PlacementPolicy> policies;
  std::vector<api::GpuJob> jobs;
  std::vector<api::CapacityPool> capacity_pools;
  std::vector<api::Reservation> reservations;
  std::vector<translate::Node> nodes;
  std::vector<translate::Pod> pods;
  translate::Tenancy tenancy;
  translate::Pools pools;
};
// What is made of it depends on the pools.
struct Undecoded {
  std::vector<Json> nodes;
  std::vector<Json> pods;
};
// What the user may not list is left out, and that is said on `err`; but quotas, jobs, nodes and
// pods there have to be. `undecoded`, where it is given, gets what enter_pools() wants.
Result<Live> read_live(const Connection& connection, std::ostream& err,
                       Undecoded* undecoded = nullptr);
// Nodes and pods, by the CapacityPools as they are now in `live`.
void enter_pools(const Undecoded& undecoded, Live& live);

// Somebody who holds room on nodes.
struct Held {
  const api::GpuJob* job = nullptr;  // one of these two
  const translate::Pod* pod = nullptr;
  std::vector<sched::Charge> charges;

  const ObjectMeta& meta() const { return job != nullptr ? job->meta : pod->meta; }
  int64_t devices() const;
};
// By UID. Placements count for their pods; pods that no placement covers for themselves.
std::map<std::string, Held> holdings_of(const Live& live);

}  // namespace berth::cli
