#include "worker/train/learner.h"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/cuda.h>

#include <array>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "worker/train/guarded.h"
#include "worker/train/model.h"

// OpenBLAS has its own threads, which libtorch does not know. Weak: another BLAS has no such call.
extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));

namespace berth::worker {
namespace {

// Adam with its authors' constants.
constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

// What travels behind the gradients in the exchanged buffer.
enum Tail : int64_t { kLoss, kSamples, kStopVotes, kTailSize };

at::Tensor features_of(const Dataset& data) {
  return at::from_blob(const_cast<float*>(data.values.data()), {data.size(), data.features},
                       at::kFloat);
}

at::Tensor labels_of(const Dataset& data) {
  return at::from_blob(const_cast<int64_t*>(data.labels.data()), {data.size()}, at::kLong);
}

Result<at::Device> choose_device(DeviceChoice choice) {
  if (choice == DeviceChoice::Cpu) return at::Device(at::kCPU);
  if (torch::cuda::is_available()) return at::Device(at::kCUDA, 0);
  if (choice == DeviceChoice::Auto) return at::Device(at::kCPU);
  return Error{Code::Invalid, "--device cuda: no CUDA device is visible to this process"};
}

// Sums depend on how they are grouped, and so on the number of threads: it is part of the recipe.
void make_deterministic(int threads) {
  at::set_num_threads(threads);
  if (openblas_set_num_threads) openblas_set_num_threads(threads);
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  // The script is interpreted as written. The optimizing executor rewrites it after some runs,
  // so that a resumed run would compute its first steps otherwise than an unbroken one.
  torch::jit::setGraphExecutorOptimize(false);
}

at::Tensor flatten(const torch::jit::Module& module, const at::Device& device) {
  std::vector<at::Tensor> pieces;
  for (const at::Tensor& parameter : module.parameters()) pieces.push_back(parameter.reshape({-1}));
  return at::cat(pieces).to(device);
}

// Makes the module's parameters and their gradients views of two flat tensors.
void lay_over(torch::jit::Module& module, const at::Tensor& weights, const at::Tensor& gradients) {
  int64_t offset = 0;
  for (at::Tensor parameter : module.parameters()) {
    const int64_t length = parameter.numel();
    const auto sizes = parameter.sizes().vec();
    parameter.set_data(weights.narrow(0, offset, length).view(sizes));
    parameter.set_requires_grad(true);
    parameter.mutable_grad() = gradients.narrow(0, offset, length).view(sizes);
    offset += length;
  }
}

// The bytes of a tensor in host memory; valid as long as the tensor.
std::span<const std::byte> raw(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

class TorchLearner final : public Learner {
 public:
  TorchLearner(const TrainSettings& settings, const Dataset& train, at::Device device,
               torch::jit::Module module)
      : settings_(settings),
        features_(train.features),
        classes_(train.classes),
        device_(device),
        module_(std::move(module)),
        samples_(features_of(train).clone().to(device)),
        labels_(labels_of(train).clone().to(device)),
        weights_(flatten(module_, device)),
        moment1_(at::zeros_like(weights_)),
        moment2_(at::zeros_like(weights_)),
        exchange_(at::zeros({weights_.numel() + kTailSize}, weights_.options())) {
    lay_over(module_, weights_, gradients());
  }

  std::string device() const override { return device_.str(); }
  bool on_cuda() const override { return device_.is_cuda(); }
  int64_t parameters() const override { return weights_.numel(); }
  int64_t step() const override { return step_; }
  at::Tensor& exchange() override { return exchange_; }

  Status compute(std::span<const int64_t> share, uint64_t seed, bool stop_wanted) override;
  Result<StepSum> apply() override;
  Bytes state() const override;
  Status restore(std::span<const std::byte> state) override;
  Result<Quality> evaluate(const Dataset& held_out) override;
  Result<Bytes> torch_script() const override;
  std::string weights_sha256() const override { return sha256_hex(raw(weights_.cpu())); }

 private:
  std::string signature() const;
  at::Tensor gradients() const { return exchange_.narrow(0, 0, weights_.numel()); }
  at::Tensor tail() const { return exchange_.narrow(0, weights_.numel(), kTailSize); }
  void adam(const at::Tensor& gradient);

  TrainSettings settings_;
  int64_t features_;
  int64_t classes_;
  at::Device device_;
  torch::jit::Module module_;
  at::Tensor samples_;  // the training set, on the device
  at::Tensor labels_;
  at::Tensor weights_;   // all parameters, flat
  at::Tensor moment1_;   // Adam's running mean of the gradients, flat
  at::Tensor moment2_;   // and of their squares
  at::Tensor exchange_;  // the gradients, then kTailSize numbers
  int64_t step_ = 0;
};

Status TorchLearner::compute(std::span<const int64_t> share, uint64_t seed, bool stop_wanted) {
  return guarded("compute gradients", [&]() -> Status {
    exchange_.zero_();
    double loss_sum = 0;
    if (!share.empty()) {
      at::manual_seed(seed);
      const auto count = static_cast<int64_t>(share.size());
      const at::Tensor index =
          at::from_blob(const_cast<int64_t*>(share.data()), {count}, at::kLong).to(device_);
      const at::Tensor scores = module_.forward({samples_.index_select(0, index)}).toTensor();
      const at::Tensor loss =
          at::cross_entropy_loss(scores, labels_.index_select(0, index), {}, at::Reduction::Sum);
      loss.backward();  // adds into the views of exchange_
      loss_sum = loss.item().toDouble();
    }
    std::array<float, kTailSize> sums = {
        static_cast<float>(loss_sum), static_cast<float>(share.size()), stop_wanted ? 1.0F : 0.0F};
    tail().copy_(at::from_blob(sums.data(), {kTailSize}, at::kFloat));
    return Done{};
  });
}

Result<StepSum> TorchLearner::apply() {
  return guarded("apply gradients", [&]() -> Result<StepSum> {
    const at::NoGradGuard no_gradients;
    const at::Tensor sums = tail().cpu();
    const float* sum = sums.data_ptr<float>();
    const double samples = sum[kSamples];
    adam(gradients().div_(samples));
    return StepSum{sum[kLoss] / samples, sum[kStopVotes] > 0};
  });
}

// One step of Adam over all parameters at once.
void TorchLearner::adam(const at::Tensor& gradient) {
  const auto t = static_cast<double>(++step_);
  moment1_.mul_(kBeta1).add_(gradient, 1 - kBeta1);
  moment2_.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
  const at::Tensor spread = moment2_.sqrt().div_(std::sqrt(1 - std::pow(kBeta2, t))).add_(kEpsilon);
  weights_.addcdiv_(moment1_, spread, -settings_.learning_rate / (1 - std::pow(kBeta1, t)));
}

Bytes TorchLearner::state() const {
  Bytes bytes(sizeof step_);
  std::memcpy(bytes.data(), &step_, sizeof step_);
  for (const at::Tensor* tensor : {&weights_, &moment1_, &moment2_}) {
    const at::Tensor here = tensor->cpu();
    const auto piece = raw(here);
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  return bytes;
}

Status TorchLearner::restore(std::span<const std::byte> state) {
  const size_t each = weights_.nbytes();
  const size_t wanted = sizeof step_ + 3 * each;
  if (state.size() != wanted) {
    return Error{Code::Invalid, "the state has " + std::to_string(state.size()) +
                                    " bytes, this model wants " + std::to_string(wanted)};
  }
  return guarded("restore the state", [&]() -> Status {
    const at::NoGradGuard no_gradients;
    std::memcpy(&step_, state.data(), sizeof step_);
    state = state.subspan(sizeof step_);
    for (at::Tensor* tensor : {&weights_, &moment1_, &moment2_}) {
      const at::Tensor read = at::empty({tensor->numel()}, at::kFloat);
      std::memcpy(read.data_ptr(), state.data(), each);
      tensor->copy_(read);
      state = state.subspan(each);
    }
    return Done{};
  });
}

Result<Quality> TorchLearner::evaluate(const Dataset& held_out) {
  return guarded("evaluate", [&]() -> Result<Quality> {
    const at::NoGradGuard no_gradients;
    module_.eval();
    const at::Tensor labels = labels_of(held_out).to(device_);
    const at::Tensor scores = module_.forward({features_of(held_out).to(device_)}).toTensor();
    module_.train();
    return Quality{scores.argmax(1).eq(labels).to(at::kDouble).mean().item().toDouble(),
                   at::cross_entropy_loss(scores, labels).item().toDouble()};
  });
}

// What berth-server reads of the archive: see docs/serving.md.
std::string TorchLearner::signature() const {
  const auto tensor = [](const char* name, int64_t width) {
    return nlohmann::json{{"name", name}, {"datatype", "FP32"}, {"shape", {-1, width}}};
  };
  nlohmann::json json;
  json["inputs"].push_back(tensor("input", features_));
  json["outputs"].push_back(tensor("scores", classes_));
  return json.dump();
}

Result<Bytes> TorchLearner::torch_script() const {
  return guarded("save the model", [&]() -> Result<Bytes> {
    const at::NoGradGuard no_gradients;
    // A module of its own, so that each parameter is saved as itself and not as a view of all.
    torch::jit::Module copy =
        BERTH_TRY(make_model(settings_.model, features_, classes_, settings_.seed));
    int64_t offset = 0;
    for (const at::Tensor& parameter : copy.parameters()) {
      parameter.copy_(weights_.narrow(0, offset, parameter.numel()).view(parameter.sizes()));
      offset += parameter.numel();
    }
    copy.eval();
    std::ostringstream out;
    copy.save(out, {{"signature.json", signature()}});
    const std::string text = std::move(out).str();
    const auto bytes = bytes_of(text);
    return Bytes(bytes.begin(), bytes.end());
  });
}

}  // namespace

Result<std::unique_ptr<Learner>> make_learner(const TrainSettings& settings, const Dataset& train) {
  return guarded("prepare the model", [&]() -> Result<std::unique_ptr<Learner>> {
    make_deterministic(static_cast<int>(settings.threads));
    const at::Device device = BERTH_TRY(choose_device(settings.device));
    torch::jit::Module module =
        BERTH_TRY(make_model(settings.model, train.features, train.classes, settings.seed));
    return std::unique_ptr<Learner>(
        std::make_unique<TorchLearner>(settings, train, device, std::move(module)));
  });
}

}  // namespace berth::worker
