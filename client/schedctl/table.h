// SPDX-License-Identifier: Apache-2.0
//
// Text in columns, as ps and kubectl print it.
//
// A value: fill it with rows, render it once. One thread. Widths are counted in UTF-8 characters.
// Cells are made safe for a terminal. Never fails; a row with fewer cells than columns is filled
// with empty ones.
#ifndef SCHEDD_CLIENT_SCHEDCTL_TABLE_H_
#define SCHEDD_CLIENT_SCHEDCTL_TABLE_H_

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace schedd::client {

enum class Color { kNone, kGood, kWarning, kBad, kFaint };

// The text in that colour, for a terminal that knows ANSI sequences.
std::string Paint(const std::string& text, Color color);

struct Cell {
  Cell(std::string cell_text, Color cell_color = Color::kNone)  // NOLINT: a cell is a text
      : text(std::move(cell_text)), color(cell_color) {}
  Cell(const char* cell_text) : text(cell_text) {}  // NOLINT: a cell is a text

  std::string text;
  Color color = Color::kNone;
};

class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  struct Style {
    bool headers = true;
    bool color = false;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void AddRow(std::vector<Cell> cells);

  // Lines with an end; the last column is not padded.
  std::string Render(const Style& style) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_TABLE_H_
