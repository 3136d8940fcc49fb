// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where in its memory a transfer is, and the moving of bytes from there on.
#pragma once

#include <span>
#include <vector>

#include "engine/dma/descriptor.h"

namespace dmasim {

class Port;

/// PURE. A position in a descriptor's chunks, round after round.
class Cursor {
 public:
  void start(const TxDescriptor& transfer) noexcept {
    transfer_ = &transfer;
    frame_ = chunk_ = offset_ = 0;
  }

  /// Bytes from here on that lie together.
  [[nodiscard]] size_t contiguous() const noexcept { return chunk().bytes - offset_; }
  /// Bytes of the chunk that have been passed.
  [[nodiscard]] size_t offset() const noexcept { return offset_; }
  [[nodiscard]] const std::byte* src() const noexcept {
    return chunk().src + static_cast<ptrdiff_t>(frame_) * transfer_->src_stride + offset_;
  }
  [[nodiscard]] std::byte* dst() const noexcept {
    return chunk().dst + static_cast<ptrdiff_t>(frame_) * transfer_->dst_stride + offset_;
  }

  /// Goes on, over the end of the chunk too, and from the last one to the first.
  void step(uint64_t bytes) noexcept;

 private:
  [[nodiscard]] const Chunk& chunk() const noexcept { return transfer_->chunks[chunk_]; }

  const TxDescriptor* transfer_ = nullptr;
  size_t frame_ = 0;
  size_t chunk_ = 0;
  size_t offset_ = 0;
};

/// Hands bytes between memory and a port, or from memory to memory.
///
/// A burst that does not lie together is gathered (or scattered) through a burst of its own memory.
class Mover {
 public:
  /// Throws std::bad_alloc. `burst_bytes`: what the port calls a frame.
  void configure(Port* port, size_t burst_bytes);

  /// Moves `bytes`, whole bursts that do not go past what lies together if `transfer` has whole
  /// bursts only. `cursor` goes on.
  void move(const TxDescriptor& transfer, Cursor& cursor, size_t bytes, bool committed) noexcept;

 private:
  void move_together(const TxDescriptor& transfer, const Cursor& cursor, size_t bytes,
                     bool committed) noexcept;
  void gather_burst(Cursor& cursor, bool committed) noexcept;
  void scatter_burst(Cursor& cursor) noexcept;

  Port* port_ = nullptr;
  std::vector<std::byte> burst_;
};

}  // namespace dmasim
