// SPDX-License-Identifier: LGPL-2.1-or-later
/// A cyclic transfer on a channel of its own. Its port knows which frame comes next.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/dma/dma_device.h"
#include "engine/dma/frame_time.h"

namespace dmasim::stress {

/// Counts the bytes that the DMA gives it. They must be those of `ring`, lap after lap.
/// THREADS  the lock of its channel guards it; other threads read it after synchronize().
class SequencePort final : public Port {
 public:
  explicit SequencePort(std::span<const std::byte> ring) : ring_(ring) {}
  void write(std::span<const std::byte> frames, bool committed) noexcept override;
  void read(std::span<std::byte>) noexcept override { ++wrong_; }
  void skip(uint64_t) noexcept override { ++wrong_; }
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

  [[nodiscard]] uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] uint64_t wrong() const noexcept { return wrong_; }

 private:
  const std::span<const std::byte> ring_;
  uint64_t bytes_ = 0;
  uint64_t wrong_ = 0;
};

struct StreamFormat {
  uint32_t frame_bytes = 4;
  uint32_t rate_hz = 48000;
  uint32_t period_frames = 480;
  uint32_t periods = 4;

  [[nodiscard]] uint64_t period_bytes() const { return uint64_t{period_frames} * frame_bytes; }
  [[nodiscard]] uint64_t ring_bytes() const { return period_bytes() * periods; }
};

/// The engine's clock must be a WitnessClock.
/// THREADS  one thread, and the completion thread.
class PacedStream {
 public:
  /// `ring` must exist longer than the stream. Throws std::system_error.
  PacedStream(DmaDevice& engine, const StreamFormat& format, std::span<const std::byte> ring);

  void start();
  /// Compares the channel's position with its clock, to the byte. Returns one line for each
  /// difference.
  [[nodiscard]] std::vector<std::string> check_position();
  /// Terminates, synchronizes, and compares the counts. Returns one line for each difference.
  [[nodiscard]] std::vector<std::string> finish();

  [[nodiscard]] IrqStats stats() const { return handle_->irq_stats(); }
  [[nodiscard]] uint64_t bytes() const noexcept { return port_.bytes(); }

 private:
  [[nodiscard]] uint64_t bytes_at(int64_t now_ns) const;

  const StreamFormat format_;
  SequencePort port_;
  std::vector<std::byte> memory_;
  FrameTime time_;
  Cookie cookie_{};
  uint64_t reported_periods_ =
      0;                  // the completion thread writes it; others read it after synchronize
  ChannelHandle handle_;  // last member: released before the members that the transfer uses
};

}  // namespace dmasim::stress
