// SPDX-License-Identifier: LGPL-2.1-or-later
/// A client of a DMA channel. After synchronize(), its memory, its port and the state of its
/// callback are really freed. The address sanitizer finds a later access of the engine, and `Grave`
/// a later callback.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/dma/dma_device.h"

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
  std::atomic<uint64_t> broken{0};  ///< broken promises; the first one is printed to stderr
};

/// Counts a broken promise of the engine. The first one is printed.
void report_broken(EngineCounts& counts, const char* promise);

/// What remains of a client after it was freed. Each of its callbacks holds a share.
struct Grave {
  std::atomic<bool> closed{false};
  std::atomic<unsigned> running{0};
};

class CountingPort final : public Port {
 public:
  explicit CountingPort(EngineCounts& counts) : counts_(counts) {}
  void write(std::span<const std::byte> frames, bool) noexcept override;
  void read(std::span<std::byte> frames) noexcept override;
  void skip(uint64_t) noexcept override {}
  void stop(bool) noexcept override {}
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

 private:
  EngineCounts& counts_;
  std::byte last_{};  // depends on every byte, so that reads of freed memory are found
};

/// What a callback does besides counting.
struct Mischief {
  bool terminate = false;        ///< terminates its own channel
  bool terminate_other = false;  ///< terminates the worker's other channel
  bool restart = false;          ///< after terminate: prepares, submits and issues a new transfer
  bool synchronize = false;      ///< calls synchronize, which must be refused
  unsigned after_callbacks = 1;
  unsigned slow_us = 0;
};

/// LIFETIME  created, started, terminated, synchronized and deleted. The channel exists longer.
class EngineClient {
 public:
  EngineClient(EngineCounts& counts, Channel& channel, Channel& other, Direction direction,
               const Mischief& mischief);

  /// Configures the channel and starts a first transfer.
  void start(size_t frames, size_t period_frames);
  /// After this call, no callback starts a transfer. The caller then terminates and synchronizes.
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
  unsigned callbacks_ = 0;  // only the completion thread uses it
  std::mutex lock_;
  bool may_restart_ = true;  // guarded by lock_
  std::shared_ptr<Grave> grave_ = std::make_shared<Grave>();
};

}  // namespace dmasim::stress
