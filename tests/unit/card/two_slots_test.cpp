// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which of the records in two slots is read, and that the next written one is always read.
#include "engine/card/two_slots.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace dmasim {
namespace {

struct Note {
  static constexpr uint64_t kMagic = 17;
  static constexpr size_t kSlotBytes = 64;

  uint64_t magic = kMagic;
  uint64_t sequence = 0;
  uint64_t value = 0;
  uint64_t checksum = 0;

  [[nodiscard]] bool plausible() const noexcept { return value < 1000; }
};

class TwoSlots : public ::testing::Test {
 protected:
  static Note sealed(uint64_t sequence, uint64_t value) {
    Note note{.sequence = sequence, .value = value};
    seal(note);
    return note;
  }
  void put(size_t at, const Note& note) {
    std::memcpy(std::span(bytes_).subspan(at).data(), &note, sizeof note);
  }
  void put(const Note& note) { put(slot_offset(note), note); }
  [[nodiscard]] std::optional<uint64_t> newest() const {
    const auto note = decode_newest<Note>(bytes_);
    return note ? std::optional(note->value) : std::nullopt;
  }

  std::array<std::byte, kSlotsBytes<Note>> bytes_{};
};

TEST_F(TwoSlots, HoldNothingAtFirst) { EXPECT_FALSE(newest()); }

TEST_F(TwoSlots, HoldTheNewerRecordAndTheOneBefore) {
  Note note;
  for (uint64_t value = 1; value < 5; ++value) {
    const Note before = note;
    note.value = value;
    seal_next(note);
    put(note);
    EXPECT_EQ(newest(), value);
    auto torn = note;
    torn.checksum ^= 1;
    put(torn);
    EXPECT_EQ(newest(), value == 1 ? std::nullopt : std::optional(before.value));
    put(note);
  }
}

TEST_F(TwoSlots, AreNotBelievedOutOfBounds) {
  put(sealed(2, 7));
  put(sealed(3, 1000));
  EXPECT_EQ(newest(), 7U);
  Note foreign{.magic = 18, .sequence = 3, .value = 8};
  seal(foreign);
  put(foreign);
  EXPECT_EQ(newest(), 7U);
}

/// The record is in the wrong slot. The next record would overwrite it, and would not be written
/// into the other slot.
TEST_F(TwoSlots, BelieveNoRecordInTheOthersPlace) {
  put(0, sealed(3, 7));
  EXPECT_FALSE(newest());
  put(Note::kSlotBytes, sealed(2, 8));
  EXPECT_FALSE(newest());
}

/// Also if the records are forged. The slots hold only two numbers: many pairs of them are tried.
TEST_F(TwoSlots, TakeTheNextRecordWhateverNumbersTheyHave) {
  std::vector<uint64_t> sequences;
  for (const uint64_t middle : {uint64_t{0}, uint64_t{1} << 62, uint64_t{1} << 63, UINT64_MAX}) {
    for (uint64_t i = 0; i < 9; ++i) sequences.push_back(middle - 4 + i);
  }
  for (const uint64_t first : sequences) {
    for (const uint64_t second : sequences) {
      bytes_ = {};
      put(first % 2 * Note::kSlotBytes, sealed(first, 1));
      put((first + 1) % 2 * Note::kSlotBytes, sealed(second, 2));
      for (uint64_t value = 3; value < 6; ++value) {
        Note note = *decode_newest<Note>(bytes_);
        note.value = value;
        seal_next(note);
        put(note);
        ASSERT_EQ(newest(), value) << first << " and " << second;
      }
    }
  }
}

}  // namespace
}  // namespace dmasim
