// SPDX-License-Identifier: LGPL-2.1-or-later
/// Turns a forked child away from a PCM or control that was opened before the fork: it has none of
/// the engine's threads, and must not touch a mutex that one of them may have held.
///
/// In the child the PCM shows DISCONNECTED from the fork on, so that alsa-lib answers -ENODEV by
/// itself wherever it looks at the state; hooks that it runs all the same ask in_child().
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <atomic>

namespace dmasim {

class ForkGuard {
 public:
  /// Of something that is no PCM.
  ForkGuard() noexcept;
  /// `io` lives as long as the guard, and on in a child, which never ends it.
  explicit ForkGuard(snd_pcm_ioplug_t& io) noexcept;
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

  /// No system call.
  [[nodiscard]] bool in_child() const noexcept;

 private:
  unsigned made_in_;
  std::atomic<snd_pcm_ioplug_t*>* slot_ = nullptr;  // null: no PCM, or there was none left
};

}  // namespace dmasim
