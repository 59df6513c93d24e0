#include "runtime/tombstones.h"

#include <algorithm>

namespace berth::runtime {

void Tombstones::bury(const std::string& uid, std::string_view version) {
  if (uid.empty()) return;
  const auto [made, is_new] = gone_by_.emplace(uid, version);
  if (!is_new) return;
  in_order_.push_back(made);
  if (in_order_.size() > limit_) forget_oldest();
}

void Tombstones::age() {
  while (old_ > 0) forget_oldest();
  old_ = in_order_.size();
}

void Tombstones::forget_oldest() {
  gone_by_.erase(in_order_.front());
  in_order_.pop_front();
  if (old_ > 0) --old_;
}

std::string_view Tombstones::gone_by(std::string_view uid) const {
  const auto found = gone_by_.find(uid);
  return found == gone_by_.end() ? std::string_view() : found->second;
}

void Tombstones::exhume(std::string_view uid) {
  const auto found = gone_by_.find(uid);
  if (found == gone_by_.end()) return;
  const auto place = std::find(in_order_.begin(), in_order_.end(), Graves::const_iterator(found));
  if (place - in_order_.begin() < static_cast<std::ptrdiff_t>(old_)) --old_;
  in_order_.erase(place);
  gone_by_.erase(found);
}

void Tombstones::clear() {
  old_ = 0;
  in_order_.clear();
  gone_by_.clear();
}

}  // namespace berth::runtime
