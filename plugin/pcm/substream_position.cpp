// SPDX-License-Identifier: LGPL-2.1-or-later
/// A substream's position: how it is found, what follows from it, and the answers to alsa-lib.
#include <poll.h>

#include <algorithm>
#include <utility>

#include "plugin/pcm/substream.h"
#include "plugin/process/no_cancellation.h"
#include "plugin/process/signals.h"

namespace dmasim {

/// alsa-lib moves the application's position without a hook for rewind, forward and a mapped
/// commit.
void Substream::refresh_appl_ptr() {
  see_appl_ptr();
  commit();
}

/// A rewind may go behind frames that the hardware has passed and the DMA has not moved yet.
void Substream::see_appl_ptr() {
  const snd_pcm_uframes_t shown = io_.appl_ptr();
  if (state_.hardware_runs() && state_.rewind_needs_move(shown)) {
    move_hardware(commit_of({}), state_.looked_at_ns());
  }
  state_.see_appl_ptr(shown);
}

/// Called when the client's position was read or has moved. Some sinks need the frames before the
/// DMA takes them.
void Substream::commit() {
  if (!device_.is_timed_sink()) return;
  if (state_.free_runs()) {
    committed_frames_ = kNothingCommitted;
    const NoCancellation in_the_sink;
    device_.report_free_run(ring_.span(), state_.free_run_ahead());
    return;
  }
  state_.end_free_run();
  const uint64_t end_frames = state_.pointers().appl_frames();
  if (std::exchange(committed_frames_, end_frames) == end_frames) return;
  const NoCancellation in_the_sink;
  device_.commit(ring_.span(), end_frames);
}

/// The frames of `span` have changed in the ring. A free run plays them without a commit.
void Substream::report_free_run_changes(const FrameSpan& span) {
  if (!device_.is_timed_sink() || !state_.free_runs()) return;
  const NoCancellation in_the_sink;
  const Pointers& pointers = state_.pointers();
  for (const FrameSpan& each :
       FreeRun::changed(span, pointers.hw_frames(), pointers.buffer_size())) {
    device_.report_free_run(ring_.span(), each);
  }
}

uint64_t Substream::commit_limit_bytes() const {
  if (!state_.playback()) return UINT64_MAX;
  return state_.pointers().appl_frames() * state_.hw().format.frame_bytes();
}

/// The commit for a write at `wrote_from_frames`.
Channel::Commit Substream::commit_of(std::optional<uint64_t> wrote_from_frames) const {
  Channel::Commit commit{.limit_bytes = commit_limit_bytes()};
  if (!wrote_from_frames) return commit;
  const size_t frame_bytes = state_.hw().format.frame_bytes();
  commit.from_bytes = *wrote_from_frames * frame_bytes;
  if (const auto refused_from = state_.refused_from_frames(*wrote_from_frames)) {
    commit.refused_from_bytes = *refused_from * frame_bytes;
  }
  return commit;
}

/// A sink in another process may play frames as soon as it gets them. So it gets no frame of a
/// write that the channel will refuse.
void Substream::commit_unless_refused(const Channel::Commit& write, int64_t as_of_ns) {
  if (!device_.is_timed_sink()) return;
  if (!write.refused_from_bytes || !channel_->refuses(write, as_of_ns)) commit();
}

/// Brings hardware and positions up to now. `wrote_from_frames` is the position at which the
/// application has just written. Answers false if the channel refuses this write.
bool Substream::catch_up(std::optional<uint64_t> wrote_from_frames) {
  const int64_t looked_at_ns = now_ns();
  see_appl_ptr();
  const Channel::Commit write = commit_of(wrote_from_frames);
  commit_unless_refused(write, looked_at_ns);
  return move_hardware(write, looked_at_ns);
}

/// Moves all frames that were due at `as_of_ns`. Answers as catch_up().
bool Substream::move_hardware(const Channel::Commit& write, int64_t as_of_ns) {
  const NoCancellation in_the_device;
  const TxState tx = channel_->tx_status(cookie_, write, as_of_ns);
  if (tx.status != DmaStatus::in_progress && tx.status != DmaStatus::paused) return true;
  const size_t frame_bytes = state_.hw().format.frame_bytes();
  fill_silence(state_.moved({.hw_frames = tx.transferred_bytes / frame_bytes,
                             .past_commit_frames = tx.past_commit_bytes / frame_bytes,
                             .now_ns = as_of_ns}));
  if (state_.free_runs()) commit();
  return !tx.commit_refused;
}

/// A freerun stream: moves the hardware to where the program wants it, as far as the device can.
void Substream::go_on() {
  refresh_appl_ptr();
  const uint64_t from_frames = state_.pointers().hw_frames();
  const uint64_t wanted_frames = state_.freerun_to();
  if (wanted_frames <= from_frames) return;
  const uint64_t needed_frames = state_.movable_for(wanted_frames);
  const uint64_t movable_frames = device_.movable_frames(needed_frames);
  const bool held = movable_frames < needed_frames;
  const uint64_t to_frames = held ? state_.reach_of(movable_frames) : wanted_frames;
  const bool changed = state_.hold(held);
  if (to_frames == from_frames) {
    if (changed) perform(state_.readiness());
    return;
  }
  parts_.freerun->advance_to_ns(state_.time_of(to_frames));
  state_.tick();
  update();
  fill_silence(state_.silence_at_tick());
}

/// A thread of the sink or source calls this. The hardware does not move before a hook looks.
void Substream::device_goes_on() {
  MutexLock guard(lock_);
  if (!state_.hold(false)) return;
  const Actions actions = state_.readiness();
  perform_but_write(actions);
  guard.unlock();
  write_level(actions.level);
}

/// Catches up. Answers what follows from the new position.
Actions Substream::look(std::optional<uint64_t> wrote_from_frames) {
  if (!state_.is_live()) return {};
  bool in_time = true;
  if (state_.hardware_runs()) {
    in_time = catch_up(wrote_from_frames);
  } else if (state_.has_position()) {
    refresh_appl_ptr();
  }
  return state_.settle(in_time && !device_.has_ended());
}

void Substream::update(std::optional<uint64_t> wrote_from_frames) {
  perform(look(wrote_from_frames));
}

/// As update(), but without a look at the hardware if only the position can have changed. Answers
/// the time of the position. A look that gives a cable its frames may take long, so the position
/// follows the clock once more.
int64_t Substream::update_position(int64_t asked_at_ns) {
  if (may_follow_clock() && state_.follow_clock(asked_at_ns, io_.appl_ptr())) return asked_at_ns;
  update();
  if (!state_.hardware_runs()) return 0;
  const int64_t looked_until_ns = now_ns();
  if (device_.is_timed_sink()) {
    static_cast<void>(state_.follow_clock(looked_until_ns, io_.appl_ptr()));
  }
  return looked_until_ns;
}

void Substream::update_position() { update_position(state_.hardware_runs() ? now_ns() : 0); }

/// In a free run, a sink that needs the frames before the DMA takes them gets them at each look.
bool Substream::may_follow_clock() const {
  return state_.is_live() && !(device_.is_timed_sink() && state_.free_runs());
}

/// As update() after a write at `from_frames`, but without a look at the hardware if the clock
/// shows that the write was in time.
void Substream::update_after_write(uint64_t from_frames) {
  if (!may_follow_clock() || !state_.follow_clock_after_write(from_frames, now_ns())) {
    return update(from_frames);
  }
  commit();
  perform(state_.settle());
}

void Substream::perform(const Actions& actions) {
  perform_but_write(actions);
  if (actions.level) poll_.write(*actions.level);
}

/// The completion thread calls it too. Then it calls terminate_async from inside the callback.
void Substream::perform_but_write(const Actions& actions) {
  if (actions.terminate) {
    const NoCancellation in_the_device;
    channel_->terminate_async(*actions.terminate);
    device_.flush_async();
  }
  if (actions.count_xrun) note_xrun();
  if (actions.show) io_.set_state(*actions.show);
  change_alarm(actions.alarm);
  if (actions.level) poll_.want(*actions.level);
}

/// For callbacks, which wake the program after they have unlocked: the program would only wait for
/// the lock. A hook may have decided and written another level since. Then this thread has
/// overwritten it with an older one, and writes again, under the lock.
void Substream::write_level(std::optional<bool> level) {
  if (!level) return;
  poll_.write(*level);
  if (poll_.wanted() == *level) return;
  MutexLock guard(lock_);
  poll_.write(poll_.wanted());
}

void Substream::change_alarm(const AlarmChange& alarm) {
  switch (alarm.kind) {
    case AlarmChange::Kind::keep:
      return;
    case AlarmChange::Kind::disarm:
      return channel_->disarm_alarm();
    case AlarmChange::Kind::at_frames:
      return channel_->arm_alarm_at_bytes(alarm.frames * state_.hw().format.frame_bytes());
    case AlarmChange::Kind::after_ns:
      return channel_->arm_alarm_at(now_ns() + alarm.ns);
  }
}

/// Called after the transfer was terminated: by then the frames of the FIFO have come out.
void Substream::note_xrun() {
  ++xruns_;
  if (xrun_frames_.size() == xrun_frames_.capacity()) return;
  xrun_frames_.push_back(device_.passed_frames());
}

/// Says whether the transfer of this start still runs.
bool Substream::transfer_runs(uint64_t start) const {
  return start == start_count_ && state_.hardware_runs() && state_.is_live();
}

/// A slow callback: the hardware is in time, and what follows from its position is not.
void Substream::stall_callback(uint64_t start) {
  const int64_t until_ns = now_ns() + parts_.slow_callback_ns;
  {
    MutexLock guard(lock_);
    if (transfer_runs(start)) catch_up();
  }
  stall_until(clock_.wake_up_ns(until_ns));
}

void Substream::period_elapsed(uint64_t start) {
  if (parts_.slow_callback_ns > 0) stall_callback(start);
  MutexLock guard(lock_);
  if (!transfer_runs(start)) return;
  state_.tick();
  const Actions actions = look();
  perform_but_write(actions);
  fill_silence(state_.silence_at_tick());
  guard.unlock();
  write_level(actions.level);
}

void Substream::alarm() {
  MutexLock guard(lock_);
  perform(state_.alarm());
  if (state_.phase() == Phase::xrun) return;
  const Actions actions = look();
  perform_but_write(actions);
  guard.unlock();
  write_level(actions.level);
}

snd_pcm_uframes_t Substream::pointer() {
  MutexLock guard(lock_);
  const int64_t asked_at_ns = state_.hardware_runs() ? now_ns() : 0;
  if (state_.may_repeat()) {
    if (const auto answer = state_.repeated(asked_at_ns, io_.appl_ptr())) return *answer;
  }
  const int64_t known_at_ns = update_position(pace() ? now_ns() : asked_at_ns);
  acknowledge_xrun();
  poll_.show_newest();
  return state_.answer(known_at_ns);
}

/// Called in a hook that alsa-lib runs under its lock and after which it stores no state.
void Substream::acknowledge_xrun() {
  if (state_.phase() == Phase::xrun) perform(state_.acknowledge_xrun());
}

Result<snd_pcm_sframes_t> Substream::delay() {
  MutexLock guard(lock_);
  pace();
  update_position();
  if (const int error = state_.refusal(Hook::delay); error != 0) return Errno{error};
  poll_.show_newest();
  return state_.delay();
}

/// alsa-lib does not hold its lock here, so XRUN is shown but does not count as seen.
unsigned short Substream::poll_revents() {
  MutexLock guard(lock_);
  pace();
  state_.answer(update_position(state_.hardware_runs() ? now_ns() : 0));
  if (state_.phase() == Phase::xrun) io_.set_state(SND_PCM_STATE_XRUN);
  Actions actions;
  const Readiness readiness = state_.poll(actions);
  perform(actions);
  poll_.show_newest();
  const auto ready = static_cast<unsigned short>(poll_.events());
  switch (readiness) {
    case Readiness::not_ready:
      return 0;
    case Readiness::ready:
      return ready;
    case Readiness::error:
      return ready | POLLERR;
  }
  return 0;
}

void Substream::before_poll() {
  MutexLock guard(lock_);
  if (!state_.hardware_runs() || !state_.moves_appl_ptr(io_.appl_ptr())) return;
  see_appl_ptr();
  perform(state_.readiness());
}

Result<void> Substream::sync_recording() {
  {
    MutexLock guard(lock_);
    update();
  }
  return device_.flush();
}

}  // namespace dmasim
