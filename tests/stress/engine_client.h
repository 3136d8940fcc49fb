// SPDX-License-Identifier: LGPL-2.1-or-later
/// A client of a DMA channel that is really freed after synchronize(): memory, port and callback
/// state. Whatever the engine touches later, the address sanitizer sees, and `Grave` counts.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/dma/engine.h"

namespace dmasim::stress {

struct EngineCounts {
  std::atomic<uint64_t> cycles{0};
  std::atomic<uint64_t> callbacks{0};
  std::atomic<uint64_t> alarms{0};
  std::atomic<uint64_t> terminations_in_callback{0};
  std::atomic<uint64_t> terminations_of_the_other{0};
  std::atomic<uint64_t> restarts_in_callback{0};
  std::atomic<uint64_t> deadlocks_refused{0};
  std::atomic<uint64_t> synchronized_during_callback{0};
  std::atomic<uint64_t> concurrent_synchronizes{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> broken{0};  ///< promises; the first is told on stderr
};

/// Says once what broke, and counts.
void report_broken(EngineCounts& counts, const char* promise);

/// What is left of a client. Every callback of it holds a share.
struct Grave {
  std::atomic<bool> closed{false};
  std::atomic<unsigned> running{0};
};

class CountingPort final : public Port {
 public:
  explicit CountingPort(EngineCounts& counts) : counts_(counts) {}
  void take(std::span<const std::byte> frames, bool) noexcept override;
  void fill(std::span<std::byte> frames) noexcept override;
  void skip(uint64_t) noexcept override {}
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

 private:
  EngineCounts& counts_;
  std::byte last_{};  // reads what it takes, so that freed memory shows
};

/// What a callback is to do.
struct Mischief {
  bool terminate = false;        ///< its own channel
  bool terminate_other = false;  ///< the worker's other channel
  bool restart = false;          ///< after terminate: prepares, submits and issues anew
  bool synchronize = false;      ///< which has to be refused
  unsigned after_callbacks = 1;
  unsigned slow_us = 0;
};

/// One transfer's worth. Made, started, terminated, synchronized, deleted; the channel lives on.
class EngineClient {
 public:
  EngineClient(EngineCounts& counts, Channel& channel, Channel& other, Direction direction,
               const Mischief& mischief);

  /// slave_config and a first transfer.
  void start(size_t frames, size_t period_frames);
  /// From here on no callback starts a transfer: terminate and synchronize come next.
  void forbid_restart();
  [[nodiscard]] const std::shared_ptr<Grave>& grave() const { return grave_; }

 private:
  Result<void> issue();
  void on_period(const TxResult& result);
  void do_mischief();

  EngineCounts& counts_;
  Channel& channel_;
  Channel& other_;
  const Direction direction_;
  const Mischief mischief_;
  CountingPort port_;
  std::vector<std::byte> memory_;
  size_t period_bytes_ = 0;
  unsigned callbacks_ = 0;  // completion thread only
  std::mutex lock_;
  bool may_restart_ = true;  // guarded by lock_
  std::shared_ptr<Grave> grave_ = std::make_shared<Grave>();
};

}  // namespace dmasim::stress
