// SPDX-License-Identifier: LGPL-2.1-or-later
/// The peripheral's side of a DMA request line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/dma/frame_time.h"

namespace dmasim {

/// The data register of a device: the DMA writes to it or reads from it, one burst for each frame.
/// THREADS  called under the lock of the channel that serves it; never blocks.
class Port {
 public:
  virtual ~Port() = default;
  /// The DMA writes whole frames. `committed`: the client has committed them.
  virtual void write(std::span<const std::byte> frames, bool committed) noexcept = 0;
  /// The DMA reads whole frames.
  virtual void read(std::span<std::byte> frames) noexcept = 0;
  /// The DMA skips whole frames that no client has committed and nobody will see: a process that
  /// was held up catches up. The cost is bounded by the device's own memory.
  virtual void skip(uint64_t bytes) noexcept = 0;
  /// The clock starts, at a start and after a pause: the next frame to be moved is number `frame`
  /// of `time`. Frames are counted from the moment at which an idle channel got a transfer, over
  /// all transfers that follow without a gap. Answers false if this call came too late: start
  /// again, later.
  virtual bool run(const FrameTime& time, uint64_t frame) noexcept {
    static_cast<void>(time), static_cast<void>(frame);
    return true;
  }
  /// The clock stands still until the next run().
  virtual void pause() noexcept {}
  /// The transfer has ended. Frames in the FIFO still come out if `keep_fifo`, else they are
  /// dropped.
  virtual void stop(bool keep_fifo) noexcept = 0;
  [[nodiscard]] virtual size_t in_flight_bytes() const noexcept = 0;
};

}  // namespace dmasim
