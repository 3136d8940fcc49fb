// SPDX-License-Identifier: LGPL-2.1-or-later
/// The playing device: a FIFO of fixed depth in front of a sink.
///
/// The DAC starts when the FIFO is full. So a frame comes out `depth` frames after the DMA has
/// taken it, and the position of the DMA is never ahead of the sample clock.
///
/// THREADS  see Port: under the lock of the channel that serves it.
#pragma once

#include "engine/device/sink.h"
#include "engine/dma/port.h"
#include "engine/pcm/byte_queue.h"

namespace dmasim {

class PlaybackPort final : public Port {
 public:
  explicit PlaybackPort(Sink& sink) : sink_(sink), timed_(sink.timed()) {}

  /// [setup] Call it before a transfer, never during one. Errors: ENOMEM.
  Result<void> configure(size_t frame_bytes, uint32_t depth_frames);

  void write(std::span<const std::byte> frames, bool committed) noexcept override;
  void read(std::span<std::byte>) noexcept override {}
  void skip(uint64_t bytes) noexcept override;
  bool run(const FrameTime& time, uint64_t frame) noexcept override;
  void pause() noexcept override {
    if (timed_ != nullptr) timed_->pause(out_frames_);
  }
  void stop(bool keep_fifo) noexcept override;
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return fifo_.size(); }

 private:
  [[nodiscard]] size_t depth_frames() const noexcept { return marks_.capacity(); }
  [[nodiscard]] size_t level_frames() const noexcept { return marks_.size(); }
  void push(std::span<const std::byte> frames, bool committed) noexcept;
  void make_room(size_t count_frames) noexcept;
  void pop(size_t count_frames) noexcept;

  Sink& sink_;
  TimedSink* const timed_;  // null if the sink needs no times
  size_t frame_bytes_ = 1;
  ByteQueue fifo_;
  ByteQueue marks_;          // of each frame in the FIFO: whether it is committed
  uint64_t out_frames_ = 0;  // that have come out since the clock started
};

}  // namespace dmasim
