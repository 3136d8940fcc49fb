// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pcm/byte_queue.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace dmasim {
namespace {

constexpr size_t kCapacity = size_t{100} << 20;
constexpr size_t kFew = size_t{8} << 20;  // the kernel may give two huge pages at a time

/// How many bytes of the memory of `queue` were touched so far. The queue's oldest byte must be the
/// first byte of that memory.
size_t resident_bytes(const ByteQueue& queue) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(queue.front().data()) / page * page;
  std::vector<unsigned char> pages(queue.capacity() / page);
  EXPECT_EQ(mincore(reinterpret_cast<void*>(begin), pages.size() * page, pages.data()), 0);
  size_t resident = 0;
  for (const unsigned char each : pages) resident += (each & 1) * page;
  return resident;
}

TEST(ByteQueue, TouchesNoMemoryBeforeBytesComeIntoIt) {
  ByteQueue queue(kCapacity);
  EXPECT_LE(resident_bytes(queue), kFew);
}

TEST(ByteQueue, GoesBackToTheMemoryThatItKnowsWhenItIsEmpty) {
  ByteQueue queue(kCapacity);
  std::vector<std::byte> piece(size_t{1} << 20);
  for (size_t pushed = 0; pushed < 2 * kCapacity; pushed += piece.size()) {
    queue.push(piece);
    ASSERT_EQ(queue.pop(piece), piece.size());
  }
  EXPECT_LE(resident_bytes(queue), kFew);
}

TEST(ByteQueue, KeepsTheOrderOverItsEnd) {
  ByteQueue queue(7);
  std::array<std::byte, 5> piece{};
  unsigned in = 0;
  unsigned out = 0;
  queue.push(std::array{static_cast<std::byte>(in++)});
  for (int turn = 0; turn < 20; ++turn) {
    for (std::byte& each : piece) each = static_cast<std::byte>(in++);
    queue.push(piece);
    ASSERT_EQ(queue.pop(piece), piece.size());
    for (const std::byte each : piece) ASSERT_EQ(each, static_cast<std::byte>(out++));
    ASSERT_EQ(queue.size(), 1U);
  }
}

TEST(ByteQueue, PutsCopiesOverItsEnd) {
  ByteQueue queue(7);
  std::array<std::byte, 5> few{};
  queue.push(few);
  queue.push_copies(std::byte{1}, 1);
  queue.drop(few.size());
  queue.push_copies(std::byte{2}, 6);
  std::array<std::byte, 7> all{};
  ASSERT_EQ(queue.pop(all), all.size());
  EXPECT_EQ(all.front(), std::byte{1});
  EXPECT_EQ(std::count(all.begin(), all.end(), std::byte{2}), 6);
}

}  // namespace
}  // namespace dmasim
