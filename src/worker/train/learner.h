#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "worker/dataset.h"
#include "worker/files.h"
#include "worker/flags.h"
#include "worker/termination.h"

namespace at {
class Tensor;
}

namespace berth::worker {

// What the sum over the gang says about one step.
struct StepSum {
  double loss = 0;          // mean over the samples of all ranks, in nats
  bool stop_asked = false;  // by at least one rank
};

// A model in training on one device: parameters, gradients and the optimizer's two moments, each
// one flat float32 tensor, so that a step is one all-reduce and a checkpoint is three copies.
//
//   compute(share)   gradients of this rank's samples -> exchange()
//   (gang sums exchange() over all ranks)
//   apply()          the same update on every rank
//
// Errors: Unavailable with libtorch's words, out of device memory for example.
class Learner {
 public:
  virtual ~Learner() = default;

  virtual std::string device() const = 0;  // cpu, or cuda:0
  virtual bool on_cuda() const = 0;
  virtual int64_t parameters() const = 0;
  virtual int64_t step() const = 0;  // updates applied so far, earlier attempts included

  // Gradients of the summed loss over the share's samples. `seed` decides the dropout. A rank that
  // wants the gang to stop says so in the same buffer, so all of them learn it at the same step.
  virtual Status compute(std::span<const int64_t> share, uint64_t seed, bool stop_wanted) = 0;
  virtual at::Tensor& exchange() = 0;
  virtual Result<StepSum> apply() = 0;

  // All that the next step depends on, as bytes in this machine's byte order: the step, then
  // weights and both moments. restore() is Invalid when the size is not this model's.
  virtual Bytes state() const = 0;
  virtual Status restore(std::span<const std::byte> state) = 0;

  virtual Result<Quality> evaluate(const Dataset& held_out) = 0;
  virtual Result<Bytes> torch_script() const = 0;  // the model alone, on the CPU, ready to serve
  virtual std::string weights_sha256() const = 0;
};

// Errors: Invalid when the device is not there or the model cannot take the data.
Result<std::unique_ptr<Learner>> make_learner(const TrainSettings& settings, const Dataset& train);

}  // namespace berth::worker
