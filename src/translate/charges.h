#pragma once
#include <string>
#include <vector>

#include "api/gpujob.h"
#include "sched/ledger.h"
#include "translate/node.h"
#include "translate/pod.h"
#include "translate/tenancy.h"

// Who holds what, read off the objects: the truth behind every Quota's `used`. Pure.
namespace berth::translate {

// What the workers of `placement` hold, whether their pods exist yet or not.
std::vector<sched::Charge> charges_of(const api::GpuJob& job, const api::Placement& placement,
                                      const Tenancy& tenancy);

// What a worker of a job needs beside devices. Quantities are validated; what cannot be read is 0.
sched::Room room_of(const api::WorkerResources& resources);

// What a pod holds that no placement covers. A foreign accelerator pod counts as admitted when it
// is ungated and pinned, or gated with the operator's plan, in a namespace with a Quota; else it
// holds its devices unadmitted. `device_class` is that of its node's devices.
std::vector<sched::Charge> charges_of(const Pod& pod, const std::string& device_class, bool exempt,
                                      const Tenancy& tenancy);

// The class of the devices that a pod holds: that of `node`, where it is or will be, and once that
// is gone (nullptr) what the plan says of it, for the node may come back with the pod on it.
std::string class_for(const Pod& pod, const Node* node);

// The node that the operator's plan annotation gives a gated pod; empty without one.
std::string planned_node(const Pod& pod);

}  // namespace berth::translate
