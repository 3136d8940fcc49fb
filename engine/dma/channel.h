// SPDX-License-Identifier: LGPL-2.1-or-later
/// A DMA channel. Ending a transfer follows the kernel's rules.
///
/// A completion callback may terminate its own channel, so terminate_async() cannot wait for
/// callbacks. Freeing memory has to wait for them. So there are two calls: terminate_async() is
/// legal everywhere and never waits; synchronize() comes before anything is freed and is illegal on
/// a completion thread.
///
/// LOCKING   lock_ is the completion thread's lock; no callback runs under it.
/// LIFETIME  a terminated descriptor lives until the synchronize() that covers it.
/// THREADS   [any] means any thread. [!C] means any thread but a completion thread of this
///           controller: there the call answers EDEADLK at once and changes nothing (the kernel's
///           might_sleep).
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "engine/dma/channel_state.h"
#include "engine/dma/completion.h"
#include "engine/dma/service_queue.h"

namespace dmasim {

class Channel final : public ServiceNode {
 public:
  /// `alarm` runs on the completion thread, like a completion callback; see arm_alarm_at. `clock`
  /// is the device's. All times of this channel are times of that clock.
  Channel(std::shared_ptr<const Clock> clock, const ChannelOptions& options,
          std::shared_ptr<CompletionThread> irq, const void* controller,
          std::function<void()> alarm);
  ~Channel();  ///< call release() before
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// [!C] Starts the completion thread if it does not run yet. Call it before issue_pending, or no
  /// callback is ever called. Errors: ENOMEM (no thread), EPERM.
  Result<void> request_irq() DMASIM_EXCLUDES(lock_);

  /// [any] dma_get_slave_caps.
  [[nodiscard]] SlaveCaps slave_caps() const DMASIM_EXCLUDES(lock_);
  /// [any] dmaengine_slave_config. A channel that was not configured copies memory to memory.
  /// Errors: EINVAL, EBUSY (a transfer is queued or active), ENOMEM, ENODEV.
  Result<void> slave_config(const SlaveConfig& config) DMASIM_EXCLUDES(lock_);

  // [any] dmaengine_prep_*: make a descriptor. The client fills it in and submits it, or gives it
  // to desc_free(). The memory must stay valid until the transfer has called back, or until a
  // synchronize() covers its termination. Errors: EINVAL (not configured for this direction, empty,
  // null, or not whole bursts), EPERM (the caps do not have reuse), ENOMEM, ENODEV (the controller
  // was removed).

  /// Moves the buffer again and again, with a period interrupt after each `period_bytes`.
  Result<TxDescriptor*> prep_dma_cyclic(std::span<std::byte> buffer, size_t period_bytes,
                                        Direction direction, PrepFlags flags = {})
      DMASIM_EXCLUDES(lock_);
  /// Moves the pieces of memory once, in their order.
  Result<TxDescriptor*> prep_slave_sg(std::span<const SgEntry> list, Direction direction,
                                      PrepFlags flags = {}) DMASIM_EXCLUDES(lock_);
  /// dmaengine_prep_interleaved_dma: chunks and gaps, once or (PrepFlags::repeat) again and again.
  Result<TxDescriptor*> prep_interleaved(const InterleavedTemplate& layout, PrepFlags flags = {})
      DMASIM_EXCLUDES(lock_);
  /// Source and destination must not overlap.
  Result<TxDescriptor*> prep_dma_memcpy(std::byte* dst, const std::byte* src, size_t bytes,
                                        PrepFlags flags = {}) DMASIM_EXCLUDES(lock_);
  /// [any] dmaengine_desc_free: frees a reusable descriptor, or one that was never submitted.
  /// Errors: EINVAL (not of this channel), EBUSY (submitted, and not over).
  Result<void> desc_free(TxDescriptor& descriptor) DMASIM_EXCLUDES(lock_);

  /// [any] dmaengine_submit: queues the transfer. Cookies rise. Errors: EINVAL (not of this
  /// channel, or prepared for a burst size or a direction that slave_config has changed since);
  /// EBUSY (submitted already); ENODEV. A reusable descriptor may be submitted again after its
  /// callback has returned, or after a synchronize() covered its termination.
  Result<Cookie> submit(TxDescriptor& descriptor) DMASIM_EXCLUDES(lock_);
  /// [any] dma_async_issue_pending: starts what was submitted. Each transfer begins where the one
  /// before ends.
  void issue_pending() DMASIM_EXCLUDES(lock_);

  /// [any] dmaengine_pause and dmaengine_resume. They act at once and lose no byte. Errors: EINVAL
  /// (pause: nothing runs; resume: nothing is paused), ENOSYS (not among the caps), ENODEV.
  Result<void> pause() DMASIM_EXCLUDES(lock_);
  /// [any] The same at the time `as_of_ns`, after setting the commit limit: see tx_status.
  Result<void> pause(uint64_t commit_limit_bytes, int64_t as_of_ns) DMASIM_EXCLUDES(lock_);
  Result<void> resume() DMASIM_EXCLUDES(lock_);

  /// [any] Brings the hardware up to now, then answers its position.
  TxState tx_status(Cookie cookie) DMASIM_EXCLUDES(lock_);
  /// How far the client has committed, in bytes since issue.
  struct Commit {
    uint64_t limit_bytes = 0;
    /// The client wrote the bytes from here on only now. If the DMA has been seen beyond this
    /// point, the bytes that are due by now are moved first, as not committed. Empty: all was
    /// written before.
    std::optional<uint64_t> from_bytes = std::nullopt;
    /// If the DMA could have reached this point by now, the client is too late and commits nothing.
    std::optional<uint64_t> refused_from_bytes = std::nullopt;
  };
  /// [any] The same for the time `as_of_ns`, after a commit by the client. Read the clock first,
  /// then the client's position: bytes that were due at that time and lie beyond that position were
  /// not committed in time. TxState::commit_refused says whether the commit was refused.
  TxState tx_status(Cookie cookie, const Commit& commit, int64_t as_of_ns) DMASIM_EXCLUDES(lock_);
  /// [any] Says whether tx_status() with the same arguments would refuse the commit. It moves
  /// nothing.
  [[nodiscard]] bool refuses(const Commit& commit, int64_t as_of_ns) const DMASIM_EXCLUDES(lock_);
  /// [any] When the frames of the active transfer are due; see TransferTime.
  [[nodiscard]] TransferTime transfer_time() const DMASIM_EXCLUDES(lock_);
  /// [any] Frames that the DMA moves beyond this limit are not committed. No effect when idle.
  void set_commit_limit(uint64_t bytes) DMASIM_EXCLUDES(lock_);
  /// [any] Brings the hardware up to now.
  void advance() DMASIM_EXCLUDES(lock_);

  /// [any] dmaengine_terminate_async. Never waits. No new callback starts for a transfer that was
  /// submitted before this call; a callback that runs already may go on. Call synchronize()
  /// afterwards.
  void terminate_async(Fifo fifo = Fifo::as_committed) DMASIM_EXCLUDES(lock_);
  /// [any] The kernel's deprecated dmaengine_terminate_all, which does not synchronize. It does the
  /// same as terminate_async.
  void terminate_all() DMASIM_EXCLUDES(lock_) { terminate_async(); }
  /// [!C] dmaengine_synchronize. It covers what was terminated before this call. When it returns,
  /// the DMA touches none of that memory, no callback of it runs or is due, and its descriptors are
  /// freed, even if another caller of synchronize() frees them. It cancels the alarm and waits for
  /// an alarm callback that runs; arming the alarm meanwhile has no effect. It does not wait for
  /// transfers that were issued later.
  Result<void> synchronize() DMASIM_EXCLUDES(lock_);
  /// [!C] dmaengine_terminate_sync: terminate_async, then synchronize.
  Result<void> terminate_sync() DMASIM_EXCLUDES(lock_);

  /// [any] The controller is unplugged: see DmaDevice::remove. Never waits.
  void abort() DMASIM_EXCLUDES(lock_);

  /// [!C] Terminates, synchronizes and gives the completion thread back. The last call.
  Result<void> release() DMASIM_EXCLUDES(lock_);

  /// [any] Each channel has one alarm. It is due at a time of the clock, or when the active
  /// transfer has moved so many bytes; a paused or terminated transfer never gets there. A new
  /// alarm replaces the old one. terminate_async keeps it.
  void arm_alarm_at(int64_t deadline_ns) DMASIM_EXCLUDES(lock_);
  void arm_alarm_at_bytes(uint64_t transferred_bytes) DMASIM_EXCLUDES(lock_);
  void disarm_alarm() DMASIM_EXCLUDES(lock_);

  /// The lock under which the DMA reads and writes memory. A client that writes to a buffer during
  /// a transfer holds it while it writes, for a bounded piece at a time.
  [[nodiscard]] Mutex& memory_lock() noexcept DMASIM_RETURN_CAPABILITY(lock_) { return lock_; }

  [[nodiscard]] IrqStats irq_stats() const DMASIM_EXCLUDES(lock_);
  /// [any] Says whether a callback runs at this moment.
  [[nodiscard]] bool in_callback() const DMASIM_EXCLUDES(lock_);

  /// [completion thread] Makes one call that is due at `now_ns` of the thread's clock. When it
  /// returns, it has held the lock without a break since its last look at the channel, so no other
  /// thread can have released the channel meanwhile.
  void service(int64_t now_ns) DMASIM_REQUIRES(lock_);
  /// Tells clang that `lock`, which the completion thread holds, is this channel's lock.
  void assert_lock(const Mutex& lock) const noexcept DMASIM_TSA(assert_capability(lock_));

 private:
  static constexpr Generation kNone = UINT64_MAX;

  [[nodiscard]] bool on_completion_thread() const noexcept {
    return current_thread_tag() == controller_;
  }
  [[nodiscard]] bool is_late(const Commit& commit, int64_t as_of_ns) const DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool settled(Generation covered) const DMASIM_REQUIRES(lock_);
  void service_complete(int64_t now_ns) DMASIM_REQUIRES(lock_);
  void service_period(int64_t now_ns) DMASIM_REQUIRES(lock_);
  void service_alarm() DMASIM_REQUIRES(lock_);
  void begin_callback(const Transfer& transfer) DMASIM_REQUIRES(lock_);
  void end_callback() DMASIM_REQUIRES(lock_);
  void free_outside_lock(TransferList doomed) DMASIM_REQUIRES(lock_);
  /// A time of this channel's clock, in the clock of the completion thread.
  [[nodiscard]] int64_t thread_ns(int64_t at_ns) const noexcept {
    return own_clock_ ? clock_->wake_up_ns(at_ns) : at_ns;
  }
  void reschedule() DMASIM_REQUIRES(lock_);
  void go_quiet() DMASIM_REQUIRES(lock_);

  const std::shared_ptr<const Clock> clock_;
  const std::shared_ptr<CompletionThread> irq_;
  const bool own_clock_;  // another one than the completion thread's
  const void* const controller_;
  const std::function<void()> alarm_;

  Mutex& lock_;
  CondVar changed_;  // a callback has returned, or a synchronize() has freed descriptors
  ChannelState state_ DMASIM_GUARDED_BY(lock_);
  Generation running_ DMASIM_GUARDED_BY(lock_) = kNone;  // of the transfer that calls back
  bool alarm_running_ DMASIM_GUARDED_BY(lock_) = false;
  unsigned synchronizers_ DMASIM_GUARDED_BY(lock_) = 0;  // callers inside synchronize()
  unsigned freeing_ DMASIM_GUARDED_BY(lock_) = 0;  // of these, callers that destroy descriptors
  Generation synchronized_ DMASIM_GUARDED_BY(lock_) = 0;  // for the check of the contract only
  bool released_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim
