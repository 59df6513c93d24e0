#pragma once
#include <string>
#include <vector>

namespace berth::cli {

// Rows under a header, two spaces between columns, for people.
struct Table {
  struct Column {
    std::string name;
    bool is_number = false;  // to the right
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as columns

  std::string text() const;
};

}  // namespace berth::cli
