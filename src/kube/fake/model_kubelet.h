#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "kube/fake/fake_server.h"

namespace berth::kube::fake {

// What the kubelets of a cluster do to pods, in steps that a test takes: pods that are bound start,
// pods that are asked to end are gone. Speaks to the server as any client does.
class ModelKubelet {
 public:
  ModelKubelet(FakeServer& server, const Clock& clock) : server_(server), clock_(clock) {}

  // Every bound pod that has not started runs and is ready, and every pod that is being deleted is
  // gone. Returns how many pods changed.
  size_t step();

  void start(std::string_view name_space, std::string_view name);  // Running, Ready
  void begin(std::string_view name_space, std::string_view name);  // Running, not ready yet
  // The pod's containers end with that exit code and that termination message.
  void finish(std::string_view name_space, std::string_view name, int exit_code,
              std::string_view message = {});
  // Rejected before a container started (OutOfcpu, UnexpectedAdmissionError).
  void reject(std::string_view name_space, std::string_view name, std::string_view reason);
  // A pod that is being deleted is gone: its grace period is over.
  void remove(std::string_view name_space, std::string_view name);

 private:
  void run(std::string_view name_space, std::string_view name, bool is_ready);
  void write_status(std::string_view name_space, std::string_view name, const Json& status);

  FakeServer& server_;
  const Clock& clock_;
  int addresses_ = 0;  // that are taken
};

}  // namespace berth::kube::fake
