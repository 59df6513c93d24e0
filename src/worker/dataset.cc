#include "worker/dataset.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "worker/files.h"

namespace berth::worker {
namespace {

// Every fifth line is held out, whatever the seed, so that runs can be compared.
constexpr int64_t kHeldOutEvery = 5;
constexpr int64_t kClassesMax = 100000;
constexpr size_t kTextBytesMax = size_t{4} << 30;

Error at_line(const std::filesystem::path& path, int64_t line, const std::string& what) {
  return Error{Code::Invalid, path.string() + ":" + std::to_string(line) + ": " + what};
}

// zlib reads plain files through the same call, so the name's ending does not matter.
Result<std::string> read_text(const std::filesystem::path& path) {
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) {
    return Error{Code::Invalid, "read data " + path.string() + ": " +
                                    std::error_code(errno, std::generic_category()).message()};
  }
  std::string text;
  std::array<char, 65536> chunk;
  for (;;) {
    const int got = gzread(file.get(), chunk.data(), chunk.size());
    if (got < 0) {
      int number = 0;
      return Error{Code::Invalid,
                   "read data " + path.string() + ": " + gzerror(file.get(), &number)};
    }
    if (got == 0) break;
    text.append(chunk.data(), static_cast<size_t>(got));
    if (text.size() > kTextBytesMax) {
      return Error{Code::Invalid, "read data " + path.string() + ": more than 4 GiB of text"};
    }
  }
  // A cut-off gzip ends quietly; only closing it or this tells.
  int number = Z_OK;
  const char* problem = gzerror(file.get(), &number);
  if (number != Z_OK) return Error{Code::Invalid, "read data " + path.string() + ": " + problem};
  return text;
}

// Takes one line apart; the numbers go to the end of `row`.
Status parse_line(const std::filesystem::path& path, int64_t number, std::string_view line,
                  std::vector<float>& row) {
  for (int64_t column = 1;; ++column) {
    const std::string_view field = line.substr(0, line.find(','));
    float value = 0;
    const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (failure != std::errc{} || end != field.data() + field.size()) {
      return at_line(path, number,
                     "column " + std::to_string(column) + ": want a number, got '" +
                         std::string(field.substr(0, 40)) + "'");
    }
    row.push_back(value);
    if (field.size() == line.size()) return Done{};
    line.remove_prefix(field.size() + 1);
  }
}

void append(Dataset& to, const std::vector<float>& row, int64_t label) {
  to.values.insert(to.values.end(), row.begin(), row.end() - 1);
  to.labels.push_back(label);
}

// Checks one parsed line against those before it and gives its class.
Result<int64_t> label_of(const std::filesystem::path& path, int64_t number,
                         const std::vector<float>& row, int64_t features) {
  const auto width = static_cast<int64_t>(row.size());
  if (width < 2 || (features > 0 && width != features + 1)) {
    return at_line(path, number,
                   "want " + std::to_string(std::max<int64_t>(features, 1)) +
                       " features and a class, got " + std::to_string(width) + " columns");
  }
  const float last = row.back();
  if (!(last >= 0 && last < static_cast<float>(kClassesMax)) ||
      last != static_cast<float>(static_cast<int64_t>(last))) {
    return at_line(path, number, "the last column is the class: want a whole number from 0");
  }
  return static_cast<int64_t>(last);
}

// Scaled by one factor for all, so that the relation between features stays.
void scale(Split& split) {
  float largest = 0;
  for (const Dataset* part : {&split.train, &split.held_out}) {
    for (const float value : part->values) largest = std::max(largest, value < 0 ? -value : value);
  }
  if (largest == 0) return;
  for (Dataset* part : {&split.train, &split.held_out}) {
    for (float& value : part->values) value /= largest;
  }
}

}  // namespace

Result<Split> read_split(const std::filesystem::path& path) {
  const std::string text = BERTH_TRY(read_text(path));
  Split split;
  split.sha256 = sha256_hex(bytes_of(text));
  int64_t features = 0;
  int64_t classes = 0;
  int64_t number = 0;
  std::vector<float> row;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (line.empty()) continue;
    row.clear();
    BERTH_TRY(parse_line(path, number, line, row));
    const int64_t label = BERTH_TRY(label_of(path, number, row, features));
    features = static_cast<int64_t>(row.size()) - 1;
    classes = std::max(classes, label + 1);
    append(number % kHeldOutEvery == 0 ? split.held_out : split.train, row, label);
  }
  if (split.held_out.size() == 0) {
    return Error{Code::Invalid, path.string() + ": want at least " + std::to_string(kHeldOutEvery) +
                                    " lines, got " + std::to_string(split.train.size())};
  }
  for (Dataset* part : {&split.train, &split.held_out}) {
    part->features = features;
    part->classes = classes;
  }
  scale(split);
  return split;
}

}  // namespace berth::worker
