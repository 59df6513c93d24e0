#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth::worker {

// Labelled samples, row by row: features scaled to 0..1 of the largest value in the file.
struct Dataset {
  int64_t features = 0;  // per sample
  int64_t classes = 0;
  std::vector<float> values;    // size() * features
  std::vector<int64_t> labels;  // 0 .. classes - 1

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

struct Split {
  Dataset train;
  Dataset held_out;
  std::string sha256;  // of the file's text, unpacked
};

// Reads CSV, plain or gzip, without a header: numbers, then the class as a whole number, per line.
// Errors: Invalid with file, line and column; a file that is not there is Invalid as well, since
// another attempt would not find it either.
Result<Split> read_split(const std::filesystem::path& path);

}  // namespace berth::worker
