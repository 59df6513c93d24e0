#pragma once
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace berth::runtime {

// The last uids that were seen to be gone, with the version of the collection by which they were.
// Bounded: the oldest are forgotten, by when no reply or event about them can still be under way.
class Tombstones {
 public:
  explicit Tombstones(size_t limit = 4096) : limit_(limit) {}

  void bury(const std::string& uid, std::string_view version);
  bool contains(std::string_view uid) const { return gone_by_.contains(uid); }
  std::string_view gone_by(std::string_view uid) const;  // empty: it is not known to be gone
  void exhume(std::string_view uid);  // it is there again: what was lost is its deletion
  void clear();
  size_t size() const { return gone_by_.size(); }

 private:
  size_t limit_;
  std::deque<std::string> in_order_;  // may name some that were exhumed
  std::map<std::string, std::string, std::less<>> gone_by_;
};

}  // namespace berth::runtime
