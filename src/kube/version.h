#pragma once
#include <string_view>

namespace berth::kube {

// Whether resourceVersion `a` is newer than `b`. They are integers without leading zeros that may
// exceed 64 bits (KEP-5504 makes them comparable per resource), so the longer is newer. An empty
// one, of an object that never came from a server, is older than any.
inline bool is_newer(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() > b.size() : a > b;
}

}  // namespace berth::kube
