// SPDX-License-Identifier: LGPL-2.1-or-later
/// The names that a program gives to its objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/interleaving/footprint.h"

namespace dmasim::sim {

class Names {
 public:
  struct Range {
    const char* begin;
    size_t bytes;
    uint32_t number;
    [[nodiscard]] bool contains(const void* address) const {
      const char* at = static_cast<const char*>(address);
      return at >= begin && at < begin + bytes;
    }
  };

  /// Forgets the objects. It keeps the number of each name, so that a name has the same number in
  /// all runs.
  void begin_run() { ranges_.clear(); }
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  /// Makes room for `count` ranges. The caller then writes into it a copy that it has made of
  /// ranges().
  Range* put_back(size_t count) {
    ranges_.resize(count);
    return ranges_.data();
  }
  void add(const void* object, const std::string& text, size_t bytes);
  /// The smallest named range that contains `address`; of ranges of one size, the latest. Null if
  /// there is none.
  [[nodiscard]] const Range* find(const void* address) const;
  [[nodiscard]] const std::string& text(const Range& range) const { return texts_[range.number]; }
  [[nodiscard]] ObjectId object(const void* address) const;

 private:
  std::vector<Range> ranges_;
  std::map<std::string, uint32_t> numbers_;
  std::vector<std::string> texts_;
};

}  // namespace dmasim::sim
