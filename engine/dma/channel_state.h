// SPDX-License-Identifier: LGPL-2.1-or-later
/// The state of a DMA channel: the lists of virt-dma, cookies, the position, and what is due.
///
/// PURE: no lock, no thread, no clock. Each call is given `now_ns`, and service_ns() answers when
/// the next call is needed. Channel adds the lock and the waiting.
///
/// A cyclic transfer has one slot for its period interrupt, as in virt-dma: periods that pass while
/// the slot is taken coalesce. So counting callbacks does not give the position. Other transfers
/// wait in the completed list, each for its own callback.
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
#include "engine/dma/transfer_time.h"

namespace dmasim {

/// A call that the completion thread has to make next.
enum class Service : uint8_t {
  none,
  advance,   ///< a deadline has passed: move the bytes
  complete,  ///< a transfer is over: call back, then free it
  period,    ///< a period interrupt is due
  alarm,     ///< the client's alarm is due
};

/// What happens to the frames in the device's FIFO when a transfer is terminated.
enum class Fifo : uint8_t {
  as_committed,  ///< dropped; but if the DMA has reached the commit limit, they come out
  comes_out,     ///< they come out; bytes that are moved from now on count as not committed
};

class ChannelState {
 public:
  explicit ChannelState(const ChannelOptions& options = {});

  [[nodiscard]] const SlaveCaps& caps() const noexcept { return options_.caps; }

  // Each call that gives the hardware work answers ENODEV once the controller was removed.

  /// Errors: EINVAL (no port, no rate, or not among the caps), EBUSY (a transfer is queued or
  /// active), ENOMEM.
  Result<void> configure(const SlaveConfig& config);

  // Each makes a descriptor in the allocated list. Errors: see prep.h.

  /// The buffer need not be a multiple of the period. Period boundaries lie at k * period_bytes
  /// from the start, also when the buffer wraps.
  Result<Transfer*> prep_dma_cyclic(std::span<std::byte> buffer, size_t period_bytes,
                                    Direction direction, PrepFlags flags = {});
  Result<Transfer*> prep_slave_sg(std::span<const SgEntry> list, Direction direction,
                                  PrepFlags flags = {});
  Result<Transfer*> prep_interleaved(const InterleavedTemplate& layout, PrepFlags flags = {});
  Result<Transfer*> prep_dma_memcpy(std::byte* dst, const std::byte* src, size_t bytes,
                                    PrepFlags flags = {});
  /// Errors: EINVAL (not of this channel, or prepared for bursts or a direction that are no longer
  /// configured), EBUSY (submitted already, and not over yet).
  Result<Cookie> submit(Transfer& descriptor);
  /// Answers false if the call of Port::run() came too late. Then call start_clock() before
  /// anything else; it answers the same way.
  bool issue_pending(int64_t now_ns);
  bool start_clock(int64_t now_ns);
  /// Takes a descriptor that is not submitted; the caller frees it without a lock. Errors: EINVAL
  /// (not of this channel), EBUSY (submitted already, and not over yet).
  Result<TransferList> release(Transfer& descriptor);

  /// Errors: EINVAL (nothing runs; or pause: paused already; or resume: not paused), ENOSYS,
  /// ENODEV.
  Result<void> pause(int64_t now_ns);
  Result<void> resume(int64_t now_ns);

  /// Moves every byte that is due by `now_ns`. Period boundaries that the hardware has passed
  /// become due, and so do transfers that have ended.
  void advance(int64_t now_ns);

  /// The client has committed the buffer up to so many bytes since issue. The port gets bytes
  /// beyond this limit as not committed. A burst that lies partly beyond it counts as not
  /// committed. A transfer has no limit until the first call.
  void set_commit_limit(uint64_t bytes) noexcept {
    commit_limit_bytes_ = bytes - bytes % burst_bytes();
  }

  /// Call this before a commit of bytes that the client wrote only now, from `from_bytes` on. If
  /// the DMA has passed this position, the bytes that are due by now are moved first, as not
  /// committed.
  void begin_commit(uint64_t from_bytes, int64_t now_ns);
  /// The position that the active transfer could have reached by now; 0 without one.
  [[nodiscard]] uint64_t due_bytes(int64_t now_ns) const noexcept;
  [[nodiscard]] TransferTime transfer_time() const noexcept {
    return {.time = time_, .start_delay_frames = config_.start_delay_frames};
  }

  /// Ends every submitted transfer. Nothing of them becomes due any more. Their descriptors wait in
  /// the terminated list for reap(). The alarm stays.
  void terminate(int64_t now_ns, Fifo fifo = Fifo::as_committed);
  /// The newest ended generation.
  [[nodiscard]] Generation terminated() const noexcept { return terminated_; }
  /// Whether slow hardware still works on a transfer that was terminated.
  [[nodiscard]] bool stopping() const noexcept { return stopping_ != nullptr; }
  /// Makes slow hardware stop if it works on a generation up to `covered`.
  void stop_now(Generation covered, int64_t now_ns);
  /// Takes the terminated descriptors of generations up to `covered`; the caller frees them without
  /// a lock. Reusable ones go back to the allocated list. The hardware must have stopped using
  /// them.
  [[nodiscard]] TransferList reap(Generation covered);

  /// The controller was removed. Every transfer is over; those that call back get
  /// TxOutcome::aborted.
  void abort(int64_t now_ns);

  [[nodiscard]] TxState tx_status(Cookie cookie) const noexcept;

  /// One alarm for the client: at a time, or when the active transfer has moved so many bytes.
  /// terminate() keeps it; an alarm at a position is not due while no transfer runs.
  void arm_alarm_at(int64_t deadline_ns) noexcept;
  void arm_alarm_at_bytes(uint64_t transferred_bytes) noexcept;
  void disarm_alarm() noexcept { alarm_ = Alarm{}; }

  /// When the completion thread has to make the next call. A time that has passed means at once;
  /// kNever means that there is nothing to do. Of the channels of one thread, the one with the
  /// earliest time is served first.
  [[nodiscard]] int64_t service_ns() const noexcept;
  /// By how much that call may be late if the thread then serves several channels at once: a tick
  /// of a cyclic transfer by a part of a period, but not beyond the alarm; other calls by 0.
  [[nodiscard]] int64_t service_slack_ns() const noexcept;
  [[nodiscard]] Service service_at(int64_t now_ns) const noexcept;
  /// Takes the due period out of its slot. Only when service_at() says Service::period.
  /// Afterwards, if the callback advances by itself, the caller advances to the same time.
  [[nodiscard]] TxResult pop_period(int64_t now_ns);
  /// Takes the transfer that ended first. Only when service_at() says Service::complete. After its
  /// callback, if it has one, the caller frees it or hands it to give_back().
  [[nodiscard]] TransferList pop_completed(int64_t now_ns);
  /// Puts a reusable descriptor back into the allocated list.
  void give_back(TransferList& done);
  /// Takes the alarm out of its slot. Only when service_at() says Service::alarm.
  void pop_alarm();

  /// Says whether the active transfer has moved so many bytes.
  [[nodiscard]] bool has_moved(uint64_t bytes) const noexcept {
    return transferred_bytes_ >= bytes;
  }
  /// The transfer that the hardware works on; null when idle.
  [[nodiscard]] Transfer* active() noexcept { return active_.empty() ? nullptr : &active_.front(); }

  [[nodiscard]] const IrqStats& stats() const noexcept { return stats_; }
  [[nodiscard]] IrqStats& stats() noexcept { return stats_; }

 private:
  static constexpr uint64_t kNoLimit = UINT64_MAX;

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
  /// The time of the next period boundary or end of the active transfer.
  [[nodiscard]] int64_t tick_ns() const noexcept { return running() ? next_tick_ns_ : kNever; }
  void find_next_tick() noexcept;
  [[nodiscard]] uint64_t reported_bytes(const Transfer& transfer) const noexcept;
  [[nodiscard]] uint64_t skippable(const Transfer& transfer, uint64_t bytes) const noexcept;

  Result<Transfer*> allocate(Result<Transfer> descriptor);
  Result<void> check_mine(const Transfer& descriptor) const noexcept;
  [[nodiscard]] bool fits(const Transfer& descriptor) const noexcept;
  void start_next();
  void move(const Transfer& transfer, uint64_t bytes);
  void advance_stopping(uint64_t due);
  void raise_periods(uint64_t reached_bytes);
  void withdraw_periods();
  void complete_active();
  void end_all(TransferList& to, Transfer::Place place);
  void stop_hardware(bool keep_fifo);

  const ChannelOptions options_;
  SlaveConfig config_{};
  FrameTime time_{};  // clock of the device; starts when an idle channel gets a transfer

  TransferList allocated_;        // prepared, not submitted
  TransferList submitted_;        // submitted, not yet issued
  TransferList issued_;           // issued, waiting for the hardware
  TransferList active_;           // at most one: the hardware works on it
  TransferList completed_;        // over, not yet called back and freed
  TransferList terminated_list_;  // terminated, kept until synchronized

  Generation generation_ = 1;  // of transfers submitted from now on
  Generation terminated_ = 0;
  Cookie last_completed_{};
  Cookie last_used_{};
  bool removed_ = false;

  bool paused_ = false;
  Mover mover_;
  Cursor cursor_;                       // of the active transfer
  const Transfer* stopping_ = nullptr;  // terminated, but slow hardware still works on it
  bool stopping_keeps_fifo_ = false;
  uint64_t base_bytes_ = 0;  // moved by the transfers before the active one, since time_ started
  uint64_t transferred_bytes_ = 0;  // of the active transfer
  uint64_t ticked_periods_ = 0;     // period boundaries that were made due
  int64_t next_tick_ns_ = kNever;   // see tick_ns(); found once, because each hook asks for it
  int64_t slack_ns_ = 0;            // see service_slack_ns()
  uint64_t due_periods_ = 0;        // in the slot of the period interrupt; 0: none
  int64_t due_since_ns_ = 0;        // when the oldest of them was passed
  uint64_t commit_limit_bytes_ = kNoLimit;
  uint64_t past_commit_bytes_ = 0;  // the furthest that the DMA has been beyond the limit
  Alarm alarm_{};
  IrqStats stats_{};
};

}  // namespace dmasim
