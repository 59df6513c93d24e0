#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace berth::runtime {

// The last uids that were seen to be gone. Bounded: the oldest are forgotten, by when no reply or
// event about them can still be under way.
class Tombstones {
 public:
  explicit Tombstones(size_t limit = 4096) : limit_(limit) {}

  void bury(const std::string& uid);
  bool contains(std::string_view uid) const { return dead_.contains(uid); }
  void clear();
  size_t size() const { return dead_.size(); }

 private:
  size_t limit_;
  std::deque<std::string> in_order_;  // a deque does not move its elements when it grows at an end
  std::unordered_set<std::string_view> dead_;  // views into in_order_
};

}  // namespace berth::runtime
