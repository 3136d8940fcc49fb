// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a DMA channel knows: the lists of virt-dma, cookies, the position, and what is due.
///
/// PURE: no lock, no thread, no clock. `now_ns` comes in with each call; what has to happen next
/// goes out as a deadline. Channel adds the lock and the waiting.
///
/// A cyclic transfer has one slot for its period interrupt, as virt-dma has: periods that pass
/// while it is taken coalesce. The position therefore never comes from counting callbacks.
/// Other transfers wait in the completed list, each for its own callback.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/base/never.h"
#include "engine/dma/cursor.h"
#include "engine/dma/frame_time.h"
#include "engine/dma/irq_stats.h"
#include "engine/dma/prep.h"

namespace dmasim {

/// A call that the completion thread has to make next.
enum class Service : uint8_t {
  none,
  advance,   ///< a deadline has passed: let the client commit, then move the bytes
  complete,  ///< a transfer is over: call back, then free it
  period,    ///< a period interrupt is due
  alarm,     ///< the client's alarm is due
};

/// What becomes of the frames in the device's FIFO when a transfer is terminated.
enum class Fifo : uint8_t {
  as_committed,  ///< gone, unless the DMA has reached the commit limit: then they come out
  comes_out,     ///< they come out; nothing that is moved from now on counts as committed
};

class ChannelState {
 public:
  explicit ChannelState(const ChannelOptions& options = {});

  [[nodiscard]] const SlaveCaps& caps() const noexcept { return options_.caps; }

  // Everything that gives the hardware something to do: ENODEV once the controller is gone.

  /// Errors: EINVAL (no port, no rate, or what the caps do not have), EBUSY (a transfer is queued
  /// or active), ENOMEM.
  Result<void> configure(const SlaveConfig& config);

  // A descriptor in the allocated list. Errors: see prep.h.

  /// The buffer need not be a multiple of the period: ticks fall at k * period from the start,
  /// across the wrap.
  Result<TxDescriptor*> prep_dma_cyclic(std::span<std::byte> buffer, size_t period_bytes,
                                        Direction direction, PrepFlags flags = {});
  Result<TxDescriptor*> prep_slave_sg(std::span<const SgEntry> list, Direction direction,
                                      PrepFlags flags = {});
  Result<TxDescriptor*> prep_interleaved(const InterleavedTemplate& layout, PrepFlags flags = {});
  Result<TxDescriptor*> prep_dma_memcpy(std::byte* dst, const std::byte* src, size_t bytes,
                                        PrepFlags flags = {});
  /// Errors: EINVAL (not of this channel, or prepared for bursts or a direction that are no longer
  /// configured), EBUSY (submitted already, and not over yet).
  Result<Cookie> submit(TxDescriptor& descriptor);
  /// False: the device was told too late that it begins; begin_anew() before anything else.
  bool issue_pending(int64_t now_ns);
  bool begin_anew(int64_t now_ns);
  /// Takes a descriptor that is not submitted, to be freed without a lock. Errors: as submit().
  Result<DescriptorList> release(TxDescriptor& descriptor);

  /// Errors: EINVAL when nothing runs, or it is paused (not paused) already; ENOSYS.
  Result<void> pause(int64_t now_ns);
  Result<void> resume(int64_t now_ns);

  /// Moves every byte that is due by `now_ns`; passed period boundaries and transfers that have
  /// ended become due.
  void advance(int64_t now_ns);

  /// Bytes since issue up to which the client vouches for the buffer. What the DMA takes beyond is
  /// handed to the port as uncommitted, a burst of which it takes anything beyond included. No
  /// limit until first told.
  void set_commit_limit(uint64_t bytes) noexcept {
    commit_limit_bytes_ = bytes - bytes % burst_bytes();
  }

  /// Before a client commits what it has written from `from_bytes` on only now. If it has been
  /// overtaken, that is too late for what is due by now, which is moved first.
  void begin_commit(uint64_t from_bytes, int64_t now_ns);
  /// How far the active transfer could be by now; 0 without one.
  [[nodiscard]] uint64_t due_bytes(int64_t now_ns) const noexcept;

  /// Ends every submitted transfer: nothing of it becomes due any more; the descriptors wait in the
  /// terminated list for reap(). The alarm stays.
  void terminate(int64_t now_ns, Fifo fifo = Fifo::as_committed);
  /// The newest ended generation.
  [[nodiscard]] Generation terminated() const noexcept { return terminated_; }
  /// Whether a hardware that is slow to stop is still on something terminated.
  [[nodiscard]] bool stopping() const noexcept { return stopping_ != nullptr; }
  /// It is made to let go of the memory of generations up to `covered`.
  void stop_now(Generation covered, int64_t now_ns);
  /// Takes the terminated descriptors of generations up to `covered`, to be freed without a lock;
  /// reusable ones go back to the allocated list. The hardware has let go of them.
  [[nodiscard]] DescriptorList reap(Generation covered);

  /// The controller is gone: every transfer is over, and those that call back learn that it was
  /// aborted.
  void abort(int64_t now_ns);

  [[nodiscard]] TxState tx_status(Cookie cookie) const noexcept;

  /// One alarm for the client: at a time, or when the transfer has moved so many bytes. It survives
  /// terminate(); the latter kind then sleeps for ever.
  void arm_alarm_at(int64_t deadline_ns) noexcept;
  void arm_alarm_at_bytes(uint64_t transferred_bytes) noexcept;
  void disarm_alarm() noexcept { alarm_ = Alarm{}; }

  /// When the completion thread has something to do next: at once if that time has passed, kNever
  /// if nothing. What has been due longest comes first among the channels of one thread.
  [[nodiscard]] int64_t service_ns() const noexcept;
  [[nodiscard]] Service service_at(int64_t now_ns) const noexcept;
  /// Takes the due period out of its slot. Only when service_at() says Service::period.
  [[nodiscard]] TxResult take_period(int64_t now_ns);
  /// Takes the transfer that has been over longest. Only when service_at() says Service::complete.
  /// It has been called back, or never calls: then it goes to give_back() or is freed.
  [[nodiscard]] DescriptorList take_completed(int64_t now_ns);
  /// Puts a reusable descriptor back into the allocated list.
  void give_back(DescriptorList& done);
  /// Takes the alarm out of its slot. Only when service_at() says Service::alarm.
  void take_alarm();

  /// The transfer that the hardware works on; null when idle.
  [[nodiscard]] TxDescriptor* active() noexcept {
    return active_.empty() ? nullptr : &active_.front();
  }

  [[nodiscard]] const IrqStats& stats() const noexcept { return stats_; }
  [[nodiscard]] IrqStats& stats() noexcept { return stats_; }

 private:
  struct Alarm {
    int64_t deadline_ns = kNever;
    std::optional<uint64_t> at_bytes;
  };

  [[nodiscard]] bool running() const noexcept { return !active_.empty() && !paused_; }
  [[nodiscard]] bool configured() const noexcept { return config_.port != nullptr; }
  [[nodiscard]] bool supports(const SlaveConfig& config) const noexcept;
  [[nodiscard]] size_t burst_bytes() const noexcept {
    return configured() ? config_.frame_bytes() : 1;
  }
  [[nodiscard]] uint64_t bytes_due(int64_t now_ns) const noexcept;
  [[nodiscard]] int64_t time_of_bytes(uint64_t bytes) const noexcept;
  [[nodiscard]] int64_t alarm_ns() const noexcept;
  [[nodiscard]] int64_t tick_ns() const noexcept;
  [[nodiscard]] uint64_t told_bytes(const TxDescriptor& transfer) const noexcept;
  [[nodiscard]] uint64_t skippable(const TxDescriptor& transfer, uint64_t bytes) const noexcept;

  Result<TxDescriptor*> allocate(Result<TxDescriptor> descriptor);
  Result<void> check_mine(const TxDescriptor& descriptor) const noexcept;
  [[nodiscard]] bool fits(const TxDescriptor& descriptor) const noexcept;
  void take_up_next();
  void move(const TxDescriptor& transfer, uint64_t bytes);
  void advance_stopping(uint64_t due);
  void raise_periods();
  void complete_active();
  void end_all(DescriptorList& to, TxDescriptor::Place place);
  void stop_hardware(bool keep_fifo);

  const ChannelOptions options_;
  SlaveConfig config_{};
  FrameTime time_{};  // of the hardware, from the moment it had something to do

  DescriptorList allocated_;        // prepared, not submitted
  DescriptorList submitted_;        // submitted, not yet issued
  DescriptorList issued_;           // waiting for the hardware
  DescriptorList active_;           // at most one: the hardware is on it
  DescriptorList completed_;        // over, to be called back and freed
  DescriptorList terminated_list_;  // over, kept until synchronized

  Generation generation_ = 1;  // of transfers submitted from now on
  Generation terminated_ = 0;
  Cookie last_completed_{};
  Cookie last_used_{};
  bool removed_ = false;

  bool paused_ = false;
  Mover mover_;
  Cursor cursor_;                           // of the active transfer
  const TxDescriptor* stopping_ = nullptr;  // terminated, but the hardware is still on it
  bool stopping_keeps_fifo_ = false;
  uint64_t base_bytes_ = 0;         // moved before the active transfer, since time_ began
  uint64_t transferred_bytes_ = 0;  // of the active transfer
  uint64_t ticked_periods_ = 0;     // boundaries already made due
  uint64_t due_periods_ = 0;        // in the slot; 0: nothing due
  int64_t due_since_ns_ = 0;        // when the oldest of them passed
  uint64_t commit_limit_bytes_ = UINT64_MAX;
  uint64_t overtaken_bytes_ = 0;  // the furthest that transferred_bytes_ has been beyond it
  Alarm alarm_{};
  IrqStats stats_{};
};

}  // namespace dmasim
