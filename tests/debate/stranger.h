// SPDX-License-Identifier: LGPL-2.1-or-later
/// A client on another channel of the controller, whom the end of our PCM is none of the business.
/// Its callback lasts until our PCM is closed; so if the closing waits for it, nobody can go on.
#pragma once

#include <memory>

#include "tests/debate/dma_channel.h"
#include "tests/debate/explored_memory.h"

namespace dmasim::debate {

class Stranger final : private Port {
 public:
  /// `ours`: the PCM whose end is watched.
  Stranger(Controller& controller, const ExploredMemory& ours);

  void start();
  void advance() { channel_->advance(); }
  /// Our PCM is closed: the callback may end.
  void pcm_closed() DMASIM_EXCLUDES(lock_);
  /// A period has passed, so there is, or will be, a callback.
  void expect_callback() DMASIM_EXCLUDES(lock_);
  void release() { channel_->release(); }

 private:
  void period_elapsed() DMASIM_EXCLUDES(lock_);
  void take(std::span<const std::byte>, bool) noexcept override {}
  void fill(std::span<std::byte>) noexcept override {}
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
