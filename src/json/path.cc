#include "json/path.h"

namespace berth {

std::string Path::text() const {
  if (parent_ == nullptr) return std::string(name_);
  std::string text = parent_->text();
  if (is_item_) return text + "[" + std::to_string(index_) + "]";
  if (!text.empty()) text += '.';
  return text.append(name_);
}

}  // namespace berth
