// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tells whether a record in a file is whole. It finds a record that was torn by its writer or by a
/// crash. It does not protect against somebody who forges a record.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace dmasim {

/// The checksum of all words of `record` but the last one, which holds the checksum.
template <typename Record>
[[nodiscard]] uint64_t checksum_of_words(const Record& record) noexcept {
  static_assert(std::is_trivially_copyable_v<Record>);
  static_assert(sizeof(Record) % sizeof(uint64_t) == 0);
  std::array<uint64_t, sizeof(Record) / sizeof(uint64_t)> words;
  std::memcpy(words.data(), &record, sizeof record);
  uint64_t sum = 0x9ae16a3b2f90404f;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15;
    sum ^= sum >> 29;
  }
  return sum;
}

}  // namespace dmasim
