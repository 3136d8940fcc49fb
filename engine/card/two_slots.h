// SPDX-License-Identifier: LGPL-2.1-or-later
/// A record in a file that other processes write. The file has two slots, which are written in
/// turn. So a writer that is killed during a write leaves the record before it whole.
///
/// PURE. Use a record only after decode_record(), which checks a private copy of it. A Record
/// consists of words and has
///   kMagic      the value of its first word, `magic`
///   kSlotBytes  the distance between the slots; the first one is at the beginning of the file
///   sequence    rises by one with each record, and wraps; its parity chooses the slot
///   plausible() says whether every other field is within its bounds
///   checksum    its last word
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "engine/base/checksum.h"

namespace dmasim {

inline constexpr size_t kSlots = 2;
template <typename Record>
inline constexpr size_t kSlotsBytes = kSlots* Record::kSlotBytes;

/// The offset in the file at which the record lies.
template <typename Record>
[[nodiscard]] size_t slot_offset(const Record& record) noexcept {
  static_assert(sizeof(Record) <= Record::kSlotBytes);
  return record.sequence % kSlots * Record::kSlotBytes;
}

/// Sets the checksum.
template <typename Record>
void seal(Record& record) noexcept {
  record.checksum = checksum_of_words(record);
}

/// Turns it into the next record, which lies in the other slot.
template <typename Record>
void seal_next(Record& record) noexcept {
  ++record.sequence;
  seal(record);
}

/// Decodes one slot. Checks everything that a reader of the record relies on.
template <typename Record>
[[nodiscard]] std::optional<Record> decode_record(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < sizeof(Record)) return std::nullopt;
  Record record;
  std::memcpy(&record, bytes.data(), sizeof record);
  if (record.magic != Record::kMagic || record.checksum != checksum_of_words(record)) {
    return std::nullopt;
  }
  if (!record.plausible()) return std::nullopt;
  return record;
}

/// Sequence numbers wrap, so they are compared by their difference. Records of two different slots
/// differ by an odd number, so never by half of the range, where neither would be newer.
[[nodiscard]] constexpr bool is_newer(uint64_t sequence, uint64_t than) noexcept {
  return static_cast<int64_t>(sequence - than) > 0;
}

/// Decodes the newest record that is whole, within bounds and in its own slot. `slots` are the
/// bytes of all slots; if the file is short, there are fewer. Whatever sequence numbers the slots
/// have, seal_next() of the result makes the newest record.
///
/// Decodes the slot whose number is newer first, and the other one only if that one has no record.
template <typename Record>
[[nodiscard]] std::optional<Record> decode_newest(std::span<const std::byte> slots) noexcept {
  static_assert(kSlots == 2);
  const auto slot = [&](size_t index) {
    return slots.subspan(std::min(index * Record::kSlotBytes, slots.size()));
  };
  const auto decode = [&](size_t index) {
    auto record = decode_record<Record>(slot(index));
    if (record && record->sequence % kSlots != index) record.reset();
    return record;
  };
  const auto number = [&](size_t index) {
    uint64_t word = 0;
    const auto bytes = slot(index);
    if (bytes.size() < sizeof(Record)) return word;
    std::memcpy(&word, bytes.data() + offsetof(Record, sequence), sizeof word);
    return word;
  };
  const size_t first = is_newer(number(1), number(0)) ? 1 : 0;
  const auto newest = decode(first);
  return newest ? newest : decode(1 - first);
}

}  // namespace dmasim
