#include "worker/train/model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>

#include <cmath>
#include <utility>
#include <vector>

namespace berth::worker {
namespace {

constexpr int64_t kHidden = 128;
constexpr int64_t kFilters = 16;

constexpr const char* kMlp = R"(
def forward(self, x: Tensor) -> Tensor:
    x = torch.relu(torch.linear(x, self.hidden_weight, self.hidden_bias))
    x = torch.dropout(x, 0.1, self.training)
    return torch.linear(x, self.out_weight, self.out_bias)
)";

constexpr const char* kCnn = R"(
def forward(self, x: Tensor) -> Tensor:
    x = x.view([-1, 1, self.side, self.side])
    x = torch.relu(torch.conv2d(x, self.conv1_weight, self.conv1_bias, [1, 1], [1, 1]))
    x = torch.relu(torch.conv2d(x, self.conv2_weight, self.conv2_bias, [1, 1], [1, 1]))
    x = torch.max_pool2d(x, [2, 2])
    x = torch.dropout(x.flatten(1), 0.25, self.training)
    return torch.linear(x, self.out_weight, self.out_bias)
)";

// Registers a layer's weight and bias, uniform within 1/sqrt(inputs), as torch.nn draws them.
void add_layer(torch::jit::Module& module, const std::string& name, std::vector<int64_t> shape,
               at::Generator& generator) {
  int64_t inputs = 1;
  for (size_t i = 1; i < shape.size(); ++i) inputs *= shape[i];
  const double bound = 1 / std::sqrt(static_cast<double>(inputs));
  const auto draw = [&](const std::vector<int64_t>& sizes) {
    return at::empty(sizes).uniform_(-bound, bound, generator);
  };
  module.register_parameter(name + "_weight", draw(shape), /*is_buffer=*/false);
  module.register_parameter(name + "_bias", draw({shape[0]}), /*is_buffer=*/false);
}

torch::jit::Module empty_module(const std::string& name) {
  torch::jit::Module module(name);
  module.register_attribute("training", c10::BoolType::get(), true);
  return module;
}

torch::jit::Module make_mlp(int64_t features, int64_t classes, at::Generator& generator) {
  torch::jit::Module module = empty_module("Mlp");
  add_layer(module, "hidden", {kHidden, features}, generator);
  add_layer(module, "out", {classes, kHidden}, generator);
  module.define(kMlp);
  return module;
}

torch::jit::Module make_cnn(int64_t side, int64_t classes, at::Generator& generator) {
  torch::jit::Module module = empty_module("Cnn");
  module.register_attribute("side", c10::IntType::get(), side);
  add_layer(module, "conv1", {kFilters, 1, 3, 3}, generator);
  add_layer(module, "conv2", {2 * kFilters, kFilters, 3, 3}, generator);
  const int64_t pooled = side / 2;
  add_layer(module, "out", {classes, 2 * kFilters * pooled * pooled}, generator);
  module.define(kCnn);
  return module;
}

}  // namespace

Result<torch::jit::Module> make_model(const std::string& name, int64_t features, int64_t classes,
                                      uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  if (name == "mlp") return make_mlp(features, classes, generator);
  if (name != "cnn") return Error{Code::Invalid, "there is no model '" + name + "'"};
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(features))));
  if (side * side != features || side < 2) {
    return Error{Code::Invalid, "model cnn wants square images, the data has " +
                                    std::to_string(features) + " features"};
  }
  return make_cnn(side, classes, generator);
}

}  // namespace berth::worker
