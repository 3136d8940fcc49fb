// SPDX-License-Identifier: LGPL-2.1-or-later
/// Ends the program if a worker makes no progress. It first prints the stack of every thread.
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

/// What a worker does now. The watchdog reads it.
class Pulse {
 public:
  void begin_cycle(std::string what);
  /// The worker begins a step. `name` must be a string literal.
  void step(const char* name) {
    step_.store(name, std::memory_order_relaxed);
    beats_.fetch_add(1, std::memory_order_relaxed);
  }
  /// The worker is idle. The watchdog does not watch it until the next step.
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

/// Watches from its construction to its destruction. If a worker hangs, the exit status is 3.
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
  std::thread thread_;  // last member: it uses the others
};

/// Writes the stacks of all threads to stderr. It uses gdb. Without gdb it sends a signal to each
/// thread, which does not work for threads that block signals.
void dump_stacks();

}  // namespace dmasim::stress
