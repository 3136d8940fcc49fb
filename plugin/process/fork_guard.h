// SPDX-License-Identifier: LGPL-2.1-or-later
/// Keeps a forked child from using a PCM or control that was opened before the fork. The child has
/// none of the engine's threads. It must not lock a mutex, because a thread of the parent may have
/// held it at the fork.
///
/// In the child the PCM shows DISCONNECTED from the fork on. alsa-lib then answers -ENODEV by
/// itself wherever it checks the state. The hooks that alsa-lib calls without that check ask
/// in_child().
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <atomic>

namespace dmasim {

class ForkGuard {
 public:
  /// For an object that is not a PCM.
  ForkGuard() noexcept;
  /// `io` must live as long as the guard. In a child it lives on, because the child never frees it.
  explicit ForkGuard(snd_pcm_ioplug_t& io) noexcept;
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

  /// Makes no system call.
  [[nodiscard]] bool in_child() const noexcept;

 private:
  unsigned made_in_;
  std::atomic<snd_pcm_ioplug_t*>* slot_ = nullptr;  // null: not a PCM, or no slot was free
};

}  // namespace dmasim
