// SPDX-License-Identifier: LGPL-2.1-or-later
/// A record in a file that other processes write: it lies in two slots, which are written in turn,
/// so that a writer that is killed leaves the record before.
///
/// PURE. A record is used only after it has been decoded, and from a private copy. A Record is made
/// of words and has
///   kMagic      what `magic`, its first word, has to be
///   kSlotBytes  how far the slots are apart, the first one at the beginning of the file
///   sequence    the newer record has one more, and they come round; it tells the slot, too
///   plausible() whether every other field is within its bounds
///   checksum    its last word
#pragma once

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

/// Where in the file a record lies.
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

/// Makes it the record that follows. Its slot is not the one of the record before.
template <typename Record>
void seal_next(Record& record) noexcept {
  ++record.sequence;
  seal(record);
}

/// One slot's. Nothing of `bytes` is believed that is not checked here.
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

/// Of two slots' records, whose numbers are an odd number apart: never half way round.
template <typename Record>
[[nodiscard]] bool is_newer(const Record& record, const Record& than) noexcept {
  return static_cast<int64_t>(record.sequence - than.sequence) > 0;
}

/// The newest record that is whole, within bounds and in its slot, out of all slots' bytes; these
/// may be fewer than they should be. Whatever numbers the slots have, seal_next() of what is found
/// makes the newest one.
template <typename Record>
[[nodiscard]] std::optional<Record> decode_newest(std::span<const std::byte> slots) noexcept {
  std::optional<Record> newest;
  for (size_t at = 0; at < kSlotsBytes<Record> && at < slots.size(); at += Record::kSlotBytes) {
    const auto record = decode_record<Record>(slots.subspan(at));
    if (!record || slot_offset(*record) != at) continue;
    if (!newest || is_newer(*record, *newest)) newest = record;
  }
  return newest;
}

}  // namespace dmasim
