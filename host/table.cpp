#include "host/table.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>

namespace ar::host {
namespace {

std::size_t letters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string Table::text() const {
  const std::size_t n_columns = rows_.front().size();
  std::vector<std::size_t> widths(n_columns, 0);
  for (const auto& row : rows_) {
    const std::size_t n = row.size() == n_columns ? n_columns : 1;  // a note widens its first column only
    for (std::size_t i = 0; i < n; ++i) widths[i] = std::max(widths[i], letters(row[i]));
  }
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - letters(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string json_lines(const boost::json::array& rows) {
  std::string text = "[";
  for (const auto& row : rows) text += (text.size() == 1 ? "\n" : ",\n") + boost::json::serialize(row);
  return text + (rows.empty() ? "]\n" : "\n]\n");
}

}  // namespace ar::host
