#pragma once
#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace berth::worker {

// A model as TorchScript, so that what was trained is what is saved and served: its forward()
// takes float32 [samples, features] scaled to 0..1 and gives one score per class.
//   mlp   two layers, for any features
//   cnn   two convolutions, for square images
// The weights are drawn from `seed` on the CPU, the same on every machine.
// Errors: Invalid when the data does not fit the model.
Result<torch::jit::Module> make_model(const std::string& name, int64_t features, int64_t classes,
                                      uint64_t seed);

}  // namespace berth::worker
