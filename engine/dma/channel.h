// SPDX-License-Identifier: LGPL-2.1-or-later
/// A DMA channel with the kernel's contract of termination.
///
/// A completion callback may stop its own channel, so stopping cannot wait for callbacks; freeing
/// must. Hence two calls: terminate_async() (legal anywhere, never waits) and synchronize() (before
/// anything is freed, illegal on a completion thread).
///
/// LOCKING   lock_ is the completion thread's lock; never held across a callback.
/// LIFETIME  a terminated descriptor lives until the synchronize() that covers it.
/// THREADS   [any]; [!C] any thread but the controller's completion threads, where the call answers
///           EDEADLK at once and changes nothing (the kernel's might_sleep).
#pragma once

#include <functional>
#include <memory>

#include "engine/dma/channel_state.h"
#include "engine/dma/completion.h"
#include "engine/dma/service_queue.h"

namespace dmasim {

class Channel final : public ServiceNode {
 public:
  /// `alarm` runs like a completion callback; see arm_alarm_at.
  Channel(const Clock& clock, const ChannelOptions& options, std::shared_ptr<CompletionThread> irq,
          const void* controller, std::function<void()> alarm);
  ~Channel();  ///< released before
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// [!C] Starts the completion thread, if it does not run yet. Before issue_pending, else nothing
  /// calls back. Errors: ENOMEM (no thread), EPERM.
  Result<void> request_irq() DMASIM_EXCLUDES(lock_);

  /// [any] dma_get_slave_caps.
  [[nodiscard]] SlaveCaps slave_caps() const DMASIM_EXCLUDES(lock_);
  /// [any] dmaengine_slave_config. A channel without it copies memory to memory. Errors: EINVAL,
  /// EBUSY while a transfer is queued or active, ENOMEM, ENODEV.
  Result<void> slave_config(const SlaveConfig& config) DMASIM_EXCLUDES(lock_);

  // [any] dmaengine_prep_*: a descriptor to fill in and submit, or to desc_free(). The memory stays
  // valid until the transfer has called back, or until a synchronize() covers its termination.
  // Errors: EINVAL (not configured for this direction, empty, null, or not whole bursts), EPERM
  // (reuse is not among the caps), ENOMEM, ENODEV (the controller is gone).

  /// The buffer again and again, a tick each `period_bytes`.
  Result<TxDescriptor*> prep_dma_cyclic(std::span<std::byte> buffer, size_t period_bytes,
                                        Direction direction, PrepFlags flags = {})
      DMASIM_EXCLUDES(lock_);
  /// The pieces of memory in their order, once.
  Result<TxDescriptor*> prep_slave_sg(std::span<const SgEntry> list, Direction direction,
                                      PrepFlags flags = {}) DMASIM_EXCLUDES(lock_);
  /// dmaengine_prep_interleaved_dma: chunks and gaps, once or (PrepFlags::repeat) again and again.
  Result<TxDescriptor*> prep_interleaved(const InterleavedTemplate& layout, PrepFlags flags = {})
      DMASIM_EXCLUDES(lock_);
  /// Source and destination do not overlap.
  Result<TxDescriptor*> prep_dma_memcpy(std::byte* dst, const std::byte* src, size_t bytes,
                                        PrepFlags flags = {}) DMASIM_EXCLUDES(lock_);
  /// [any] dmaengine_desc_free: of a reusable descriptor, or of one never submitted.
  /// Errors: EINVAL (not of this channel), EBUSY (submitted, and not over).
  Result<void> desc_free(TxDescriptor& descriptor) DMASIM_EXCLUDES(lock_);

  /// [any] dmaengine_submit: queues; cookies rise. Errors: EINVAL (not of this channel, or prepared
  /// for bursts or a direction that slave_config has changed since), EBUSY
  /// (submitted already: a reusable one may be again once its callback has returned, or once the
  /// termination is synchronized), ENODEV.
  Result<Cookie> submit(TxDescriptor& descriptor) DMASIM_EXCLUDES(lock_);
  /// [any] dma_async_issue_pending: starts what was submitted, each transfer where the last ends.
  void issue_pending() DMASIM_EXCLUDES(lock_);

  /// [any] Acts at once and loses nothing. Errors: EINVAL (nothing running / not paused), ENOSYS
  /// (the controller cannot), ENODEV.
  Result<void> pause() DMASIM_EXCLUDES(lock_);
  /// [any] The same, at `as_of_ns`, up to where the client has committed: see tx_status.
  Result<void> pause(uint64_t commit_limit_bytes, int64_t as_of_ns) DMASIM_EXCLUDES(lock_);
  Result<void> resume() DMASIM_EXCLUDES(lock_);

  /// [any] Brings the hardware up to now, then tells where it is.
  TxState tx_status(Cookie cookie) DMASIM_EXCLUDES(lock_);
  /// How far the client has committed, in bytes since issue.
  struct Commit {
    uint64_t limit_bytes = 0;
    /// It has written from here on only now: too late for what a DMA that has been seen beyond has
    /// passed. UINT64_MAX: it had written before.
    uint64_t from_bytes = UINT64_MAX;
    /// If the DMA could have got there by now, the client comes too late: nothing is committed.
    uint64_t refused_from_bytes = UINT64_MAX;
  };
  /// [any] The same, up to `as_of_ns`, after telling how far the client has committed. Read the
  /// clock first and the client's position then: what was due at that time and lies beyond was not
  /// committed in time. The answer says whether the commit was refused.
  TxState tx_status(Cookie cookie, const Commit& commit, int64_t as_of_ns) DMASIM_EXCLUDES(lock_);
  /// [any] Frames that the DMA takes beyond are not the client's. No effect when idle.
  void set_commit_limit(uint64_t bytes) DMASIM_EXCLUDES(lock_);
  /// [any] Brings the hardware up to now.
  void advance() DMASIM_EXCLUDES(lock_);

  /// [any] dmaengine_terminate_async. Never waits. No new callback starts for what was submitted
  /// before; one already running may go on. Pair with synchronize().
  void terminate_async(Fifo fifo = Fifo::as_committed) DMASIM_EXCLUDES(lock_);
  /// [any] The deprecated, unsynchronized call of old: what terminate_async became.
  void terminate_all() DMASIM_EXCLUDES(lock_) { terminate_async(); }
  /// [!C] dmaengine_synchronize. Returns when the DMA touches no memory of what was terminated
  /// before this call, no callback of it runs or is due, and its descriptors are freed, also where
  /// another caller frees them. Cancels the alarm and waits for one that runs; arming it meanwhile
  /// has no effect. Transfers issued later are not waited for.
  Result<void> synchronize() DMASIM_EXCLUDES(lock_);
  /// [!C] dmaengine_terminate_sync: both.
  Result<void> terminate_sync() DMASIM_EXCLUDES(lock_);

  /// [any] The controller is unplugged: see Engine::remove. Never waits.
  void abort() DMASIM_EXCLUDES(lock_);

  /// [!C] Terminates, synchronizes and gives the completion thread back. The last call.
  Result<void> release() DMASIM_EXCLUDES(lock_);

  /// [any] One alarm: at a time of the clock, or when the transfer has moved so many bytes (a
  /// paused or terminated one never does). A new one replaces it. It survives terminate_async.
  void arm_alarm_at(int64_t deadline_ns) DMASIM_EXCLUDES(lock_);
  void arm_alarm_at_bytes(uint64_t transferred_bytes) DMASIM_EXCLUDES(lock_);
  void disarm_alarm() DMASIM_EXCLUDES(lock_);

  /// The lock under which the DMA touches memory: who writes to a buffer that is being transferred
  /// holds it, for a bounded piece at a time.
  [[nodiscard]] Mutex& memory_lock() noexcept DMASIM_RETURN_CAPABILITY(lock_) { return lock_; }

  [[nodiscard]] IrqStats irq_stats() const DMASIM_EXCLUDES(lock_);
  /// [any] Whether a callback runs at this moment.
  [[nodiscard]] bool in_callback() const DMASIM_EXCLUDES(lock_);

  /// [completion thread] Makes one call that is due. Ends with the lock never given up since the
  /// last look at the channel, so that its release cannot slip in between.
  void service(int64_t now_ns) DMASIM_REQUIRES(lock_);
  /// Tells clang that `lock`, which the completion thread holds, is this channel's.
  void assert_lock(const Mutex& lock) const noexcept DMASIM_TSA(assert_capability(lock_));

 private:
  static constexpr Generation kNone = UINT64_MAX;

  [[nodiscard]] bool on_completion_thread() const noexcept {
    return current_thread_tag() == controller_;
  }
  [[nodiscard]] bool settled(Generation covered) const DMASIM_REQUIRES(lock_);
  void service_advance(int64_t now_ns) DMASIM_REQUIRES(lock_);
  void service_complete(int64_t now_ns) DMASIM_REQUIRES(lock_);
  void service_period(int64_t now_ns) DMASIM_REQUIRES(lock_);
  void service_alarm() DMASIM_REQUIRES(lock_);
  void begin_callback(const TxDescriptor& transfer) DMASIM_REQUIRES(lock_);
  void end_callback() DMASIM_REQUIRES(lock_);
  void free_outside_lock(DescriptorList doomed) DMASIM_REQUIRES(lock_);
  void reschedule() DMASIM_REQUIRES(lock_);

  const Clock& clock_;
  const std::shared_ptr<CompletionThread> irq_;
  const void* const controller_;
  const std::function<void()> alarm_;

  Mutex& lock_;
  CondVar changed_;  // a callback ended, or a synchronizer has freed
  ChannelState state_ DMASIM_GUARDED_BY(lock_);
  Generation running_ DMASIM_GUARDED_BY(lock_) = kNone;  // whose callback runs
  bool alarm_running_ DMASIM_GUARDED_BY(lock_) = false;
  unsigned synchronizers_ DMASIM_GUARDED_BY(lock_) = 0;   // inside synchronize()
  unsigned freeing_ DMASIM_GUARDED_BY(lock_) = 0;         // of them, destroying descriptors
  Generation synchronized_ DMASIM_GUARDED_BY(lock_) = 0;  // for the check of the contract only
  bool released_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim
