// SPDX-License-Identifier: LGPL-2.1-or-later
/// Recordings of a process that calls exit() while its PCMs are open hold what was played until
/// then, though nobody closes them.
///
/// THREADS  any. FORK  a child has none of its parent's.
#pragma once

#include <functional>

namespace dmasim {

class ExitFlush {
 public:
  /// Until it ends, exit() calls `flush`. It may wait for a disk as long as drain does, and waits
  /// for a lock that the exiting thread itself holds, as in a signal handler, only a few seconds.
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
  ExitFlush** link_ = nullptr;  // what points to us
};

}  // namespace dmasim
