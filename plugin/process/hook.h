// SPDX-License-Identifier: LGPL-2.1-or-later
/// Functions that run a module's hook. They let no exception out. pthread_cancel takes effect
/// before or after the hook, not within. In a forked child the hook does not run.
#pragma once

#include <cerrno>
#include <new>

#include "plugin/process/fork_guard.h"
#include "plugin/process/no_cancellation.h"

namespace dmasim {

/// Runs `work`. `Answer` is the type of the answer to ALSA. A cancellation is an exception that
/// must not be caught. None may come here.
template <typename Answer, typename Work>
Answer run_caught(Work work) noexcept {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return static_cast<Answer>(-ENOMEM);
  } catch (...) {
    return static_cast<Answer>(-EIO);
  }
}

/// The same, for any work: cancellation is disabled meanwhile.
template <typename Answer, typename Work>
Answer run_uncancelled(Work work) noexcept {
  const NoCancellation all_of_it;
  return run_caught<Answer>(work);
}

inline int no_device() noexcept { return -ENODEV; }

/// As run_uncancelled(), for a hook on an open PCM or control. In a forked child it calls
/// `in_child` instead. The parent never calls `in_child`, which may read fields that other threads
/// of the parent write.
template <typename Answer, typename Hook, typename InChild = int (*)() noexcept>
Answer run_hook(const ForkGuard& guard, Hook hook, InChild in_child = no_device) noexcept {
  if (guard.in_child()) return in_child();
  return run_uncancelled<Answer>(hook);
}

/// As run_hook(), for a hook that is called several times in a period. It disables cancellation
/// itself where it reaches a cancellation point. Most calls reach none.
template <typename Answer, typename Hook, typename InChild = int (*)() noexcept>
Answer run_frequent_hook(const ForkGuard& guard, Hook hook, InChild in_child = no_device) noexcept {
  if (guard.in_child()) return in_child();
  return run_caught<Answer>(hook);
}

}  // namespace dmasim
