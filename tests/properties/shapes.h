// SPDX-License-Identifier: LGPL-2.1-or-later
/// Transfers of every kind, and for each byte its source and its destination.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/dma/channel_state.h"

namespace dmasim::properties {

constexpr size_t kArenaBytes = 2048;
constexpr size_t kDestination =
    1024;  // where the destination of a mem_to_mem transfer begins in the arena

/// A transfer, described byte by byte. The reference needs no chunks, strides or cursors.
struct Shape {
  enum class Kind : uint8_t { cyclic, list, interleaved, copy };
  Kind kind = Kind::list;
  Direction direction = Direction::mem_to_dev;
  size_t burst = 1;
  PrepFlags flags;
  bool has_callback = true;
  bool callback_advances = false;
  bool cyclic = false;
  size_t period = 0;
  std::vector<size_t> src;    ///< the address from which the nth byte of a lap is read
  std::vector<size_t> dst;    ///< and to which it is written
  std::vector<size_t> edges;  ///< after how many bytes of a lap each segment ends
  // The arguments of the prep call.
  std::vector<DataChunk> pieces;  ///< for a list: the size of each piece, and in icg its address
  InterleavedTemplate layout;     ///< the template, without addresses
  [[nodiscard]] size_t total() const { return src.size(); }
  [[nodiscard]] bool calls_back() const { return flags.interrupt && has_callback; }
  [[nodiscard]] bool moves_in_callback() const { return cyclic && callback_advances; }
};

/// The numbers a, b and c choose a shape for a device with bursts of this size. A mem_to_mem shape
/// has no device.
Shape make_shape(Direction direction, size_t burst, unsigned a, unsigned b, unsigned c);

Result<Transfer*> prepare(ChannelState& state, const Shape& shape, std::byte* arena);

}  // namespace dmasim::properties
