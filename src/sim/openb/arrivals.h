#pragma once
#include <cstdint>
#include <vector>

#include "sim/openb/trace.h"

namespace berth::sim::openb {

// The pods (indices of trace.pods) in the order in which they arrive: the published protocol of FGD
// (Weng et al., USENIX ATC 2023). The file in random order, then pods drawn from it with
// replacement while what is asked stays within `inflate_permille` thousandths of the cluster's
// devices; of a file that asks for more, random pods are dropped until it does not. Same trace and
// seed, same order, on every machine.
std::vector<int32_t> arrivals(const Trace& trace, uint64_t seed, int64_t inflate_permille);

// The nodes in the order of their names, which the seed has dealt out: the published simulator puts
// a random number before every name (syncClusterResourceList in its pkg/simulator/simulator.go),
// and what ties are broken by decides half a percent for some policies. With `shuffle_names` the
// names are dealt once more, differently: the result of a policy that does not lean on them stays.
std::vector<Node> named_nodes(const Trace& trace, uint64_t seed, bool shuffle_names);

}  // namespace berth::sim::openb
