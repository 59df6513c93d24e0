#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace berth {

// Where a value stands in an object, as a chain on the stack of who walks through it. It becomes a
// text, "spec.limits[0].class", only where something is wrong: most values have nothing to be said
// of. A part refers to its parent and its name, which outlive it.
class Path {
 public:
  Path() = default;  // the object itself: ""
  explicit Path(std::string_view name) : name_(name) {}
  Path(const Path& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Path(const Path& parent, size_t index) : parent_(&parent), index_(index), is_item_(true) {}

  std::string text() const;

 private:
  const Path* parent_ = nullptr;
  std::string_view name_;
  size_t index_ = 0;
  bool is_item_ = false;
};

}  // namespace berth
