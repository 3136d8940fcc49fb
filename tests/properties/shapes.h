// SPDX-License-Identifier: LGPL-2.1-or-later
/// Transfers of every kind, and byte by byte where they go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/dma/channel_state.h"

namespace dmasim::properties {

constexpr size_t kArenaBytes = 2048;
constexpr size_t kDestination = 1024;  // of memory to memory, in the same arena

/// What a transfer is, spelt out: no chunks, strides or cursors.
struct Shape {
  enum class Kind : uint8_t { cyclic, list, interleaved, copy };
  Kind kind = Kind::list;
  Direction direction = Direction::mem_to_dev;
  size_t burst = 1;
  PrepFlags flags;
  bool has_callback = true;
  bool cyclic = false;
  size_t period = 0;
  std::vector<size_t> src;    ///< where the nth byte of a round is read
  std::vector<size_t> dst;    ///< and written
  std::vector<size_t> edges;  ///< bytes of a round after which a segment ends
  // How the channel is asked for it.
  std::vector<DataChunk> pieces;  ///< list: size and, as icg, the place
  InterleavedTemplate layout;     ///< without its addresses
  [[nodiscard]] size_t total() const { return src.size(); }
  [[nodiscard]] bool calls_back() const { return flags.interrupt && has_callback; }
};

/// Three numbers choose a shape for a device with such bursts; mem_to_mem: for no device.
Shape make_shape(Direction direction, size_t burst, unsigned a, unsigned b, unsigned c);

Result<Transfer*> prepare(ChannelState& state, const Shape& shape, std::byte* arena);

}  // namespace dmasim::properties
