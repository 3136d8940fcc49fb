// SPDX-License-Identifier: LGPL-2.1-or-later
/// The peripheral's side of a DMA request line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/dma/frame_time.h"

namespace dmasim {

/// The data register of a device: the DMA writes to it or reads from it, one burst a frame.
/// THREADS  under the lock of the channel that serves it; never blocks.
class Port {
 public:
  virtual ~Port() = default;
  /// Takes whole frames. `committed`: the client vouched for them.
  virtual void take(std::span<const std::byte> frames, bool committed) noexcept = 0;
  /// Supplies whole frames.
  virtual void fill(std::span<std::byte> frames) noexcept = 0;
  /// The DMA went on by whole frames that nobody vouched for and nobody will see: a stalled process
  /// catches up with what it missed. Costs no more than the device's own memory.
  virtual void skip(uint64_t bytes) noexcept = 0;
  /// The clock goes: the next frame to be moved is number `frame` of `time`. Frames are counted
  /// from the moment on at which the hardware got something to do, over all transfers that follow
  /// without a gap. At that moment, and when a pause ends. False: told too late, begin anew later.
  virtual bool run(const FrameTime& time, uint64_t frame) noexcept {
    static_cast<void>(time), static_cast<void>(frame);
    return true;
  }
  /// The clock stands still until run().
  virtual void pause() noexcept {}
  /// The transfer has ended. Frames in the FIFO still come out if `keep_fifo`, else they are gone.
  virtual void stop(bool keep_fifo) noexcept = 0;
  [[nodiscard]] virtual size_t in_flight_bytes() const noexcept = 0;
};

}  // namespace dmasim
