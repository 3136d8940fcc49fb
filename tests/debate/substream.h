// SPDX-License-Identifier: LGPL-2.1-or-later
/// One PCM, from open to close, on a DMA channel that exists longer. At its end it performs the
/// operations of a Design. It frees its memory as a PCM of Linux does: the buffer in hw_free,
/// itself in close.
///
/// LOCKING   lock_ is the PCM's stream lock. Trigger STOP is called with it. The callback takes it
/// to
///           report its period. The client's thread makes one call at a time.
#pragma once

#include <cstddef>
#include <memory>

#include "engine/base/sync.h"
#include "tests/debate/dma_channel.h"
#include "tests/debate/memory.h"

namespace dmasim::debate {

class Substream {
 public:
  struct Setting {
    Memory& memory;
    DmaChannel& channel;
    const Design& design;
    bool xrun = false;  ///< the first callback finds an xrun and stops the PCM
  };

  /// open and hw_params.
  explicit Substream(const Setting& setting);

  void start();
  void drop() DMASIM_EXCLUDES(lock_);
  void hw_free() DMASIM_EXCLUDES(lock_);
  [[nodiscard]] Mutex& lock() noexcept DMASIM_RETURN_CAPABILITY(lock_) { return lock_; }
  /// Frees the substream.
  static void close(std::unique_ptr<Substream> substream);

 private:
  void period_elapsed() DMASIM_EXCLUDES(lock_);
  void stop_if_running(bool in_callback) DMASIM_REQUIRES(lock_);
  void perform(const std::vector<Operation>& operations);
  void perform_before_freeing(const std::vector<Operation>& operations) DMASIM_EXCLUDES(lock_);

  Memory& memory_;
  DmaChannel& channel_;
  const Design& design_;
  const bool xrun_;
  std::unique_ptr<std::byte[]> buffer_;
  std::byte* const frames_;    // points into the buffer, also after it was freed
  size_t position_bytes_ = 0;  // only the callback uses it

  Mutex lock_;
  bool running_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim::debate
