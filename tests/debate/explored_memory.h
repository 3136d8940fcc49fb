// SPDX-License-Identifier: LGPL-2.1-or-later
/// The memory of a PCM under the schedule explorer, and the device of its DMA. Freed memory is only
/// marked as freed, so that each later access can be reported.
#pragma once

#include <memory>

#include "engine/dma/port.h"
#include "tests/debate/memory.h"
#include "tests/debate/substream.h"
#include "tests/interleaving/explorer.h"

namespace dmasim::debate {

/// The results of a run. Each of them is a violation, which ends the run, except kPlaysOn, which is
/// an outcome.
inline constexpr const char* kBegunInFreedRuntime =
    "use after free: a callback began in the runtime that close had freed";
inline constexpr const char* kFreedRuntime =
    "use after free: a callback continued in the runtime that close had freed";
inline constexpr const char* kFreedBuffer =
    "use after free: a callback wrote to the buffer that hw_free had freed";
inline constexpr const char* kDmaInFreedBuffer =
    "use after free: the DMA read the buffer that hw_free had freed";
inline constexpr const char* kStrangerLost = "a stranger's callback was lost";
inline constexpr const char* kStrangerWaitedFor = "a stranger's callback was waited for";
inline constexpr const char* kPlaysOn = "the DMA continues after stop";

class ExploredMemory final : public Memory, public Port {
 public:
  ExploredMemory();

  void free_runtime(std::unique_ptr<Substream> runtime) override;
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

  [[nodiscard]] bool in_callback() const { return in_callback_; }

 private:
  template <typename T>
  struct Mortal {
    std::unique_ptr<T> dead;  // null until the memory is freed
  };
  Mortal<Substream> runtime_;
  Mortal<std::byte[]> buffer_;
  bool stopped_ = false;
  bool plays_on_ = false;
  bool in_callback_ = false;
};

}  // namespace dmasim::debate
