// SPDX-License-Identifier: LGPL-2.1-or-later
/// Flushes recordings at exit(). If a process calls exit() while its PCMs are open, the recordings
/// hold all frames that were played until then.
///
/// THREADS  any. FORK  In a child the objects of the parent have no effect.
#pragma once

#include <functional>

namespace dmasim {

class ExitFlush {
 public:
  /// exit() calls `flush` as long as this object lives. `flush` may wait for a disk as long as
  /// drain does. exit() waits only a few seconds for it: the exiting thread may hold a lock that
  /// `flush` needs, as after a signal handler that interrupted a hook.
  explicit ExitFlush(std::function<void()> flush) noexcept;
  ~ExitFlush();
  ExitFlush(const ExitFlush&) = delete;
  ExitFlush& operator=(const ExitFlush&) = delete;

 private:
  struct AtExit;
  struct Registry;
  static Registry& registry() noexcept;
  static void flush_all() noexcept;
  static void at_exit() noexcept;

  const std::function<void()> flush_;
  ExitFlush* next_ = nullptr;
  ExitFlush** link_ = nullptr;  // the pointer that points to this object
};

}  // namespace dmasim
