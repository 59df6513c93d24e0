#pragma once
#include <torch/csrc/jit/api/module.h>

#include "base/result.h"
#include "serving/signature.h"

namespace berth::worker {

// The same model for the CPU with its weights folded (batch normalisation into convolutions, for
// example) and laid out for oneDNN once and for all, as torch::jit::optimize_for_inference does.
// It is compared with `module`, which must be in its evaluating form and stays as it is, over made
// up inputs. Errors: Unavailable, saying why `module` has to be computed as it is.
Result<torch::jit::Module> optimized(torch::jit::Module& module,
                                     const serving::Signature& signature);

}  // namespace berth::worker
