// SPDX-License-Identifier: LGPL-2.1-or-later
/// The memory of the debate's PCMs with real threads. It is really freed. Slow callbacks make it
/// likely that memory is freed while a callback runs. Each such case is counted, also if nothing
/// bad comes of it.
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
  std::atomic<uint64_t> drops_during_callback{0};     ///< a drop began while a callback ran
  std::atomic<uint64_t> closes_during_callback{0};    ///< a hw_free began while a callback ran
  std::atomic<uint64_t> terminations_in_callback{0};  ///< a callback stopped the PCM at an xrun
  std::atomic<uint64_t> bytes{0};                     ///< how many the DMA has read
  std::atomic<uint64_t> freed_during_callback{0};     ///< no design may do this
};

/// The memory of all PCMs of one worker, which it opens one after the other. It is also the device
/// of their channel.
class FreedMemory final : public debate::Memory, public Port {
 public:
  explicit FreedMemory(DebateCounts& counts) : counts_(counts) {}

  void free_runtime(std::unique_ptr<debate::Substream> runtime) override;
  void free_buffer(std::unique_ptr<std::byte[]> buffer) override;
  void callback_begins() override;
  void callback_ends() override;
  void callback_touches(std::byte* buffer) override;
  void stopped(bool in_callback) override;

  void write(std::span<const std::byte> frames, bool committed) noexcept override;
  void read(std::span<std::byte>) noexcept override {}
  void skip(uint64_t) noexcept override {}
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

  /// Where a callback waits until the end of the PCM begins: nowhere, before it does anything, or
  /// in the middle.
  enum class Meeting : uint8_t { nowhere, at_the_door, inside };
  /// Sets for the next cycle where callbacks wait, and how long they then take.
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
  std::byte last_{};  // depends on every byte that the DMA has read, so that reads of freed memory
                      // are found
};

}  // namespace dmasim::stress
