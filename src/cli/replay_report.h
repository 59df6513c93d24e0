#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "decisionlog/replay.h"

namespace berth::cli {

// One pass for people and programs, kept beyond the call that showed it.
struct ShownPass {
  struct Line {
    std::string workload;  // UID
    std::string logged;    // JSON, empty where that side has none
    std::string replayed;
  };
  int64_t pass = 0;
  size_t line = 0;
  Instant at;
  size_t asks = 0;
  std::vector<std::pair<std::string, size_t>> news;  // kinds of facts, and how many are new
  std::vector<Line> decisions;
};
ShownPass shown_pass(const decisionlog::PassView& view);

struct ReplayStory {
  std::string file;
  decisionlog::ReplayReport report;
  std::optional<ShownPass> shown;
};

// One line of JSON with a fixed shape.
std::string replay_json(const ReplayStory& story);
std::string replay_text(const ReplayStory& story);

}  // namespace berth::cli
