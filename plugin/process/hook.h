// SPDX-License-Identifier: LGPL-2.1-or-later
/// What alsa-lib calls in a module runs in here: no exception gets out, the thread is cancelled
/// before or after but not within, and a forked child is turned away.
#pragma once

#include <cerrno>
#include <new>

#include "plugin/process/fork_guard.h"
#include "plugin/process/no_cancellation.h"

namespace dmasim {

/// Runs `work`; `Answer` is what ALSA gets. A cancellation is an exception that must not be caught:
/// there is none in here.
template <typename Answer, typename Work>
Answer run_uncancelled(Work work) noexcept {
  const NoCancellation all_of_it;
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return static_cast<Answer>(-ENOMEM);
  } catch (...) {
    return static_cast<Answer>(-EIO);
  }
}

inline int no_device() noexcept { return -ENODEV; }

/// The same for a hook on what was opened. A forked child gets what `in_child` answers. The parent
/// never calls that: it may read what other threads write.
template <typename Answer, typename Hook, typename InChild = int (*)() noexcept>
Answer run_hook(const ForkGuard& guard, Hook hook, InChild in_child = no_device) noexcept {
  if (guard.in_child()) return in_child();
  return run_uncancelled<Answer>(hook);
}

}  // namespace dmasim
