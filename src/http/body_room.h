#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace berth::http {

// What one connection holds of the bytes that the bodies of all connections of a server may take
// together; gives back what it holds when it goes. One thread each, the sum is shared.
class BodyRoom {
 public:
  using Sum = std::shared_ptr<std::atomic<size_t>>;

  BodyRoom(Sum all, size_t most) : all_(std::move(all)), most_(most) {}
  ~BodyRoom() { give_back(held_); }
  BodyRoom(const BodyRoom&) = delete;
  BodyRoom& operator=(const BodyRoom&) = delete;

  // False where they do not fit; then none are held for them.
  bool take(size_t bytes) {
    if (all_->fetch_add(bytes) + bytes > most_) {
      all_->fetch_sub(bytes);
      return false;
    }
    held_ += bytes;
    return true;
  }
  void give_back(size_t bytes) {
    all_->fetch_sub(bytes);
    held_ -= bytes;
  }
  size_t held() const { return held_; }

 private:
  const Sum all_;
  const size_t most_;
  size_t held_ = 0;
};

}  // namespace berth::http
