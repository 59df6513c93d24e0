#pragma once
#include <string>

namespace berth::kube {

// Whether this can be the address of a pod that is asked over the network. Whoever may write the
// status of a pod chooses it, so what answers to the asker's own machine, to its link or to the
// cloud's metadata service is none: loopback, link-local, multicast, unspecified, and what is no
// numeric address.
bool is_pod_address(const std::string& ip);

}  // namespace berth::kube
