// SPDX-License-Identifier: LGPL-2.1-or-later
/// A second thread for a worker. It does one piece of work at a time, while the worker does
/// something else.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace dmasim::stress {

class Partner {
 public:
  Partner() : thread_([this] { run(); }) {}
  ~Partner() {
    {
      const std::lock_guard guard(lock_);
      quit_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;

  /// The thread starts `work`. Call wait() before the next begin().
  void begin(std::function<void()> work) {
    {
      const std::lock_guard guard(lock_);
      work_ = std::move(work);
      busy_ = true;
    }
    changed_.notify_all();
  }

  /// Waits until the work is done. If it has thrown an exception, throws this exception.
  void wait() {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [this] { return !busy_; });
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

 private:
  void run() {
    std::unique_lock guard(lock_);
    for (;;) {
      changed_.wait(guard, [this] { return quit_ || busy_; });
      if (quit_) return;
      guard.unlock();
      std::exception_ptr thrown;
      try {
        work_();
      } catch (...) {
        thrown = std::current_exception();
      }
      guard.lock();
      thrown_ = thrown;
      busy_ = false;
      changed_.notify_all();
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::function<void()> work_;
  std::exception_ptr thrown_;
  bool busy_ = false;
  bool quit_ = false;
  std::thread thread_;  // last member: it uses the others
};

}  // namespace dmasim::stress
