#pragma once
#include <map>
#include <optional>
#include <string>

#include "decisionlog/log.h"

namespace berth::decisionlog::testing {

// The files of a log, in memory. What is in `fails` comes in place of success.
struct MemoryFiles {
  std::map<int64_t, std::string> files;
  std::optional<Error> fails;

  LogFiles opened() {
    return {.append = [this](std::string_view line) -> Status {
              if (fails) return *fails;
              files.rbegin()->second += line;
              return Done{};
            },
            .begin = [this](int64_t file) -> Status {
              if (fails) return *fails;
              files[file] = {};
              return Done{};
            }};
  }
};

}  // namespace berth::decisionlog::testing
