#include "cli/live/table.h"

#include <algorithm>

namespace berth::cli {
namespace {

std::string line(const std::vector<Table::Column>& columns, const std::vector<size_t>& widths,
                 const std::vector<std::string>& cells) {
  std::string text;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string pad(widths[i] - std::min(widths[i], cells[i].size()), ' ');
    if (i > 0) text += "  ";
    text += columns[i].is_number ? pad + cells[i] : cells[i] + pad;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

}  // namespace

std::string Table::text() const {
  std::vector<std::string> header;
  std::vector<size_t> widths;
  for (const Column& column : columns) {
    header.push_back(column.name);
    widths.push_back(column.name.size());
  }
  for (const auto& row : rows) {
    for (size_t i = 0; i < columns.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text = line(columns, widths, header);
  for (const auto& row : rows) text += line(columns, widths, row);
  return text;
}

}  // namespace berth::cli
