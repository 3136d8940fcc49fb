// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a channel knows of a transfer, as virt-dma's virt_dma_desc. The client has its
/// TxDescriptor, and no part of this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <vector>

#include "engine/dma/descriptor.h"

namespace dmasim {

/// A contiguous piece of memory. Of a slave transfer the device's side is null.
struct Chunk {
  const std::byte* src = nullptr;
  std::byte* dst = nullptr;
  size_t bytes = 0;
};

/// LOCKING  the channel's lock, once it is in one of the channel's lists.
struct Transfer final : TxDescriptor {
  /// The list that it is in, as in virt-dma.
  enum class Place : uint8_t { allocated, submitted, issued, active, completed, terminated };

  Direction direction = Direction::mem_to_dev;
  PrepFlags flags;
  std::vector<Chunk> chunks;  // of one frame
  size_t frames = 1;          // of these chunks; each begins a stride after the one before
  ptrdiff_t src_stride = 0;
  ptrdiff_t dst_stride = 0;
  size_t total_bytes = 0;    // of one lap
  size_t burst_bytes = 1;    // of the configuration that it was prepared for
  size_t period_bytes = 0;   // cyclic: between two period interrupts
  bool cyclic = false;       // repeats until terminated
  bool whole_bursts = true;  // the size of every chunk is a multiple of the burst
  const void* channel = nullptr;
  Place place = Place::allocated;
  std::list<Transfer>::iterator self;
  Cookie cookie{};
  Generation generation = 0;
  int64_t ended_ns = 0;
  TxResult result;

  [[nodiscard]] bool calls_back() const noexcept { return flags.interrupt && callback; }
  [[nodiscard]] bool moves_in_callback() const noexcept { return cyclic && callback_advances; }
};

/// Transfers move between a channel's lists by splicing: no allocation, stable addresses.
using TransferList = std::list<Transfer>;

}  // namespace dmasim
