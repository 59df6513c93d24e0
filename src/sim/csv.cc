#include "sim/csv.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>

namespace berth::sim {
namespace {

constexpr size_t kMostBytes = size_t{2} << 30;

struct CloseGzip {
  void operator()(gzFile file) const { gzclose(file); }
};
using GzipFile = std::unique_ptr<gzFile_s, CloseGzip>;

// zlib reads plain files as they are.
Result<std::string> read_all(const std::string& path) {
  const GzipFile file(gzopen(path.c_str(), "rb"));
  if (!file) return Error{Code::NotFound, path + ": cannot be opened"};
  std::string text;
  std::array<char, 1 << 16> buffer{};
  while (true) {
    const int got = gzread(file.get(), buffer.data(), buffer.size());
    if (got < 0) return Error{Code::Invalid, path + ": cannot be read, or is not whole"};
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(got));
    if (text.size() > kMostBytes) return Error{Code::Invalid, path + ": more than 2 GiB"};
  }
}

}  // namespace

Result<Csv> Csv::read(const std::string& path) { return parse(path, BERTH_TRY(read_all(path))); }

Result<Csv> Csv::parse(const std::string& name, std::string text) {
  Csv csv;
  csv.name_ = name;
  csv.text_ = std::move(text);
  const std::string_view all = csv.text_;
  size_t line = 0;
  for (size_t at = 0; at < all.size();) {
    ++line;
    const size_t end = std::min(all.find('\n', at), all.size());
    const size_t last = end > at && all[end - 1] == '\r' ? end - 1 : end;
    const size_t before = csv.cells_.size();
    for (size_t from = at; last > at && from <= last;) {
      const size_t comma = std::min(all.find(',', from), last);
      csv.cells_.push_back({from, comma - from});
      from = comma + 1;
    }
    const size_t width = csv.cells_.size() - before;
    if (line == 1) {
      for (const Span& cell : csv.cells_) csv.header_.emplace_back(all.substr(cell.at, cell.size));
      csv.cells_.clear();
    } else if (width != csv.header_.size()) {
      return Error{Code::Invalid, name + ":" + std::to_string(line) + ": want " +
                                      std::to_string(csv.header_.size()) + " cells, got " +
                                      std::to_string(width)};
    }
    at = end + 1;
  }
  if (csv.header_.empty()) return Error{Code::Invalid, name + ": want a header line"};
  return csv;
}

std::optional<size_t> Csv::column(std::string_view title) const {
  const auto at = std::find(header_.begin(), header_.end(), title);
  if (at == header_.end()) return std::nullopt;
  return static_cast<size_t>(at - header_.begin());
}

std::string_view Csv::cell(size_t row, size_t column) const {
  const Span& span = cells_[row * header_.size() + column];
  return std::string_view(text_).substr(span.at, span.size);
}

Error Csv::bad_cell(size_t row, size_t column, std::string_view want) const {
  return {Code::Invalid, name_ + ":" + std::to_string(row + 2) + ": " + header_[column] +
                             ": want " + std::string(want) + ", got '" +
                             std::string(cell(row, column)) + "'"};
}

Result<int64_t> Csv::integer(size_t row, size_t column) const {
  const std::string_view text = cell(row, column);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return bad_cell(row, column, "a whole number");
  }
  return value;
}

Result<int64_t> Csv::scaled(size_t row, size_t column, int64_t scale) const {
  const std::string_view text = cell(row, column);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  value *= static_cast<double>(scale);
  if (error != std::errc() || end != text.data() + text.size() || !(std::abs(value) < 9e18)) {
    return bad_cell(row, column, "a number");
  }
  return std::llround(value);
}

}  // namespace berth::sim
