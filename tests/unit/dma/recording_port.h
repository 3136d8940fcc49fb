// SPDX-License-Identifier: LGPL-2.1-or-later
/// A device that stores the bytes that the DMA gives it.
#pragma once

#include <vector>

#include "engine/dma/port.h"

namespace dmasim {

/// THREADS  See Port. Read the fields only when no transfer runs.
class RecordingPort final : public Port {
 public:
  void write(std::span<const std::byte> frames, bool committed) noexcept override {
    auto& to = committed ? written : leftovers;
    to.insert(to.end(), frames.begin(), frames.end());
  }
  void read(std::span<std::byte> frames) noexcept override {
    for (std::byte& each : frames) each = static_cast<std::byte>(next_read++);
  }
  void skip(uint64_t bytes) noexcept override {
    skipped += bytes;
    next_read += static_cast<unsigned>(bytes);
  }
  void stop(bool keep_fifo) noexcept override {
    ++stops;
    kept = keep_fifo;
  }
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return in_flight; }

  std::vector<std::byte> written;    ///< the committed frames
  std::vector<std::byte> leftovers;  ///< the frames that were not committed
  uint64_t skipped = 0;
  unsigned next_read = 0;
  int stops = 0;
  bool kept = false;
  size_t in_flight = 0;
};

}  // namespace dmasim
