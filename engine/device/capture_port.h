// SPDX-License-Identifier: LGPL-2.1-or-later
/// The recording device: a source behind a FIFO of fixed depth. A frame stays in the FIFO for
/// `depth` sample periods. SlaveConfig::start_delay_frames causes this delay, so the FIFO stores no
/// data.
///
/// THREADS  see Port: under the lock of the channel that serves it.
#pragma once

#include "engine/device/source.h"
#include "engine/dma/port.h"

namespace dmasim {

class CapturePort final : public Port {
 public:
  explicit CapturePort(Source& source) : source_(source), timed_(source.timed()) {}

  /// [setup] Call it before a transfer, never during one.
  void configure(size_t frame_bytes, uint32_t depth_frames) noexcept {
    depth_bytes_ = frame_bytes * depth_frames;
    filling_ = false;
  }

  void write(std::span<const std::byte>, bool) noexcept override {}
  void read(std::span<std::byte> frames) noexcept override {
    source_.read(frames);
    filling_ = true;
  }
  void skip(uint64_t bytes) noexcept override {
    source_.skip(bytes);
    filling_ = true;
  }
  bool run(const FrameTime& time, uint64_t frame) noexcept override {
    if (timed_ != nullptr) timed_->run(time, frame);
    return true;
  }
  void stop(bool) noexcept override {
    if (timed_ != nullptr) timed_->stop();
    filling_ = false;
  }
  [[nodiscard]] size_t in_flight_bytes() const noexcept override {
    return filling_ ? depth_bytes_ : 0;
  }

 private:
  Source& source_;
  TimedSource* const timed_;  // null if the source needs no times
  size_t depth_bytes_ = 0;
  bool filling_ = false;  // the first frame has passed the FIFO, so it is full
};

}  // namespace dmasim
