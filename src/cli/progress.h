#pragma once
#include <cstdint>
#include <string>

#include "cli/command.h"

namespace berth::cli {

// A bar on a terminal; nothing at all elsewhere.
class Progress {
 public:
  Progress(const Surroundings& around, std::string noun);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Draws only what changed by a percent.
  void show(int64_t done, int64_t all);
  // Takes the bar away, so that the result stands alone.
  void clear();

 private:
  const Surroundings& around_;
  std::string noun_;
  int64_t percent_ = -1;
};

}  // namespace berth::cli
