// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the machine itself costs. A PCM is compared with these, measured in the same run.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace dmasim::bench {

[[nodiscard]] int64_t now_ns() noexcept;

/// The times of `count` round trips between two threads that sleep on a futex, each fixed to a core
/// of its own. Empty if this process may use only one core.
[[nodiscard]] std::vector<double> round_trips_us(unsigned count);

/// Times at which something with a fixed period was seen, by the number of the period.
struct Ticks {
  std::vector<int64_t> number;
  std::vector<int64_t> seen_ns;
};

/// How much later than an exact period each tick was seen. The period's phase is that of the
/// earliest ticks: one of a hundred may be earlier. So a delay that all ticks have does not count.
[[nodiscard]] std::vector<double> lateness_us(const Ticks& ticks, double period_ns);

/// The shortest way from a timer to a poll(): one thread sleeps to the end of each period and
/// writes an eventfd, another thread polls it. Runs until stop().
class Chain {
 public:
  explicit Chain(double period_ns);
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  /// Ends both threads. Returns what the polling thread has seen.
  Ticks stop();

 private:
  void sleep_and_write();
  void poll_and_look();

  const double period_ns_;
  const int64_t began_ns_;
  const int event_;
  std::atomic<bool> stopped_ = false;
  Ticks ticks_;
  std::thread writer_;
  std::thread reader_;
};

/// The value below which the part `part` of the values lies. The values may be in any order.
[[nodiscard]] double quantile(std::vector<double> values, double part);

}  // namespace dmasim::bench
