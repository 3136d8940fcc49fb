// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tasklets that work as in Linux, on a thread of their own.
///
/// A tasklet has two bits. *scheduled* is cleared before the tasklet's body runs. *running* is set
/// while the body runs. To schedule a scheduled tasklet does nothing.
///
/// kill() first waits until the scheduled bit is clear, and sets it itself. Then it waits until the
/// body does not run, and clears the bit. If a thread schedules the tasklet in this time, the call
/// is lost.
///
/// LOCKING   lock() guards everything here, and the state of the channels that the tasklets serve.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "engine/base/sync.h"

namespace dmasim::debate {

class Tasklet {
 public:
  /// The caller of `body` holds the lock. `body` may unlock it, and then has to lock it again.
  explicit Tasklet(std::function<void()> body) : body_(std::move(body)) {}

 private:
  friend class SoftIrq;
  const std::function<void()> body_;
  bool scheduled_ = false;
  bool running_ = false;
};

class SoftIrq {
 public:
  explicit SoftIrq(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] Mutex& lock() noexcept DMASIM_RETURN_CAPABILITY(lock_) { return lock_; }
  /// Declares to clang that the caller, a tasklet's body, holds the lock.
  void assert_held() const noexcept DMASIM_TSA(assert_capability(lock_)) {}

  /// The object on which kill() waits, so that stories can name it.
  [[nodiscard]] const void* bits() const noexcept { return &bits_; }

  void start() DMASIM_EXCLUDES(lock_);
  /// [any thread but its own] Ends the thread. Scheduled tasklets do not run any more.
  void stop() DMASIM_EXCLUDES(lock_);

  void schedule(Tasklet& tasklet) DMASIM_REQUIRES(lock_);
  void kill(Tasklet& tasklet) DMASIM_REQUIRES(lock_);

 private:
  void run() DMASIM_EXCLUDES(lock_);

  const std::string name_;
  Thread thread_;
  Mutex lock_;
  CondVar work_;  // notified when a tasklet is queued, or quit_ is set
  CondVar bits_;  // notified when a bit of a tasklet is cleared
  std::deque<Tasklet*> queue_ DMASIM_GUARDED_BY(lock_);
  bool quit_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim::debate
