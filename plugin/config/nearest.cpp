// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/config/nearest.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>
#include <vector>

namespace dmasim {
namespace {

constexpr size_t kMostApart = 2;

int lower(char letter) { return std::tolower(static_cast<unsigned char>(letter)); }

}  // namespace

/// Levenshtein's distance, row by row.
size_t letters_apart(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> words) {
  std::string_view best;
  size_t apart = kMostApart + 1;
  for (const std::string_view each : words) {
    const size_t distance = letters_apart(word, each);
    if (distance < apart && distance < each.size()) {
      best = each;
      apart = distance;
    }
  }
  return best;
}

}  // namespace dmasim
