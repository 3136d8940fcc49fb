// SPDX-License-Identifier: LGPL-2.1-or-later
/// Tasklets, as Linux has them, on a thread of their own.
///
/// A tasklet is two bits: *scheduled*, cleared before its body runs, and *running*. Scheduling a
/// scheduled one does nothing. Killing waits for what is scheduled to run, takes the scheduled bit
/// for itself while it waits for what runs, and clears it: who schedules in between is not heard.
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
  /// `body` is called with the lock held, and may open it.
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
  /// Tells clang that the caller, a tasklet's body, has the lock.
  void assert_held() const noexcept DMASIM_TSA(assert_capability(lock_)) {}

  /// For stories: what killing waits on.
  [[nodiscard]] const void* bits() const noexcept { return &bits_; }

  void start() DMASIM_EXCLUDES(lock_);
  /// [not the thread itself] Ends the thread; what is scheduled is dropped.
  void stop() DMASIM_EXCLUDES(lock_);

  void schedule(Tasklet& tasklet) DMASIM_REQUIRES(lock_);
  void kill(Tasklet& tasklet) DMASIM_REQUIRES(lock_);

 private:
  void run() DMASIM_EXCLUDES(lock_);

  const std::string name_;
  Thread thread_;
  Mutex lock_;
  CondVar work_;  // the queue got its first, or quit
  CondVar bits_;  // a tasklet's bit was cleared
  std::deque<Tasklet*> queue_ DMASIM_GUARDED_BY(lock_);
  bool quit_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim::debate
