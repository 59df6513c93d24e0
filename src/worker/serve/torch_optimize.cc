#include "worker/serve/torch_optimize.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "worker/serve/torch_values.h"
#include "worker/train/guarded.h"

namespace berth::worker {
namespace {

using torch::jit::Module;
using Values = std::vector<at::IValue>;

constexpr int64_t kRows[] = {1, 3};                 // alone, libtorch computes a row otherwise
constexpr int64_t kOpenSizes[] = {1, 16, 64, 224};  // for what may have any: the first that fits
constexpr double kTolerance = 1e-3;                 // of an output's largest: sums are reordered

Error refused(const char* why) { return {Code::Unavailable, why}; }

// The same at every start. What is no number with a fraction is 0 or 1, which any vocabulary has.
at::Tensor made_up(const serving::TensorSpec& spec, int64_t rows, int64_t open, at::Generator& by) {
  serving::Shape shape = spec.shape;
  std::replace(shape.begin(), shape.end(), int64_t{-1}, open);
  shape.front() = rows;
  const at::ScalarType type = type_of(spec.datatype);
  const bool is_fractional = at::isFloatingType(type);
  return is_fractional ? at::rand(shape, by).to(type) : at::randint(0, 2, shape, by).to(type);
}

Values made_up(const serving::Signature& signature, int64_t rows, int64_t open) {
  at::Generator generator = at::detail::createCPUGenerator(1);
  Values values;
  for (const auto& spec : signature.inputs) {
    values.emplace_back(made_up(spec, rows, open, generator));
  }
  return values;
}

// Of a size that the model takes.
std::optional<Values> made_up_for(Module& module, const serving::Signature& signature,
                                  int64_t rows) {
  for (const int64_t open : kOpenSizes) {
    Values values = made_up(signature, rows, open);
    const auto taken = guarded("try", [&]() -> Status {
      module.forward(values);
      return Done{};
    });
    if (taken.ok()) return values;
  }
  return std::nullopt;
}

bool are_close(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
  if (a.numel() == 0 || !at::isFloatingType(a.scalar_type())) return at::equal(a, b);
  const at::Tensor wide = a.to(at::kDouble);
  const double largest = at::nan_to_num(wide, 0, 0, 0).abs().max().item<double>();
  return at::allclose(wide, b.to(at::kDouble), 0, kTolerance * largest, true);
}

bool are_close(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const at::Tensor& x, const at::Tensor& y) { return are_close(x, y); });
}

Status compare(Module& module, Module& faster, const serving::Signature& signature) {
  const c10::InferenceMode inference;
  for (const int64_t rows : kRows) {
    const auto values = made_up_for(module, signature, rows);
    if (!values) return refused("it takes no made up input to compare the two over");
    if (!are_close(tensors_in(module.forward(*values)), tensors_in(faster.forward(*values)))) {
      return refused("it would give other outputs");
    }
  }
  return Done{};
}

}  // namespace

Result<Module> optimized(Module& module, const serving::Signature& signature) {
  // Without it libtorch takes it to be frozen, and changes it.
  if (!module.hasattr("training")) return refused("it has no attribute 'training'");
  return guarded("optimize it", [&]() -> Result<Module> {
    auto faster = [&] {
      const torch::jit::GraphOptimizerEnabledGuard enabled(true);  // else methods are not inlined
      return torch::jit::optimize_for_inference(module);
    }();
    BERTH_TRY(compare(module, faster, signature));
    return faster;
  });
}

}  // namespace berth::worker
