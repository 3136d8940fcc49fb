// SPDX-License-Identifier: LGPL-2.1-or-later
/// A queue of bytes in memory that is allocated once. Its pages are first touched when bytes come,
/// so a queue for seconds of sound is made quickly enough for a start.
///
/// LOCKING  none of its own: guarded by its owner's mutex.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "engine/pcm/wrap.h"

namespace dmasim {

class ByteQueue {
 public:
  ByteQueue() = default;
  /// Throws std::bad_alloc.
  explicit ByteQueue(size_t capacity)
      : storage_(std::make_unique_for_overwrite<std::byte[]>(capacity)), capacity_(capacity) {}
  ByteQueue(ByteQueue&& other) noexcept { *this = std::move(other); }
  ByteQueue& operator=(ByteQueue&& other) noexcept {
    std::swap(storage_, other.storage_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
    return *this;
  }

  [[nodiscard]] size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] size_t free_bytes() const noexcept { return capacity() - size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// `bytes` must not be longer than free_bytes().
  void push(std::span<const std::byte> bytes) noexcept {
    assert(bytes.size() <= free_bytes());
    for (const RingPiece& piece : ring_pieces(capacity_, head_ + size_, bytes.size())) {
      std::memcpy(storage_.get() + piece.at, bytes.data() + piece.after, piece.count);
    }
    size_ += bytes.size();
  }

  /// Adds `count` copies of `byte`, which must not be more than free_bytes().
  void push_copies(std::byte byte, size_t count) noexcept {
    assert(count <= free_bytes());
    for (const RingPiece& piece : ring_pieces(capacity_, head_ + size_, count)) {
      std::fill_n(storage_.get() + piece.at, piece.count, byte);
    }
    size_ += count;
  }

  /// The oldest bytes, up to the end of the contiguous memory. Valid until the next change.
  [[nodiscard]] std::span<const std::byte> front() const noexcept {
    return {storage_.get() + head_, std::min(size_, capacity() - head_)};
  }

  /// Drops the oldest `count` bytes, at most size().
  void drop(size_t count) noexcept {
    assert(count <= size_);
    if (count == 0) return;
    size_ -= count;
    head_ = empty() ? 0 : (head_ + count) % capacity();  // begin with touched pages
  }

  /// Moves as many of the oldest bytes out as there are and as fit. Answers their number.
  size_t pop(std::span<std::byte> out) noexcept {
    const size_t count = std::min(out.size(), size_);
    for (const RingPiece& piece : ring_pieces(capacity_, head_, count)) {
      std::memcpy(out.data() + piece.after, storage_.get() + piece.at, piece.count);
    }
    drop(count);
    return count;
  }

  void clear() noexcept { head_ = size_ = 0; }

  /// Moves all bytes of `other` to the end of this queue. They have to fit.
  void move_all_from(ByteQueue& other) noexcept {
    while (!other.empty()) {
      const auto piece = other.front();
      push(piece);
      other.drop(piece.size());
    }
  }

 private:
  std::unique_ptr<std::byte[]> storage_;
  size_t capacity_ = 0;
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace dmasim
