#include "runtime/tombstones.h"

namespace berth::runtime {

void Tombstones::bury(const std::string& uid, std::string_view version) {
  if (uid.empty()) return;
  const auto [made, is_new] = gone_by_.emplace(uid, version);
  if (!is_new) return;
  in_order_.push_back(made);
  if (in_order_.size() <= limit_) return;
  gone_by_.erase(in_order_.front());
  in_order_.pop_front();
}

std::string_view Tombstones::gone_by(std::string_view uid) const {
  const auto found = gone_by_.find(uid);
  return found == gone_by_.end() ? std::string_view() : found->second;
}

void Tombstones::exhume(std::string_view uid) {
  const auto found = gone_by_.find(uid);
  if (found == gone_by_.end()) return;
  std::erase(in_order_, Graves::const_iterator(found));
  gone_by_.erase(found);
}

void Tombstones::clear() {
  in_order_.clear();
  gone_by_.clear();
}

}  // namespace berth::runtime
