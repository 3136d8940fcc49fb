// SPDX-License-Identifier: LGPL-2.1-or-later
/// One PCM, from open to close, over a DMA channel that lives longer. It does at its end what a
/// Design says, and frees its memory as a PCM does: the buffer at hw_free, itself at close.
///
/// LOCKING   lock_ is the PCM's stream lock: held over trigger STOP, and taken by the callback to
///           report its period. The client's thread calls the hooks one after the other.
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
    bool xrun = false;  ///< the first callback finds one, and stops the PCM
  };

  /// open, hw_params.
  explicit Substream(const Setting& setting);

  void start();
  void drop() DMASIM_EXCLUDES(lock_);
  void hw_free() DMASIM_EXCLUDES(lock_);
  [[nodiscard]] Mutex& lock() noexcept DMASIM_RETURN_CAPABILITY(lock_) { return lock_; }
  /// Consumes the substream.
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
  std::byte* const frames_;    // of the buffer, which may be gone
  size_t position_bytes_ = 0;  // the callback's own

  Mutex lock_;
  bool running_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim::debate
