// SPDX-License-Identifier: LGPL-2.1-or-later
/// The position of a transfer in its memory, and the moving of bytes from there on.
#pragma once

#include <vector>

#include "engine/dma/transfer.h"

namespace dmasim {

class Port;

/// PURE. A position in a descriptor's chunks. After the last chunk it goes on with the first.
class Cursor {
 public:
  void start(const Transfer& transfer) noexcept {
    transfer_ = &transfer;
    frame_ = chunk_ = offset_ = 0;
  }

  /// Bytes from here to the end of the contiguous memory.
  [[nodiscard]] size_t contiguous() const noexcept { return chunk().bytes - offset_; }
  /// Bytes of the current chunk that have been passed.
  [[nodiscard]] size_t offset() const noexcept { return offset_; }
  [[nodiscard]] const std::byte* src() const noexcept {
    return chunk().src + static_cast<ptrdiff_t>(frame_) * transfer_->src_stride + offset_;
  }
  [[nodiscard]] std::byte* dst() const noexcept {
    return chunk().dst + static_cast<ptrdiff_t>(frame_) * transfer_->dst_stride + offset_;
  }

  /// Moves the position on, across the ends of chunks, and from the last chunk to the first.
  void step(uint64_t bytes) noexcept;

 private:
  [[nodiscard]] const Chunk& chunk() const noexcept { return transfer_->chunks[chunk_]; }

  const Transfer* transfer_ = nullptr;
  size_t frame_ = 0;
  size_t chunk_ = 0;
  size_t offset_ = 0;
};

/// Moves bytes between memory and a port, or from memory to memory.
///
/// A burst that is not contiguous in memory is copied through a buffer of one burst (gather,
/// scatter).
class Mover {
 public:
  /// Throws std::bad_alloc. `burst_bytes` is what the port calls a frame.
  void configure(Port* port, size_t burst_bytes);

  /// Moves `bytes`, which are whole bursts, and the cursor with them. If `transfer` has whole
  /// bursts only, `bytes` must not go beyond the cursor's contiguous memory.
  void move(const Transfer& transfer, Cursor& cursor, size_t bytes, bool committed) noexcept;

 private:
  void move_together(const Transfer& transfer, const Cursor& cursor, size_t bytes,
                     bool committed) noexcept;
  void gather_burst(Cursor& cursor, bool committed) noexcept;
  void scatter_burst(Cursor& cursor) noexcept;

  Port* port_ = nullptr;
  std::vector<std::byte> burst_;
};

}  // namespace dmasim
