#pragma once

#include <string>
#include <vector>

#include <boost/json/array.hpp>

namespace ar::host {

/// Rows of text in aligned columns. Widths count letters, not bytes; the last column is not padded.
class Table {
 public:
  explicit Table(std::vector<std::string> columns) : rows_{std::move(columns)} {}

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// A row of two cells; the second runs to the end of the line and does not widen its column.
  void add_note(std::string first, std::string text) { rows_.push_back({std::move(first), std::move(text)}); }

  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// A JSON array with one element a line.
std::string json_lines(const boost::json::array& rows);

}  // namespace ar::host
