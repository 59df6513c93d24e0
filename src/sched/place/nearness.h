#pragma once
#include <string>
#include <vector>

namespace berth::sched {

// How close together the workers of a gang have to be.
struct Nearness {
  std::vector<std::string> levels;  // narrowest first: the level asked for, then wider ones
  bool required = false;            // all in one domain of levels.front(), or nowhere
  bool operator==(const Nearness&) const = default;
};

}  // namespace berth::sched
