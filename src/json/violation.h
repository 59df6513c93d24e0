#pragma once
#include <string>
#include <vector>

namespace berth {

// What is wrong with an object and where, as the API server would say it: "spec.limits[1].class".
struct Violation {
  std::string path;
  std::string message;
  bool operator==(const Violation&) const = default;
};

using Violations = std::vector<Violation>;

}  // namespace berth
