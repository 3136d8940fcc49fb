// SPDX-License-Identifier: LGPL-2.1-or-later
/// The memory of the debate's PCMs with real threads: what is freed is freed. Slow callbacks make
/// room for the accident, and one that is survived by luck is counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/dma/port.h"
#include "tests/debate/memory.h"
#include "tests/debate/substream.h"

namespace dmasim::stress {

struct DebateCounts {
  std::atomic<uint64_t> cycles{0};
  std::atomic<uint64_t> callbacks{0};
  std::atomic<uint64_t> drops_during_callback{0};     ///< drop came while a callback ran
  std::atomic<uint64_t> closes_during_callback{0};    ///< hw_free came while one ran
  std::atomic<uint64_t> terminations_in_callback{0};  ///< an xrun stopped the PCM
  std::atomic<uint64_t> bytes{0};                     ///< read by the DMA
  std::atomic<uint64_t> freed_during_callback{0};     ///< what no design may do
};

/// One worker's, for all its PCMs, one after the other. It is the device of their channel as well.
class FreedMemory final : public debate::Memory, public Port {
 public:
  explicit FreedMemory(DebateCounts& counts) : counts_(counts) {}

  void free_runtime(std::unique_ptr<debate::Substream> runtime) override;
  void free_buffer(std::unique_ptr<std::byte[]> buffer) override;
  void callback_begins() override;
  void callback_ends() override;
  void callback_touches(std::byte* buffer) override;
  void stopped(bool in_callback) override;

  void take(std::span<const std::byte> frames, bool committed) noexcept override;
  void fill(std::span<std::byte>) noexcept override {}
  void skip(uint64_t) noexcept override {}
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

  /// Where callbacks of the round to come wait for the PCM's end to begin.
  enum class Meeting : uint8_t { nowhere, at_the_door, inside };
  /// ... and how long they then take.
  void begin_cycle(Meeting meeting, unsigned callback_us);
  void begin_end() { awaiting_end_ = false; }
  [[nodiscard]] bool in_callback() const { return running_ > 0; }
  [[nodiscard]] uint64_t callbacks_begun() const { return begun_; }

 private:
  void check_no_callback(const char* what);
  void linger(Meeting here) const;

  DebateCounts& counts_;
  std::atomic<Meeting> meeting_{Meeting::nowhere};
  std::atomic<bool> awaiting_end_{false};
  std::atomic<unsigned> slow_us_{0};
  std::atomic<unsigned> running_{0};
  std::atomic<uint64_t> begun_{0};
  std::byte last_{};  // what the DMA read, so that freed memory shows
};

}  // namespace dmasim::stress
