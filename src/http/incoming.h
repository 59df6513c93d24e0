#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace berth::http {

// Whether one connection is reading a request, in the number of all that are. One thread each, the
// number is shared.
class Incoming {
 public:
  using Sum = std::shared_ptr<std::atomic<int64_t>>;

  explicit Incoming(Sum all) : all_(std::move(all)) {}
  ~Incoming() { set(false); }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  void set(bool is_coming) {
    if (std::exchange(is_coming_, is_coming) != is_coming) all_->fetch_add(is_coming ? 1 : -1);
  }

 private:
  const Sum all_;
  bool is_coming_ = false;
};

}  // namespace berth::http
