// SPDX-License-Identifier: LGPL-2.1-or-later
/// A substream's position, and what the substream does at a new position: xrun, end of drain, poll
/// readiness, alarms, answers to alsa-lib.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "plugin/pcm/substream.h"

namespace dmasim {
namespace {

constexpr int64_t kShowAgainMostNs = 1'000'000'000;
constexpr int64_t kOneMomentNs = 100'000;

}  // namespace

/// Reads the application's position. alsa-lib moves it without a hook for rewind, forward and a
/// mapped commit. A 0 is ignored while the hardware runs: alsa-lib stores it before a prepare that
/// will fail, and for snd_pcm_reset. It says nothing about the program's position.
void Substream::refresh_appl_ptr() {
  const snd_pcm_uframes_t appl_ptr = io_.appl_ptr();
  if (appl_ptr == 0 && hardware_runs()) return;
  pointers_.show_appl_ptr(appl_ptr);
  commit();
}

/// Called when the client's position was read or has moved. Tells the sink, since some sinks need
/// the frames before the DMA takes them.
void Substream::commit() {
  if (runs_over()) {
    run_over_ahead();
  } else if (playback()) {
    told_over_frames_ = 0;
    parts_.sink->commit(ring_.span(), pointers_.appl_frames());
  }
}

/// Tells the sink the frames of the hardware's next round, from the end of the last such call on.
/// The hardware plays them whether or not the program writes.
void Substream::run_over_ahead() {
  const uint64_t hw_frames = pointers_.hw_frames();
  const uint64_t to = hw_frames + pointers_.buffer_size();
  if (told_over_frames_ >= to) return;
  parts_.sink->run_over(ring_.span(), std::max(told_over_frames_, hw_frames), to);
  told_over_frames_ = to;
}

/// The frames of `span` have changed in the ring. Tells the sink when they come out: when the
/// hardware passes them next. This may be a round later than the client meant.
void Substream::run_over_changed(const FrameSpan& span) {
  if (!runs_over()) return;
  const uint64_t hw_frames = pointers_.hw_frames();
  const uint64_t buffer_size = pointers_.buffer_size();
  const uint64_t behind = hw_frames - std::min(hw_frames, span.start_frames);
  const uint64_t rounds = (behind + buffer_size - 1) / buffer_size;
  const uint64_t from = span.start_frames + rounds * buffer_size;
  const uint64_t to = from + std::min<uint64_t>(span.count_frames, buffer_size);
  const uint64_t round_end = hw_frames + buffer_size;
  parts_.sink->run_over(ring_.span(), from, std::min(to, round_end));
  if (to > round_end) parts_.sink->run_over(ring_.span(), hw_frames, to - buffer_size);
}

uint64_t Substream::commit_limit_bytes() const {
  return playback() ? pointers_.appl_frames() * hw_.format.frame_bytes() : UINT64_MAX;
}

/// The commit for a write at `wrote_from_frames`. The channel refuses the write if the xrun was
/// before it. A write into a mapped buffer is never refused, because it is only a write to memory.
Channel::Commit Substream::commit_of(std::optional<uint64_t> wrote_from_frames) const {
  Channel::Commit commit{.limit_bytes = commit_limit_bytes()};
  if (!wrote_from_frames) return commit;
  const size_t frame_bytes = hw_.format.frame_bytes();
  commit.from_bytes = *wrote_from_frames * frame_bytes;
  if (hw_.mmap || free_running()) return commit;
  const uint64_t xrun_frames = *wrote_from_frames + sw_.stop_threshold;
  commit.refused_from_bytes =
      (xrun_frames - std::min<uint64_t>(xrun_frames, pointers_.buffer_size())) * frame_bytes;
  return commit;
}

/// Brings hardware and pointers up to now. `wrote_from_frames` is the position at which the
/// application has just written. Answers false if the channel refuses this write.
bool Substream::catch_up(std::optional<uint64_t> wrote_from_frames) {
  const int64_t now_ns = parts_.engine->clock().now_ns();
  refresh_appl_ptr();
  const TxState state = channel_->tx_status(cookie_, commit_of(wrote_from_frames), now_ns);
  if (state.status != DmaStatus::in_progress && state.status != DmaStatus::paused) return true;
  caught_up_ns_ = now_ns;
  const size_t frame_bytes = hw_.format.frame_bytes();
  const uint64_t before = pointers_.hw_frames();
  pointers_.set_hw_frames(state.transferred_bytes / frame_bytes);
  silence_passed(before);
  if (runs_over()) run_over_ahead();
  in_flight_frames_ = state.in_flight_bytes / frame_bytes;
  overtaken_frames_ = state.overtaken_bytes / frame_bytes;
  return !state.commit_refused;
}

/// The hardware has taken frames before the client wrote them: they are lost. The client may have
/// caught up since, so the present positions alone do not show it.
bool Substream::xrun_reached() const {
  if (!playback() && parts_.source->broken()) return true;
  if (pointers_.avail() >= sw_.stop_threshold) return true;
  return overtaken_frames_ > forgiven_frames_ &&
         pointers_.buffer_size() + overtaken_frames_ >= sw_.stop_threshold;
}

/// Catches up, and handles an xrun, the end of a drain and readiness at the new position.
void Substream::update(std::optional<uint64_t> wrote_from_frames) {
  if (quiescing_ || !ring_) return;
  bool in_time = true;
  if (hardware_runs()) {
    in_time = catch_up(wrote_from_frames);
  } else if (has_position()) {
    refresh_appl_ptr();
  }
  if (phase_ == Phase::running && (!in_time || xrun_reached())) latch_xrun();
  if (phase_ == Phase::draining && playback() && pointers_.hw_frames() >= drained_at_frames()) {
    finish_drain();
  }
  publish();
}

Result<void> Substream::sync_recording() {
  {
    MutexLock guard(lock_);
    update();
  }
  return parts_.sink->flush();
}

/// The hardware's position at which the last committed frame has left the FIFO.
uint64_t Substream::drained_at_frames() const {
  return pointers_.appl_frames() + parts_.fifo_frames;
}

/// If a thread waits in drain(), alsa-lib ends the drain there and shows SETUP. Else the state is
/// shown here.
void Substream::finish_drain() {
  halt(Phase::setup);
  if (drainers_ == 0) io_.set_state(SND_PCM_STATE_SETUP);
}

/// The completion thread calls it too. Then it calls terminate_async from inside the callback.
void Substream::latch_xrun() {
  halt(Phase::xrun, Fifo::comes_out);
  note_xrun();
  io_.set_state(SND_PCM_STATE_XRUN);
  xrun_seen_ = false;
  show_again_ns_ = static_cast<int64_t>(hw_.period_size) * 1'000'000'000 / hw_.format.rate_hz;
  channel_->arm_alarm_at(parts_.engine->clock().now_ns() + show_again_ns_);
}

/// Called after halt(): by then the frames of the FIFO have come out.
void Substream::note_xrun() {
  ++xruns_;
  if (xrun_frames_.size() == xrun_frames_.capacity()) return;
  xrun_frames_.push_back(playback() ? parts_.sink->stats().written_frames
                                    : parts_.source->stats().read_frames);
}

/// Called in a hook that alsa-lib runs under its lock and after which it stores no state. alsa-lib
/// has stored RUNNING before this hook, so nothing overwrites XRUN now.
void Substream::show_latched_xrun() {
  io_.set_state(SND_PCM_STATE_XRUN);
  if (!xrun_seen_) channel_->disarm_alarm();
  xrun_seen_ = true;
}

bool Substream::poll_ready() const {
  switch (phase_) {
    case Phase::prepared:
    case Phase::running:
    case Phase::paused:
      return ticked_ || pointers_.avail() >= sw_.avail_min;
    case Phase::draining:
      return !playback();
    default:
      return true;
  }
}

void Substream::publish() {
  const bool ready = poll_ready();
  publish_alarm(ready);
  if (ready == poll_is_ready_) return;
  poll_is_ready_ = ready;
  poll_.set(ready);
}

/// The moment of readiness or of the end of a drain may lie between two period ticks. Then no tick
/// wakes the program for it, so this sets an alarm.
void Substream::publish_alarm(bool ready) {
  if (phase_ == Phase::draining && playback()) {
    arm_at_frames(drained_at_frames());
    return;
  }
  if (phase_ != Phase::running) return;
  const snd_pcm_uframes_t wanted = sw_.avail_min - std::min(sw_.avail_min, pointers_.avail());
  const uint64_t at_frames = pointers_.hw_frames() + wanted;
  const bool on_tick = at_frames % hw_.period_size == 0;
  const bool comes = sw_.avail_min <= pointers_.buffer_size();
  arm_at_frames(ready || on_tick || !comes ? UINT64_MAX : at_frames);
}

void Substream::arm_at_frames(uint64_t frames) {
  if (frames == armed_frames_) return;
  armed_frames_ = frames;
  if (frames == UINT64_MAX) {
    channel_->disarm_alarm();
  } else {
    channel_->arm_alarm_at_bytes(frames * hw_.format.frame_bytes());
  }
}

void Substream::before_advance(uint64_t round) {
  MutexLock guard(lock_);
  if (round != round_ || !hardware_runs() || quiescing_) return;
  refresh_appl_ptr();
  channel_->set_commit_limit(commit_limit_bytes());
}

void Substream::period_elapsed(uint64_t round) {
  if (parts_.slow_callback_ns > 0) {
    const int64_t until_ns = parts_.engine->clock().now_ns() + parts_.slow_callback_ns;
    stall_until(parts_.engine->clock().wake_up_ns(until_ns));
  }
  MutexLock guard(lock_);
  if (round != round_ || !hardware_runs()) return;  // the transfer has been terminated
  ticked_ = sw_.period_event;
  update();
  silence_at_tick();
}

void Substream::alarm() {
  MutexLock guard(lock_);
  armed_frames_ = UINT64_MAX;
  if (quiescing_) return;
  if (phase_ != Phase::xrun) {
    update();
    return;
  }
  io_.set_state(SND_PCM_STATE_XRUN);
  show_again_ns_ = std::min(2 * show_again_ns_, kShowAgainMostNs);
  channel_->arm_alarm_at(parts_.engine->clock().now_ns() + show_again_ns_);
}

/// The hardware's position, as alsa-lib gets it.
snd_pcm_uframes_t Substream::position() const {
  if (phase_ != Phase::draining || !playback()) return pointers_.hw_ptr();
  // With a pointer at appl_ptr alsa-lib would drop the frames that are still in the FIFO.
  const uint64_t last = pointers_.appl_frames() - std::min<uint64_t>(pointers_.appl_frames(), 1);
  return std::min(pointers_.hw_frames(), last) % pointers_.boundary();
}

/// Counts the time from the end of the last answer. So it does not matter how long a look takes.
bool Substream::told_just_now(int64_t now_ns) const { return now_ns - told_.at_ns < kOneMomentNs; }

/// Gives the same answer only once, so that a program which calls again and again sees the hardware
/// move.
bool Substream::tells_again() {
  if (!std::exchange(told_.once, false)) return false;
  return hardware_runs() && phase_ == told_.phase && poll_is_ready_ == told_.ready &&
         told_just_now(parts_.engine->clock().now_ns()) && io_.appl_ptr() == told_.appl_ptr;
}

snd_pcm_uframes_t Substream::pointer() {
  MutexLock guard(lock_);
  if (tells_again()) return told_.answer;
  update();
  if (phase_ == Phase::xrun) show_latched_xrun();
  told_ = {.answer = position(),
           .hw_frames = pointers_.hw_frames(),
           .in_flight_frames = in_flight_frames_,
           .appl_ptr = pointers_.appl_ptr(),
           .phase = phase_,
           .ready = poll_is_ready_,
           .once = true,
           .at_ns = hardware_runs() ? parts_.engine->clock().now_ns() : 0};
  return told_.answer;
}

void Substream::woken() {
  MutexLock guard(lock_);
  told_.once = false;
}

/// snd_pcm_status asks for the position and then for the delay. Both answers must be of one moment.
Result<snd_pcm_sframes_t> Substream::delay() {
  MutexLock guard(lock_);
  update();
  if (phase_ == Phase::xrun) return Errno{EPIPE};
  if (!has_position() || (phase_ == Phase::draining && !playback())) return Errno{EBADFD};
  const bool told = hardware_runs() && told_just_now(caught_up_ns_);
  const auto since_told =
      static_cast<snd_pcm_sframes_t>(told ? pointers_.hw_frames() - told_.hw_frames : 0);
  const snd_pcm_sframes_t lead = pointers_.lead() + since_told;
  const size_t in_flight = told ? told_.in_flight_frames : in_flight_frames_;
  return (playback() ? lead : -lead) + static_cast<snd_pcm_sframes_t>(in_flight);
}

unsigned short Substream::poll_revents() {
  MutexLock guard(lock_);
  update();
  if (phase_ == Phase::xrun) io_.set_state(SND_PCM_STATE_XRUN);
  const bool is_ready = poll_ready();
  if (ticked_) {
    ticked_ = false;
    publish();
  }
  if (!is_ready) return 0;
  const auto ready = static_cast<unsigned short>(poll_.events());
  switch (phase_) {
    case Phase::prepared:
    case Phase::running:
    case Phase::paused:
    case Phase::draining:
      return ready;
    default:
      return ready | POLLERR;
  }
}

}  // namespace dmasim
