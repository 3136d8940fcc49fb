// SPDX-License-Identifier: LGPL-2.1-or-later
/// A client of another channel of the same controller. The end of our PCM must not affect it. Its
/// callback lasts until our PCM is closed. So if the end of our PCM waits for it, no thread can
/// continue.
#pragma once

#include <memory>

#include "tests/debate/dma_channel.h"
#include "tests/debate/explored_memory.h"

namespace dmasim::debate {

class Stranger final : private Port {
 public:
  /// `ours` is the memory of our PCM.
  Stranger(Controller& controller, const ExploredMemory& ours);

  void start();
  void advance() { channel_->advance(); }
  /// Our PCM has been closed, so the stranger's callback may return.
  void pcm_closed() DMASIM_EXCLUDES(lock_);
  /// A period has passed. Waits for its callback; if it does not come, this is a violation.
  void expect_callback() DMASIM_EXCLUDES(lock_);
  void release() { channel_->release(); }

 private:
  void period_elapsed() DMASIM_EXCLUDES(lock_);
  void write(std::span<const std::byte>, bool) noexcept override {}
  void read(std::span<std::byte>) noexcept override {}
  void skip(uint64_t) noexcept override {}
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

  const ExploredMemory& ours_;
  std::byte frames_[kBufferBytes]{};
  std::unique_ptr<DmaChannel> channel_;
  Mutex lock_;
  CondVar changed_;
  bool pcm_closed_ DMASIM_GUARDED_BY(lock_) = false;
  bool called_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim::debate
