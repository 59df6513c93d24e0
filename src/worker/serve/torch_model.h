#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "serving/dispatcher.h"
#include "serving/signature.h"
#include "worker/files.h"
#include "worker/flags.h"

namespace berth::worker {

struct TorchOptions {
  std::vector<DeviceChoice> devices{DeviceChoice::Cuda, DeviceChoice::Cpu};  // best first
  int threads = 1;                              // of the CPU per instance
  std::optional<serving::Signature> signature;  // absent: the archive carries it
  bool as_scripted = false;                     // never optimized
};

// A TorchScript model on a device. Its instances share the weights.
class TorchModel {
 public:
  // Errors: Invalid when it is no TorchScript, has no signature, or no device of the list is there;
  // Unavailable when the device cannot take it, for want of memory for example.
  static Result<TorchModel> load(const Bytes& archive, const TorchOptions& options);

  const serving::Signature& signature() const;
  std::string device() const;  // cpu, or cuda:0
  // Why it is computed as it was scripted and not optimized; empty when it is.
  const std::string& as_scripted_because() const;

  std::unique_ptr<serving::Instance> make_instance() const;

 private:
  struct State;
  explicit TorchModel(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// Computes made-up batches of 1, 2, 4, ... rows, so that the first request finds caches, kernels
// and memory as every other does, and so that a model that does not keep its signature is found
// before it serves. Errors: Invalid, naming what differs.
Status warm_up(const TorchModel& model, int64_t rows_max);

}  // namespace berth::worker
