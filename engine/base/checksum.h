// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tells whether a record in a file is whole. It finds a record that was torn by its writer or by a
/// crash. It does not protect against somebody who forges a record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace dmasim {

/// XXH3 of xxHash, 64 bits. Its value is the same on every machine and in every version of xxHash.
[[nodiscard]] uint64_t checksum_of(std::span<const std::byte> bytes) noexcept;

/// The checksum of all words of `record` but the last one, which holds the checksum.
template <typename Record>
[[nodiscard]] uint64_t checksum_of_words(const Record& record) noexcept {
  static_assert(std::is_trivially_copyable_v<Record>);
  static_assert(sizeof(Record) % sizeof(uint64_t) == 0);
  return checksum_of(std::as_bytes(std::span(&record, 1)).first(sizeof record - sizeof(uint64_t)));
}

}  // namespace dmasim
