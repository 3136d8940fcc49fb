// SPDX-License-Identifier: LGPL-2.1-or-later
/// The one place in which this code registers handlers for fork().
///
/// Each module has its own copy of this registry: a process that has loaded the PCM module and the
/// control module runs both, one after the other. They share nothing, so their order is of no
/// importance.
///
/// Rules:
/// - Before the fork, and in the parent after it, only the two counters of ForkWatch change. No
///   handler may lock anything there. fork() would lock it before the mutexes of the program's own
///   handlers, and a thread that holds one of those may be in a call of this code. The two would
///   wait for each other.
/// - In the child the handlers run in the order of ForkTurn. A handler may make system calls that
///   are safe in a signal handler, access atomics, and make objects in memory that has been there
///   before. It may not lock, allocate, free or log: at the fork another thread of the parent may
///   have held the lock of any of those. It does not depend on the turns before it.
/// - Nothing that a handler reaches is ever destroyed. A thread may fork while exit() destroys
///   static objects. So such objects have no destructor, or lie in memory of static storage and are
///   made there by placement new.
#pragma once

#include <cstdint>

namespace dmasim {

/// The parts of the program that register a handler. The handlers run in this order. The
/// descriptors come first: they hold locks that other processes may wait for.
enum class ForkTurn : unsigned {
  descriptors,  ///< closes descriptors that hold locks (fork_closed_fd.h)
  guards,       ///< turns the child away from what is open (plugin/process/fork_guard.h)
  exit_flush,   ///< forgets the parent's recordings (plugin/process/exit_flush.h)
  dma_devices,  ///< forgets the parent's DMA devices (plugin/open/card.h)
};
inline constexpr unsigned kForkTurns = 4;

/// From now on each child runs `in_child`. A second call for the same turn replaces the handler.
/// Answers 0, or ENOMEM if the process has no memory for handlers: then no child runs any of them.
/// THREADS  any.
int at_fork(ForkTurn turn, void (*in_child)() noexcept) noexcept;

/// Sees whether the process forks during a few steps.
class ForkWatch {
 public:
  ForkWatch() noexcept;
  /// Waits until no fork() is in progress. From then on good() looks for new ones.
  void begin() noexcept;
  /// Whether no fork() has begun since begin(), or the time for waiting is over.
  [[nodiscard]] bool good() const noexcept;

 private:
  [[nodiscard]] bool patient() const noexcept;
  int64_t deadline_ns_;
  unsigned seen_ = 0;
};

}  // namespace dmasim
