// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/schedctl/format.h"

namespace schedd::client {
namespace {

constexpr char kGap[] = "  ";

// Characters, not bytes: continuation bytes of UTF-8 take no place.
size_t Width(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

}  // namespace

std::string Paint(const std::string& text, Color color) {
  switch (color) {
    case Color::kGood:
      return absl::StrCat("\033[32m", text, "\033[0m");
    case Color::kWarning:
      return absl::StrCat("\033[33m", text, "\033[0m");
    case Color::kBad:
      return absl::StrCat("\033[31m", text, "\033[0m");
    case Color::kFaint:
      return absl::StrCat("\033[2m", text, "\033[0m");
    case Color::kNone:
      break;
  }
  return text;
}

void Table::AddRow(std::vector<Cell> cells) {
  for (Cell& cell : cells) cell.text = Printable(cell.text);
  cells.resize(columns_.size(), Cell(""));
  rows_.push_back(std::move(cells));
}

std::string Table::Render(const Style& style) const {
  std::vector<std::vector<Cell>> lines;
  if (style.headers) {
    std::vector<Cell> titles;
    for (const Column& column : columns_) titles.emplace_back(column.title);
    lines.push_back(std::move(titles));
  }
  lines.insert(lines.end(), rows_.begin(), rows_.end());

  std::vector<size_t> widths(columns_.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i].text));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - Width(line[i].text), ' ');
      const std::string cell = style.color ? Paint(line[i].text, line[i].color) : line[i].text;
      if (i > 0) text += kGap;
      absl::StrAppend(&text, columns_[i].align == Align::kRight ? padding : "", cell,
                      columns_[i].align == Align::kLeft ? padding : "");
    }
    text.erase(text.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, text, "\n");
  }
  return out;
}

}  // namespace schedd::client
