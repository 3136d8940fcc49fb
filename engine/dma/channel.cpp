// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/channel.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace dmasim {
namespace {

// A device may answer that its start was announced too late. The channel then announces a new one,
// at most 8 times, and after that starts late.
constexpr int kMostStartTries = 8;

Result<TxDescriptor*> for_client(Result<Transfer*> made) {
  if (!made) return made.as_errno();
  return *made;
}

/// Every descriptor that there is was made by a channel, as a part of a Transfer.
Transfer& transfer_of(TxDescriptor& descriptor) { return static_cast<Transfer&>(descriptor); }

}  // namespace

Channel::Channel(std::shared_ptr<const Clock> clock, const ChannelOptions& options,
                 std::shared_ptr<CompletionThread> irq, const void* controller,
                 std::function<void()> alarm)
    : clock_(std::move(clock)),
      irq_(std::move(irq)),
      own_clock_(!irq_->runs_by(*clock_)),
      controller_(controller),
      alarm_(std::move(alarm)),
      lock_(irq_->lock()),
      state_(options) {
  irq_->attach();
}

Channel::~Channel() {
  MutexLock guard(lock_);
  if (!released_) std::abort();  // the completion thread would use a destroyed channel
}

void Channel::assert_lock(const Mutex& lock) const noexcept {
  if (&lock != &lock_) std::abort();
}

Result<void> Channel::request_irq() {
  if (on_completion_thread()) return Errno{EDEADLK};
  return irq_->start();
}

Result<void> Channel::slave_config(const SlaveConfig& config) {
  MutexLock guard(lock_);
  return state_.configure(config);
}

SlaveCaps Channel::slave_caps() const {
  MutexLock guard(lock_);
  return state_.caps();
}

Result<TxDescriptor*> Channel::prep_dma_cyclic(std::span<std::byte> buffer, size_t period_bytes,
                                               Direction direction, PrepFlags flags) {
  MutexLock guard(lock_);
  return for_client(state_.prep_dma_cyclic(buffer, period_bytes, direction, flags));
}

Result<TxDescriptor*> Channel::prep_slave_sg(std::span<const SgEntry> list, Direction direction,
                                             PrepFlags flags) {
  MutexLock guard(lock_);
  return for_client(state_.prep_slave_sg(list, direction, flags));
}

Result<TxDescriptor*> Channel::prep_interleaved(const InterleavedTemplate& layout,
                                                PrepFlags flags) {
  MutexLock guard(lock_);
  return for_client(state_.prep_interleaved(layout, flags));
}

Result<TxDescriptor*> Channel::prep_dma_memcpy(std::byte* dst, const std::byte* src, size_t bytes,
                                               PrepFlags flags) {
  MutexLock guard(lock_);
  return for_client(state_.prep_dma_memcpy(dst, src, bytes, flags));
}

Result<void> Channel::desc_free(TxDescriptor& descriptor) {
  MutexLock guard(lock_);
  Result<TransferList> taken = state_.release(transfer_of(descriptor));
  if (!taken) return taken.as_errno();
  guard.unlock();
  taken->clear();
  guard.lock();
  return {};
}

Result<Cookie> Channel::submit(TxDescriptor& descriptor) {
  MutexLock guard(lock_);
  return state_.submit(transfer_of(descriptor));
}

void Channel::issue_pending() {
  MutexLock guard(lock_);
  bool begun = state_.issue_pending(clock_->now_ns());
  for (int i = 0; i < kMostStartTries && !begun; ++i) begun = state_.start_clock(clock_->now_ns());
  reschedule();
}

Result<void> Channel::pause() {
  MutexLock guard(lock_);
  const Result<void> paused = state_.pause(clock_->now_ns());
  go_quiet();
  return paused;
}

Result<void> Channel::pause(uint64_t commit_limit_bytes, int64_t as_of_ns) {
  MutexLock guard(lock_);
  state_.set_commit_limit(commit_limit_bytes);
  const Result<void> paused = state_.pause(as_of_ns);
  go_quiet();
  return paused;
}

Result<void> Channel::resume() {
  MutexLock guard(lock_);
  const Result<void> resumed = state_.resume(clock_->now_ns());
  reschedule();
  return resumed;
}

TxState Channel::tx_status(Cookie cookie) {
  MutexLock guard(lock_);
  state_.advance(clock_->now_ns());
  reschedule();
  return state_.tx_status(cookie);
}

bool Channel::is_late(const Commit& commit, int64_t as_of_ns) const {
  return commit.refused_from_bytes && state_.due_bytes(as_of_ns) >= *commit.refused_from_bytes;
}

bool Channel::refuses(const Commit& commit, int64_t as_of_ns) const {
  MutexLock guard(lock_);
  return is_late(commit, as_of_ns);
}

TxState Channel::tx_status(Cookie cookie, const Commit& commit, int64_t as_of_ns) {
  MutexLock guard(lock_);
  const bool refused = is_late(commit, as_of_ns);
  if (commit.from_bytes) state_.begin_commit(*commit.from_bytes, as_of_ns);
  if (!refused) state_.set_commit_limit(commit.limit_bytes);
  state_.advance(as_of_ns);
  reschedule();
  TxState status = state_.tx_status(cookie);
  status.commit_refused = refused;
  return status;
}

void Channel::set_commit_limit(uint64_t bytes) {
  MutexLock guard(lock_);
  state_.set_commit_limit(bytes);
}

void Channel::advance() {
  MutexLock guard(lock_);
  state_.advance(clock_->now_ns());
  reschedule();
}

void Channel::terminate_async(Fifo fifo) {
  MutexLock guard(lock_);
  state_.terminate(clock_->now_ns(), fifo);
  if (on_completion_thread() && (running_ != kNone || alarm_running_)) {
    ++state_.stats().terminations_in_callback;
  }
  reschedule();
}

void Channel::abort() {
  MutexLock guard(lock_);
  state_.abort(clock_->now_ns());
  reschedule();
}

bool Channel::settled(Generation covered) const { return running_ > covered && !alarm_running_; }

Result<void> Channel::synchronize() {
  if (on_completion_thread()) return Errno{EDEADLK};
  MutexLock guard(lock_);
  const Generation covered = state_.terminated();
  ++synchronizers_;
  state_.disarm_alarm();
  go_quiet();
  while (!settled(covered)) changed_.wait(lock_);
  if (state_.stopping()) state_.stop_now(covered, clock_->now_ns());
  free_outside_lock(state_.reap(covered));
  while (freeing_ > 0) changed_.wait(lock_);
  synchronized_ = std::max(synchronized_, covered);
  --synchronizers_;
  return {};
}

/// A descriptor's callbacks may own objects of the client. Their destructors may do anything, so
/// they run without the lock.
void Channel::free_outside_lock(TransferList doomed) {
  if (doomed.empty()) return;
  ++freeing_;
  lock_.unlock();
  doomed.clear();
  lock_.lock();
  --freeing_;
  changed_.notify_all();
}

Result<void> Channel::terminate_sync() {
  if (on_completion_thread()) return Errno{EDEADLK};
  terminate_async();
  return synchronize();
}

Result<void> Channel::release() {
  if (Result<void> synced = terminate_sync(); !synced) return synced;
  {
    MutexLock guard(lock_);
    released_ = true;
  }
  irq_->detach();
  return {};
}

void Channel::arm_alarm_at(int64_t deadline_ns) {
  MutexLock guard(lock_);
  if (synchronizers_ > 0) return;
  state_.arm_alarm_at(deadline_ns);
  reschedule();
}

void Channel::arm_alarm_at_bytes(uint64_t transferred_bytes) {
  MutexLock guard(lock_);
  if (synchronizers_ > 0) return;
  state_.arm_alarm_at_bytes(transferred_bytes);
  reschedule();
}

void Channel::disarm_alarm() {
  MutexLock guard(lock_);
  state_.disarm_alarm();
  reschedule();
}

TransferTime Channel::transfer_time() const {
  MutexLock guard(lock_);
  return state_.transfer_time();
}

IrqStats Channel::irq_stats() const {
  MutexLock guard(lock_);
  return state_.stats();
}

bool Channel::in_callback() const {
  MutexLock guard(lock_);
  return running_ != kNone || alarm_running_;
}

/// The client pauses or prepares: the thread may have nothing to do for a long time.
void Channel::go_quiet() {
  reschedule();
  irq_->assert_lock(lock_);
  irq_->forget_old_deadline();
}

/// During a callback the completion thread is busy. After the callback it looks by itself.
void Channel::reschedule() {
  if (running_ != kNone || alarm_running_) return;
  irq_->assert_lock(lock_);
  irq_->schedule(*this, thread_ns(state_.service_ns()), state_.service_slack_ns());
}

void Channel::service(int64_t now_ns) {
  if (own_clock_) now_ns = clock_->now_ns();
  switch (state_.service_at(now_ns)) {
    case Service::advance:
      state_.advance(now_ns);
      break;
    case Service::complete:
      service_complete(now_ns);
      break;
    case Service::period:
      service_period(now_ns);
      break;
    case Service::alarm:
      service_alarm();
      break;
    case Service::none:
      break;
  }
  reschedule();
}

/// Frees a transfer that is over, after its callback. A reusable one may be submitted again from
/// then on.
void Channel::service_complete(int64_t now_ns) {
  TransferList done = state_.pop_completed(now_ns);
  Transfer& transfer = done.front();
  begin_callback(transfer);
  lock_.unlock();
  if (transfer.calls_back()) transfer.callback(transfer.result);
  if (!transfer.flags.reuse) done.clear();
  lock_.lock();
  state_.give_back(done);
  end_callback();
}

void Channel::service_period(int64_t now_ns) {
  Transfer& transfer = *state_.active();
  const bool advances = transfer.moves_in_callback();
  const TxResult result = state_.pop_period(now_ns);
  begin_callback(transfer);
  lock_.unlock();
  transfer.callback(result);
  lock_.lock();
  end_callback();
  // The client moves the bytes; this is for one that has not. No further: it committed until now.
  if (advances && !state_.has_moved(result.transferred_bytes)) state_.advance(now_ns);
}

void Channel::service_alarm() {
  state_.pop_alarm();
  alarm_running_ = true;
  lock_.unlock();
  alarm_();
  lock_.lock();
  alarm_running_ = false;
  changed_.notify_all();
}

void Channel::begin_callback(const Transfer& transfer) {
  running_ = transfer.generation;
  if (transfer.generation <= synchronized_) ++state_.stats().callbacks_after_synchronize;
}

void Channel::end_callback() {
  running_ = kNone;
  changed_.notify_all();
}

}  // namespace dmasim
