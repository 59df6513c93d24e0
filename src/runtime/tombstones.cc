#include "runtime/tombstones.h"

namespace berth::runtime {

void Tombstones::bury(const std::string& uid) {
  if (uid.empty() || dead_.contains(uid)) return;
  dead_.insert(in_order_.emplace_back(uid));
  if (in_order_.size() <= limit_) return;
  dead_.erase(in_order_.front());
  in_order_.pop_front();
}

void Tombstones::clear() {
  dead_.clear();
  in_order_.clear();
}

}  // namespace berth::runtime
