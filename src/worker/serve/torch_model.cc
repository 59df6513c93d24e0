#include "worker/serve/torch_model.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "worker/serve/torch_optimize.h"
#include "worker/serve/torch_values.h"
#include "worker/train/guarded.h"

// OpenBLAS has its own threads, which libtorch does not know. Weak: another BLAS has no such call.
extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));

namespace berth::worker {
namespace {

using serving::Datatype;
using serving::Outputs;
using serving::Signature;
using serving::TensorSpec;

constexpr std::chrono::milliseconds kRetryAfter{1'000};

// The archive where it lies in memory.
class MemoryReader final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit MemoryReader(const Bytes& bytes) : bytes_(bytes) {}
  size_t size() const override { return bytes_.size(); }
  size_t read(uint64_t at, void* to, size_t size, const char*) const override {
    const size_t from = std::min<size_t>(at, bytes_.size());
    const size_t got = std::min(size, bytes_.size() - from);
    std::memcpy(to, bytes_.data() + from, got);
    return got;
  }

 private:
  const Bytes& bytes_;
};

Result<at::Device> choose(const std::vector<DeviceChoice>& devices) {
  for (const DeviceChoice device : devices) {
    if (device == DeviceChoice::Cpu) return at::Device(at::kCPU);
    if (torch::cuda::is_available()) return at::Device(at::kCUDA, 0);
  }
  return Error{Code::Invalid, "--devices cuda: no CUDA device is visible to this process"};
}

// For the calling thread, once.
void set_up_thread(int threads) {
  thread_local bool is_set_up = false;
  if (std::exchange(is_set_up, true)) return;
  at::set_num_threads(threads);
  if (openblas_set_num_threads) openblas_set_num_threads(threads);
  // The graph is interpreted as it is: the optimizing executor compiles anew for shapes that it has
  // not seen, in the middle of a request. What does not depend on shapes is done by optimized().
  torch::jit::setGraphExecutorOptimize(false);
}

Result<torch::jit::Module> parse(const Bytes& archive, std::string& signature) {
  auto parsed = guarded("read the model", [&]() -> Result<torch::jit::Module> {
    torch::jit::ExtraFilesMap extra{{serving::kSignatureFile, ""}};
    auto module = torch::jit::load(std::make_shared<MemoryReader>(archive), at::kCPU, extra);
    signature = extra.at(serving::kSignatureFile);
    return module;
  });
  if (parsed.ok()) return parsed;
  return Error{Code::Invalid, parsed.error().message};  // the same bytes fail again
}

// libtorch has a type for a CUDA device without memory, and for a host without it only words.
bool is_out_of_memory(const std::string& message) {
  return message.find("out of memory") != std::string::npos ||
         message.find("can't allocate memory") != std::string::npos;
}

// What is wrong when forward() throws: the memory, which others may give back, or the request.
Error judged(Error error) {
  if (error.code != Code::Unavailable) return error;
  if (!is_out_of_memory(error.message)) return {Code::Internal, std::move(error.message)};
  error.retry_after = kRetryAfter;
  return error;
}

}  // namespace

struct TorchModel::State {
  mutable torch::jit::Module module;  // forward() does not say that it changes nothing
  Signature signature;
  at::Device device;
  int threads;
  std::string as_scripted_because;
};

namespace {

class TorchInstance final : public serving::Instance {
 public:
  using State = std::shared_ptr<const void>;
  TorchInstance(torch::jit::Module& module, const Signature& signature, at::Device device,
                int threads, State keep)
      : module_(module),
        signature_(signature),
        device_(device),
        threads_(threads),
        keep_(std::move(keep)) {}

  Result<std::vector<Outputs>> compute(std::span<const serving::Request* const> batch) override {
    set_up_thread(threads_);
    auto outputs = guarded("compute", [&]() -> Result<std::vector<Outputs>> {
      const c10::InferenceMode inference;
      int64_t rows = 0;
      for (const auto* request : batch) rows += request->inputs.front().shape.front();
      std::vector<at::IValue> inputs;
      for (size_t i = 0; i < signature_.inputs.size(); ++i) {
        inputs.emplace_back(gather(batch, i, rows).to(device_));
      }
      const auto results = BERTH_TRY(tensors_of(module_.forward(std::move(inputs)), rows));
      return scatter(batch, results);
    });
    if (outputs.ok()) return outputs;
    return judged(outputs.error());
  }

 private:
  // The input number `i` of all requests behind one another.
  static at::Tensor gather(std::span<const serving::Request* const> batch, size_t i, int64_t rows) {
    const serving::Tensor& first = batch.front()->inputs[i];
    const auto options = at::TensorOptions(type_of(first.datatype));
    serving::Shape shape = first.shape;
    shape.front() = rows;
    const auto* bytes = first.data.bytes.data();
    const bool is_aligned =
        reinterpret_cast<uintptr_t>(bytes) % serving::bytes_of(first.datatype) == 0;
    if (batch.size() == 1 && is_aligned) {
      return at::from_blob(const_cast<std::byte*>(bytes), shape, options);
    }
    at::Tensor all = at::empty(shape, options);
    auto* to = static_cast<std::byte*>(all.data_ptr());
    for (const auto* request : batch) {
      const auto& data = request->inputs[i].data.bytes;
      to = std::copy(data.begin(), data.end(), to);
    }
    return all;
  }

  // What the model gave, checked against the signature, in host memory.
  Result<std::vector<at::Tensor>> tensors_of(const at::IValue& value, int64_t rows) const {
    std::vector<at::Tensor> tensors = tensors_in(value);
    if (tensors.size() != signature_.outputs.size()) {
      return Error{Code::Internal, "the model gives " + std::to_string(tensors.size()) +
                                       " tensors, its signature has " +
                                       std::to_string(signature_.outputs.size())};
    }
    for (size_t i = 0; i < tensors.size(); ++i) {
      BERTH_TRY(check(tensors[i], signature_.outputs[i], rows));
      tensors[i] = tensors[i].to(at::kCPU).contiguous();
    }
    return tensors;
  }

  static Status check(const at::Tensor& tensor, const TensorSpec& spec, int64_t rows) {
    serving::Shape want = spec.shape;
    want.front() = rows;
    const auto sizes = tensor.sizes();
    const bool fits =
        sizes.size() == want.size() &&
        std::equal(sizes.begin(), sizes.end(), want.begin(),
                   [](int64_t size, int64_t wanted) { return wanted == -1 || size == wanted; });
    if (fits && tensor.scalar_type() == type_of(spec.datatype)) return Done{};
    return Error{Code::Internal, "output '" + spec.name + "': the signature says " +
                                     std::string(serving::name_of(spec.datatype)) +
                                     serving::text_of(want) + ", the model gives " +
                                     c10::toString(tensor.scalar_type()) +
                                     serving::text_of(sizes.vec())};
  }

  // Each request's rows of each output, as views.
  std::vector<Outputs> scatter(std::span<const serving::Request* const> batch,
                               const std::vector<at::Tensor>& results) const {
    std::vector<Outputs> all(batch.size());
    for (size_t i = 0; i < results.size(); ++i) {
      const auto owner = std::make_shared<const at::Tensor>(results[i]);
      const TensorSpec& spec = signature_.outputs[i];
      const auto* from = static_cast<const std::byte*>(results[i].data_ptr());
      const size_t row_bytes = results[i].nbytes() / static_cast<size_t>(results[i].size(0));
      for (size_t j = 0; j < batch.size(); ++j) {
        serving::Tensor output{
            .name = spec.name, .datatype = spec.datatype, .shape = results[i].sizes().vec()};
        output.shape.front() = batch[j]->inputs.front().shape.front();
        const size_t bytes = static_cast<size_t>(output.shape.front()) * row_bytes;
        output.data = {{from, bytes}, owner};
        from += bytes;
        all[j].push_back(std::move(output));
      }
    }
    return all;
  }

  torch::jit::Module& module_;
  const Signature& signature_;
  const at::Device device_;
  const int threads_;
  const State keep_;  // what the references point into
};

// Zeros of a shape that the signature takes; what may have any size has 1.
serving::Request made_up(const Signature& signature, int64_t rows) {
  serving::Request request;
  for (const TensorSpec& spec : signature.inputs) {
    serving::Tensor tensor{.name = spec.name, .datatype = spec.datatype, .shape = spec.shape};
    std::replace(tensor.shape.begin(), tensor.shape.end(), int64_t{-1}, int64_t{1});
    tensor.shape.front() = rows;
    const auto bytes = static_cast<size_t>(serving::elements_of(tensor.shape).value_or(0)) *
                       serving::bytes_of(spec.datatype);
    tensor.data = serving::own(std::vector<std::byte>(bytes));
    request.inputs.push_back(std::move(tensor));
  }
  return request;
}

bool has_open_sizes(const Signature& signature) {
  return std::any_of(signature.inputs.begin(), signature.inputs.end(), [](const TensorSpec& spec) {
    return std::count(spec.shape.begin(), spec.shape.end(), -1) > 1;
  });
}

// Why it stays as it is; empty when it does not.
std::string make_faster(torch::jit::Module& module, const Signature& signature) {
  auto faster = optimized(module, signature);
  if (!faster.ok()) return faster.error().message;
  module = std::move(*faster);
  return {};
}

}  // namespace

Result<TorchModel> TorchModel::load(const Bytes& archive, const TorchOptions& options) {
  const at::Device device = BERTH_TRY(choose(options.devices));
  set_up_thread(options.threads);
  std::string text;
  auto module = BERTH_TRY(parse(archive, text));
  if (!options.signature && text.empty()) {
    return Error{Code::Invalid, std::string("the model carries no ") + serving::kSignatureFile +
                                    ": save it with one (docs/serving.md) or give --signature"};
  }
  Signature signature =
      options.signature ? *options.signature : BERTH_TRY(serving::parse_signature(text));
  return guarded("load the model", [&]() -> Result<TorchModel> {
    module.eval();
    module.to(device);
    std::string why = options.as_scripted ? "--as-scripted"
                      : device.is_cuda()  ? "that is for the CPU"
                                          : make_faster(module, signature);
    return TorchModel(std::make_shared<const State>(
        State{std::move(module), std::move(signature), device, options.threads, std::move(why)}));
  });
}

const Signature& TorchModel::signature() const { return state_->signature; }

std::string TorchModel::device() const { return state_->device.str(); }

const std::string& TorchModel::as_scripted_because() const { return state_->as_scripted_because; }

std::unique_ptr<serving::Instance> TorchModel::make_instance() const {
  return std::make_unique<TorchInstance>(state_->module, state_->signature, state_->device,
                                         state_->threads, state_);
}

Status warm_up(const TorchModel& model, int64_t rows_max) {
  const auto instance = model.make_instance();
  constexpr int kRounds = 2;
  for (int64_t rows = 1;; rows = std::min(rows * 2, rows_max)) {
    const serving::Request request = made_up(model.signature(), rows);
    const serving::Request* const batch = &request;
    for (int i = 0; i < kRounds; ++i) {
      const auto outputs = instance->compute({&batch, 1});
      if (outputs.ok()) continue;
      // A size made up for what may have any can be one that the model does not take.
      if (has_open_sizes(model.signature())) return Done{};
      return Error{Code::Invalid,
                   "warm-up with " + std::to_string(rows) + " rows: " + outputs.error().message};
    }
    if (rows == rows_max) return Done{};
  }
}

}  // namespace berth::worker
