#pragma once
#include "tests/integration/cluster.h"

namespace berth::integration {

// A cluster whose operator dies at one of its writes, and is started anew.
struct CrashPoint {
  Cluster cluster;
  int writes = 0;     // seen so far, of all operators
  int crash_at = -1;  // which of them; -1: none
  kube::fake::Fault fault;
  bool crashed = false;

  CrashPoint() {
    cluster.after_step = [this](Process& process) {
      if (!due_) return;
      due_ = false;
      crashed = true;
      process.crash();
      watch(cluster.start_operator("operator-1"));
    };
  }

  // From here on its writes count.
  void watch(Process& process) {
    process.transport->inject({.matches =
                                   [this](const kube::Request& request) {
                                     if (!is_write(request)) return false;
                                     due_ = writes++ == crash_at;
                                     return due_;
                                   },
                               .fault = fault,
                               .times = 1'000'000});
  }

 private:
  // Events and the Lease are left out: what they say is not decided on.
  static bool is_write(const kube::Request& request) {
    return request.method != kube::Method::Get &&
           request.path.find("/events") == std::string::npos &&
           request.path.find("/leases") == std::string::npos;
  }

  bool due_ = false;
};

}  // namespace berth::integration
