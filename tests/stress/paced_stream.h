// SPDX-License-Identifier: LGPL-2.1-or-later
/// A cyclic transfer into a port that knows which frame comes next, on a channel of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/dma/engine.h"
#include "engine/dma/frame_time.h"

namespace dmasim::stress {

/// Counts what it is given; `ring` says what that has to be, round after round.
/// THREADS  under the lock of its channel; read after synchronize().
class SequencePort final : public Port {
 public:
  explicit SequencePort(std::span<const std::byte> ring) : ring_(ring) {}
  void take(std::span<const std::byte> frames, bool committed) noexcept override;
  void fill(std::span<std::byte>) noexcept override { ++wrong_; }
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

/// The engine's clock is a WitnessClock. THREADS  one, beside the completion thread.
class PacedStream {
 public:
  /// `ring` outlives it. Throws std::system_error.
  PacedStream(Engine& engine, const StreamFormat& format, std::span<const std::byte> ring);

  void start();
  /// What the channel says of its position is what its clock says, to the byte. A line for each
  /// thing that is wrong.
  [[nodiscard]] std::vector<std::string> check_position();
  /// Terminates, synchronizes, and balances the books.
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
  uint64_t reported_periods_ = 0;  // completion thread; read after synchronize
  ChannelHandle handle_;           // last: released before what the transfer uses
};

}  // namespace dmasim::stress
