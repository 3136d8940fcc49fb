// SPDX-License-Identifier: LGPL-2.1-or-later
/// A device of the test. It checks the bytes that it gets, or gives the bytes that the test
/// expects.
#pragma once

#include <vector>

#include "engine/dma/port.h"
#include "tools/dmatest/pattern.h"

namespace dmasim::dmatest {

/// The port's stream of bytes. With mem_to_dev it repeats after `lap_bytes`; else it does not
/// repeat.
struct PortStream {
  uint32_t salt = 0;
  uint64_t lap_bytes = 0;
};

/// THREADS  The channel calls it under its lock. The test reads the results after synchronize().
class PatternPort final : public Port {
 public:
  explicit PatternPort(const PortStream& stream);

  void write(std::span<const std::byte> frames, bool committed) noexcept override;
  void read(std::span<std::byte> frames) noexcept override;
  void skip(uint64_t bytes) noexcept override { moved_bytes_ += bytes; }
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

  [[nodiscard]] uint64_t moved_bytes() const noexcept { return moved_bytes_; }
  /// The wrong bytes that it got.
  [[nodiscard]] const Mismatches& mismatches() const noexcept { return mismatches_; }

 private:
  void compare(std::span<const std::byte> frames, size_t at);

  const PortStream stream_;
  std::vector<std::byte> lap_;  // the bytes that it must get
  uint64_t moved_bytes_ = 0;
  Mismatches mismatches_;
};

}  // namespace dmasim::dmatest
