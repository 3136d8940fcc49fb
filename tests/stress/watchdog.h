// SPDX-License-Identifier: LGPL-2.1-or-later
/// Ends the program, with every thread's stack, when a worker makes no progress.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace dmasim::stress {

/// A worker's sign of life.
class Pulse {
 public:
  void begin_cycle(std::string what);
  /// `name` is a string literal.
  void step(const char* name) {
    step_.store(name, std::memory_order_relaxed);
    beats_.fetch_add(1, std::memory_order_relaxed);
  }
  /// Idle workers need not beat.
  void rest() { step_.store(nullptr, std::memory_order_relaxed); }

  [[nodiscard]] uint64_t beats() const { return beats_.load(std::memory_order_relaxed); }
  [[nodiscard]] const char* step() const { return step_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::string cycle();

 private:
  std::atomic<uint64_t> beats_{0};
  std::atomic<const char*> step_{nullptr};
  std::mutex lock_;
  std::string cycle_;
};

/// Watches from construction to destruction. Exit status 3 when it bites.
class Watchdog {
 public:
  Watchdog(std::deque<Pulse>& pulses, unsigned patience_s);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();

  std::deque<Pulse>& pulses_;
  const unsigned patience_s_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool quit_ = false;
  std::thread thread_;  // last: it uses the others
};

/// Writes the stacks of all threads to stderr: by gdb, or else by a signal to each thread, which
/// does not reach those that block signals.
void dump_stacks();

}  // namespace dmasim::stress
