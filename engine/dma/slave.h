// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a channel can do, and what the device at its other end needs.
#pragma once

#include <cstdint>

#include "engine/dma/descriptor.h"
#include "engine/dma/port.h"

namespace dmasim {

/// dma_residue_granularity: the steps in which tx_status tells the position.
enum class ResidueGranularity : uint8_t {
  descriptor,  ///< only whether a transfer is over
  segment,     ///< chunks of a list, periods of a cyclic transfer
  burst,       ///< exact
};

/// dma_slave_caps. addr_widths is a set: bit n stands for n bytes.
struct SlaveCaps {
  bool mem_to_dev = true;
  bool dev_to_mem = true;
  bool mem_to_mem = true;
  uint64_t addr_widths = 1U << 1 | 1U << 2 | 1U << 3 | 1U << 4 | 1U << 8;
  uint32_t max_burst = 1024;  ///< in units of the width
  bool cmd_pause = true;
  bool cmd_resume = true;
  bool descriptor_reuse = true;
  ResidueGranularity residue_granularity = ResidueGranularity::burst;
  friend bool operator==(const SlaveCaps&, const SlaveCaps&) = default;
};

/// The options of a controller's channels.
struct ChannelOptions {
  SlaveCaps caps{};
  uint32_t memcpy_bytes_per_s = 4'000'000'000;
  /// After terminate_async the hardware goes on with the transfer, until synchronize or until it
  /// gets another one.
  bool slow_to_stop = false;
  friend bool operator==(const ChannelOptions&, const ChannelOptions&) = default;
};

/// dma_slave_config, as far as a paced device needs it. One request moves one burst, which is
/// called a frame here: addr_width_bytes * maxburst bytes.
struct SlaveConfig {
  Direction direction = Direction::mem_to_dev;
  uint32_t addr_width_bytes = 1;
  uint32_t maxburst = 1;
  uint32_t frames_per_s = 48000;  ///< requests a second
  int32_t ppm = 0;                ///< how much faster than nominal the device's crystal is
  /// Frames fall at the edges of a clock that all devices of this rate share; the first frame waits
  /// for the next edge. So two such devices are apart by whole frames.
  bool common_frame_clock = false;
  uint32_t start_delay_frames = 0;  ///< dev_to_mem: how long a frame stays in the FIFO
  Port* port = nullptr;             ///< must outlive every transfer, until synchronized

  [[nodiscard]] size_t frame_bytes() const noexcept { return size_t{addr_width_bytes} * maxburst; }
};

}  // namespace dmasim
