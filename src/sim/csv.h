#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::sim {

// A comma-separated file with a header line, plain or gzip. No quoting: no public trace has any.
class Csv {
 public:
  // Errors: NotFound, or Invalid with "FILE:LINE: what is wrong" (a row of another width, no
  // header, a broken gzip stream, more than 2 GiB of text).
  static Result<Csv> read(const std::string& path);
  static Result<Csv> parse(const std::string& name, std::string text);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& header() const { return header_; }
  std::optional<size_t> column(std::string_view title) const;
  size_t rows() const { return header_.empty() ? 0 : cells_.size() / header_.size(); }
  std::string_view cell(size_t row, size_t column) const;
  // The cell as a whole number, or as a decimal times `scale`, rounded to the nearest; an error
  // names file, line and column.
  Result<int64_t> integer(size_t row, size_t column) const;
  Result<int64_t> scaled(size_t row, size_t column, int64_t scale) const;

 private:
  Error bad_cell(size_t row, size_t column, std::string_view want) const;

  struct Span {
    size_t at = 0;
    size_t size = 0;
  };
  std::string name_;
  std::string text_;
  std::vector<std::string> header_;
  std::vector<Span> cells_;
};

}  // namespace berth::sim
