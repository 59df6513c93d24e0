#pragma once
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace berth::runtime {

// The uids that were lately seen to be gone, with the version of the collection by which they were.
// Bounded in number and, by whoever calls age(), in time: the oldest are forgotten, by when no
// reply or event about them can still be under way.
class Tombstones {
 public:
  explicit Tombstones(size_t limit = 4096) : limit_(limit) {}

  void bury(const std::string& uid, std::string_view version);
  // Some time has passed: who was dead already at the last call is forgotten.
  void age();
  bool contains(std::string_view uid) const { return gone_by_.contains(uid); }
  std::string_view gone_by(std::string_view uid) const;  // empty: it is not known to be gone
  // It is there again: what was lost is its deletion. Rare, and O(limit).
  void exhume(std::string_view uid);
  void clear();
  size_t size() const { return gone_by_.size(); }

 private:
  void forget_oldest();

  using Graves = std::map<std::string, std::string, std::less<>>;

  size_t limit_;
  Graves gone_by_;  // by uid
  std::deque<Graves::const_iterator> in_order_;
  size_t old_ = 0;  // of these, the first, that were there at the last age()
};

}  // namespace berth::runtime
