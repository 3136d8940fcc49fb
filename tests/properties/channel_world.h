// SPDX-License-Identifier: LGPL-2.1-or-later
/// A channel and its reference. Each operation is done to both, and then both are compared.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "engine/dma/port.h"
#include "tests/properties/operations.h"
#include "tests/properties/reference_channel.h"

namespace dmasim::properties {

/// A device that logs what the DMA does. It counts incomplete bursts, which the DMA must not
/// transfer.
class LoggingPort final : public Port {
 public:
  void write(std::span<const std::byte> frames, bool committed) noexcept override;
  void read(std::span<std::byte> frames) noexcept override;
  void skip(uint64_t bytes) noexcept override;
  void stop(bool keep_fifo) noexcept override {
    log.push_back(keep_fifo ? kStopKeeps : kStopDiscards);
  }
  [[nodiscard]] size_t in_flight_bytes() const noexcept override { return 0; }

  DeviceLog log;
  size_t burst = 1;
  uint8_t next_captured = 0;
  unsigned torn_bursts = 0;
};

class ChannelWorld {
 public:
  explicit ChannelWorld(const Setup& setup);
  /// Does the operation to both. RC_ASSERT throws if they differ.
  void apply(const Operation& operation);
  /// Ends all transfers. Then no transfer may be left, and the counts must agree.
  void wind_up();

 private:
  /// What the client has of a transfer. Its memory is freed when the reference has freed the
  /// transfer.
  struct Work {
    Transfer* descriptor;
    std::unique_ptr<std::array<std::byte, kArenaBytes>> memory;
    std::weak_ptr<int> alive;         // the descriptor's callback owns it
    bool descriptor_owns_it = false;  // it has a callback
  };
  struct Position {
    uint64_t cookie = 0;
    uint64_t lap = 0;
    size_t residue_bytes = 0;
  };

  void perform(const Operation& operation);
  void prep(const Operation& operation);
  void submit(int id);
  void desc_free(int id);
  void issue_pending();
  void wait(const Operation& operation);
  void advance();
  void serve(const Operation& operation);
  void serve_period(const Operation& operation);
  void serve_completed(const Operation& operation);
  void call_from_callback(const Operation& operation, int id);
  void terminate();
  void abort();
  void arm_alarm(const Operation& operation);
  void synchronize(bool all);
  void configure(Direction direction, unsigned burst);
  void set_commit_limit(const Operation& operation);
  void forget_freed();

  void check() const;
  void check_memory() const;
  void check_status() const;
  void check_stats() const;
  void check_residue_falls();

  /// One of the transfers that are not freed; `number` chooses it.
  [[nodiscard]] std::optional<int> pick(unsigned number) const;

  const Setup setup_;
  LoggingPort port_;
  RefChannel reference_;
  std::map<int, Work> works_;
  int next_id_ = 0;
  std::vector<std::pair<int, TxResult>> called_;
  Position last_;
  ChannelState state_;  // destroyed first, because its descriptors point to the members above
};

}  // namespace dmasim::properties
