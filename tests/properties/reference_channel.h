// SPDX-License-Identifier: LGPL-2.1-or-later
/// A second implementation of what a channel has to do, as simple as possible. It moves one byte at
/// a time, has vectors as lists, and counts time as the nanoseconds that the device has run.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "tests/properties/shapes.h"

namespace dmasim::properties {

/// One entry for each byte that the DMA gave to the device, for each skip, and for each stop.
using DeviceLog = std::vector<uint64_t>;
constexpr uint64_t kLeftover = 1U << 8;
constexpr uint64_t kSkip = 1U << 9;
constexpr uint64_t kStopDiscards = 1U << 10;
constexpr uint64_t kStopKeeps = 1U << 11;

struct RefTransfer {
  enum class Place : uint8_t { allocated, submitted, issued, active, completed, terminated };
  Shape shape;
  std::vector<std::byte> memory;  ///< the expected contents
  Place place = Place::allocated;
  uint64_t cookie = 0;
  uint64_t generation = 0;
  int64_t ended_ns = 0;
  TxResult result;
};

struct RefDevice {
  bool memory_only = true;  ///< the channel was never configured
  Direction direction = Direction::mem_to_mem;
  size_t burst = 1;
  uint64_t frames_per_1e15_ns = 1;
  uint64_t delay_frames = 0;
};

class RefChannel {
 public:
  using Place = RefTransfer::Place;

  RefDevice device;
  bool slow_to_stop = false;
  ResidueGranularity granularity = ResidueGranularity::burst;

  std::map<int, RefTransfer> transfers;  ///< those that are not freed
  std::vector<int> submitted, issued, completed, terminated;
  std::optional<int> active, stopping;
  DeviceLog log;
  uint8_t next_captured = 0;
  bool removed = false;
  uint64_t last_cookie = 0, last_completed = 0;
  uint64_t generation = 1;
  uint64_t raised = 0, callbacks = 0, coalesced = 0, dropped = 0;
  uint64_t due_periods = 0;

  void wait(int64_t ns);
  void settle();
  int configure(const RefDevice& to);
  int submit(int id);
  void issue();
  int pause();
  int resume();
  void set_commit_limit(uint64_t bytes) { limit_ = bytes / device.burst * device.burst; }
  void arm_alarm_at(int64_t ns) { alarm_ns_ = ns, alarm_bytes_.reset(); }
  void arm_alarm_at_bytes(uint64_t bytes) { alarm_bytes_ = bytes; }
  void disarm_alarm() { arm_alarm_at(kNever); }
  void terminate();
  void synchronize(uint64_t covered);
  void abort();

  [[nodiscard]] Service service() const;
  [[nodiscard]] int64_t service_ns() const;
  TxResult pop_period();
  /// Removes the transfer whose callback comes next, and returns it. It is then freed or reusable.
  int pop_completed();
  void put_away(int id);

  [[nodiscard]] TxState status(uint64_t cookie) const;
  [[nodiscard]] int64_t now_ns() const { return now_ns_; }
  [[nodiscard]] uint64_t moved() const { return moved_; }
  /// When the period that was taken last, or the oldest one that is due, has ended.
  [[nodiscard]] int64_t due_since_ns() const { return due_since_ns_; }

 private:
  [[nodiscard]] uint64_t due() const;  // of the active transfer
  [[nodiscard]] int64_t time_of(uint64_t bytes) const;
  [[nodiscard]] int64_t tick_ns() const;
  [[nodiscard]] int64_t alarm_ns() const;
  [[nodiscard]] uint64_t reported() const;
  void move(RefTransfer& transfer, uint64_t until);
  void move_byte(RefTransfer& transfer);
  void raise(const RefTransfer& transfer, uint64_t reached);
  void complete();
  void start_next();
  void stop(bool keep);
  [[nodiscard]] std::vector<int> remove_all();

  int64_t now_ns_ = 0;
  uint64_t ran_ns_ = 0;  // how long the device has run since it last became busy, without pauses
  bool paused_ = false;
  bool stop_keeps_ = false;
  uint64_t before_ = 0;  // bytes of earlier transfers in this time
  uint64_t moved_ = 0;
  uint64_t ticked_ = 0;
  int64_t due_since_ns_ = 0;
  uint64_t limit_ = UINT64_MAX;
  uint64_t past_commit_ = 0;
  int64_t alarm_ns_ = kNever;
  std::optional<uint64_t> alarm_bytes_;
};

}  // namespace dmasim::properties
