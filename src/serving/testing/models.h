#pragma once
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "serving/dispatcher.h"
#include "serving/signature.h"

namespace berth::serving::testing {

// x: FP32[-1,2] in, sum: FP32[-1] out.
inline Signature pairs() {
  return {.inputs = {{"x", Datatype::Fp32, {-1, 2}}}, .outputs = {{"sum", Datatype::Fp32, {-1}}}};
}

template <class T>
Data data_of(const std::vector<T>& elements) {
  std::vector<std::byte> bytes(elements.size() * sizeof(T));
  std::memcpy(bytes.data(), elements.data(), bytes.size());
  return own(std::move(bytes));
}

template <class T>
std::vector<T> elements_in(const Tensor& tensor) {
  std::vector<T> elements(tensor.data.bytes.size() / sizeof(T));
  std::memcpy(elements.data(), tensor.data.bytes.data(), tensor.data.bytes.size());
  return elements;
}

inline Request pair_request(float a, float b) {
  Request request;
  request.inputs.push_back({"x", Datatype::Fp32, {1, 2}, data_of<float>({a, b})});
  return request;
}

// A gate that instances wait at, so that a test decides when they compute.
class Gate {
 public:
  void open(bool is_open = true) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  // Waits until so many batches have come to it.
  bool has_seen(int batches) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return arrived_ >= batches; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  int arrived_ = 0;
};

// Adds the numbers of each row, behind a gate.
class Adder final : public Instance {
 public:
  explicit Adder(Gate& gate) : gate_(gate) {}
  Result<std::vector<Outputs>> compute(std::span<const Request* const> batch) override {
    gate_.pass();
    std::vector<Outputs> all;
    for (const Request* request : batch) {
      const auto x = elements_in<float>(request->inputs.front());
      std::vector<float> sums;
      for (size_t i = 0; i < x.size(); i += 2) sums.push_back(x[i] + x[i + 1]);
      const auto rows = static_cast<int64_t>(sums.size());
      all.push_back({{"sum", Datatype::Fp32, {rows}, data_of(sums)}});
    }
    return all;
  }

 private:
  Gate& gate_;
};

}  // namespace berth::serving::testing
