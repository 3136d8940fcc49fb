// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/substream_state.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace dmasim {
namespace {

using Row = std::array<int, kPhases>;

/// A row of the table at the head of substream_state.h. 0: the hook is not refused.
constexpr Row row_of(Hook hook) noexcept {
  switch (hook) {  //  open     setup    prepared running  paused   draining drained  xrun
    case Hook::hw_params:
    case Hook::hw_free:
      return Row{0, 0, 0, EBADFD, EBADFD, EBADFD, EBADFD, EBADFD};
    case Hook::prepare:
      return Row{EBADFD, 0, 0, EBUSY, 0, EBUSY, 0, 0};
    case Hook::start:
      return Row{EBADFD, EBADFD, 0, EBADFD, EBADFD, EBADFD, EBADFD, EBADFD};
    case Hook::pause:
      return Row{EBADFD, EBADFD, EBADFD, 0, EBADFD, EBADFD, EBADFD, EBADFD};
    case Hook::unpause:
      return Row{EBADFD, EBADFD, EBADFD, EBADFD, 0, EBADFD, EBADFD, EBADFD};
    case Hook::drain:
      return Row{};
    case Hook::transfer:
      return Row{EBADFD, 0, 0, 0, 0, 0, 0, EPIPE};
    case Hook::delay:
      return Row{EBADFD, EBADFD, 0, 0, 0, 0, EBADFD, EPIPE};
  }
  return {};
}

/// The hooks that themselves wait for callbacks to end, and delay(), go on while quiescing.
constexpr bool refused_while_quiescing(Hook hook) noexcept {
  return hook == Hook::start || hook == Hook::pause || hook == Hook::unpause ||
         hook == Hook::drain || hook == Hook::transfer;
}

/// The kernel's rule: silence_size, if it is not endless, must not be above silence_threshold.
bool silence_fits(const SwSetup& sw, snd_pcm_uframes_t buffer_size) noexcept {
  if (sw.silence_size >= sw.boundary) return sw.silence_threshold == 0;
  return sw.silence_size <= sw.silence_threshold && sw.silence_threshold <= buffer_size;
}

}  // namespace

int SubstreamState::refusal(Hook hook) const noexcept {
  if (hook == Hook::transfer && phase_ == Phase::xrun && hw_.mmap) return quiescing_ ? EBADFD : 0;
  const int error = row_of(hook)[static_cast<size_t>(phase_)];
  if (error == 0 && quiescing_ && refused_while_quiescing(hook)) return EBADFD;
  return error;
}

/// A second call of pointer() does not get the answer from before the change.
void SubstreamState::set_phase(Phase phase) noexcept {
  phase_ = phase;
  quiet_until_frames_ = 0;
  last_.expire();
}

/// alsa-lib or the caller shows the new state.
void SubstreamState::halt(Phase next, Fifo fifo, Actions& actions) noexcept {
  actions.terminate = fifo;
  set_phase(next);
}

Actions SubstreamState::hw_params(const HwSetup& hw) noexcept {
  quiescing_ = false;
  hw_ = hw;
  sw_ = SwSetup{.avail_min = hw.period_size, .stop_threshold = hw.buffer_size, .boundary = 0};
  pointers_.configure(stream_, hw.buffer_size);
  pointers_.reset();
  set_phase(Phase::setup);
  Actions actions{.show = SND_PCM_STATE_SETUP};
  report_readiness(pointers_.avail(), actions);
  return actions;
}

Actions SubstreamState::hw_free() noexcept {
  quiescing_ = false;
  set_phase(Phase::open);
  Actions actions{.show = SND_PCM_STATE_OPEN};
  report_readiness(pointers_.avail(), actions);
  return actions;
}

Actions SubstreamState::prepare() noexcept {
  quiescing_ = false;
  pointers_.reset();
  moved_frames_ = 0;
  ticked_ = false;
  last_.reset();
  set_phase(Phase::prepared);
  Actions actions;
  report_readiness(pointers_.avail(), actions);
  return actions;
}

Result<void> SubstreamState::sw_params(const SwSetup& sw) noexcept {
  if (!silence_fits(sw, hw_.buffer_size)) return Errno{EINVAL};
  past_commit_baseline_frames_ = past_commit_frames_;
  quiet_until_frames_ = 0;
  sw_ = sw;
  if (sw_.stop_threshold == 0) sw_.stop_threshold = hw_.buffer_size;
  pointers_.set_boundary(sw.boundary);
  return {};
}

bool SubstreamState::nothing_to_play() const noexcept {
  return playback() && !never_stops() && pointers_.avail() >= pointers_.buffer_size();
}

void SubstreamState::start() noexcept {
  set_phase(Phase::running);
  alarm_at_frames_.reset();
  past_commit_frames_ = past_commit_baseline_frames_ = 0;
  pacer_.start();
  held_ = false;
}

Actions SubstreamState::stop() noexcept {
  Actions actions;
  halt(Phase::setup, Fifo::as_committed, actions);
  report_readiness(pointers_.avail(), actions);
  return actions;
}

Actions SubstreamState::pause() noexcept {
  set_phase(Phase::paused);
  return readiness();
}

Actions SubstreamState::run(const TransferTime& time) noexcept {
  set_phase(Phase::running);
  time_ = time;
  return readiness();
}

/// A capture that has frames to read keeps them in non-blocking mode only. After a blocking drain
/// alsa-lib drops the stream all the same.
Actions SubstreamState::drain(bool may_wait) noexcept {
  Actions actions;
  if (phase_ == Phase::prepared) {
    halt(Phase::setup, Fifo::as_committed, actions);
  } else if (phase_ == Phase::running && playback()) {
    set_phase(Phase::draining);
    return settle();
  } else if (phase_ == Phase::running) {
    const bool keeps = !may_wait && pointers_.avail() > 0;
    halt(keeps ? Phase::drained : Phase::setup, Fifo::as_committed, actions);
  }
  report_readiness(pointers_.avail(), actions);
  return actions;
}

/// After success alsa-lib drops a stream that is not in SETUP yet, and this drop sets the time
/// stamp of the end. So SETUP is shown here only after an error.
Actions SubstreamState::end_wait(bool failed) noexcept {
  --waiters_;
  if (failed && phase_ == Phase::setup) return {.show = SND_PCM_STATE_SETUP};
  return {};
}

/// In non-blocking mode the answer is EAGAIN even if the drain has just ended, as the kernel's is.
std::optional<Result<void>> SubstreamState::drain_answer(int nonblock,
                                                         bool interrupted) const noexcept {
  const bool drains = phase_ == Phase::draining || phase_ == Phase::drained;
  if (nonblock == 1 && (drains || phase_ == Phase::setup)) return Errno{EAGAIN};
  if (phase_ != Phase::draining) return Result<void>{};
  if (nonblock != 0 || interrupted) return Errno{EINTR};
  return std::nullopt;
}

void SubstreamState::see_appl_ptr(snd_pcm_uframes_t shown) noexcept {
  if (!moves_appl_ptr(shown)) return;
  pointers_.show_appl_ptr(shown);
  quiet_until_frames_ = 0;
}

bool SubstreamState::moves_appl_ptr(snd_pcm_uframes_t shown) const noexcept {
  if (shown == 0 && hardware_runs()) return false;
  return pointers_.is_moved_by(shown);
}

std::optional<uint64_t> SubstreamState::refused_from_frames(uint64_t wrote_from) const noexcept {
  if (hw_.mmap || never_stops()) return std::nullopt;
  return xrun_from_frames(wrote_from);
}

uint64_t SubstreamState::xrun_from_frames(uint64_t appl_frames) const noexcept {
  const uint64_t xrun_frames = appl_frames + sw_.stop_threshold;
  return xrun_frames - std::min<uint64_t>(xrun_frames, pointers_.buffer_size());
}

/// The client may have caught up since the hardware took frames that were not written, so the
/// present positions alone do not show an xrun.
bool SubstreamState::xrun_reached(snd_pcm_uframes_t avail) const noexcept {
  if (avail >= sw_.stop_threshold) return true;
  return past_commit_frames_ > past_commit_baseline_frames_ &&
         pointers_.buffer_size() + past_commit_frames_ >= sw_.stop_threshold;
}

/// At an xrun the frames in the FIFO come out. At the end of a drain alsa-lib shows SETUP itself
/// if a thread waits in drain().
Actions SubstreamState::settle(bool goes_on) noexcept {
  Actions actions;
  const snd_pcm_uframes_t avail = pointers_.avail();
  if (phase_ == Phase::running && (!goes_on || xrun_reached(avail))) {
    halt(Phase::xrun, Fifo::comes_out, actions);
    actions.count_xrun = true;
    actions.show = SND_PCM_STATE_XRUN;
    const auto period_ns =
        static_cast<int64_t>(hw_.period_size) * 1'000'000'000 / hw_.format.rate_hz;
    actions.alarm = {.kind = AlarmChange::Kind::after_ns, .ns = latch_.begin(period_ns)};
  }
  if (phase_ == Phase::draining && pointers_.hw_frames() >= drained_at_frames()) {
    halt(Phase::setup, Fifo::as_committed, actions);
    if (waiters_ == 0) actions.show = SND_PCM_STATE_SETUP;
  }
  report_readiness(avail, actions);
  return actions;
}

/// The hardware's position at which the last committed frame has left the FIFO.
uint64_t SubstreamState::drained_at_frames() const noexcept {
  return pointers_.appl_frames() + fifo_frames_;
}

Actions SubstreamState::alarm() noexcept {
  alarm_at_frames_.reset();
  if (phase_ != Phase::xrun || quiescing_) return {};
  return {.show = SND_PCM_STATE_XRUN,
          .alarm = {.kind = AlarmChange::Kind::after_ns, .ns = latch_.again()}};
}

FrameSpan SubstreamState::silence_at_start() noexcept {
  silence_.reset();
  if (!playback() || sw_.silence_size == 0) return {};
  if (silence_is_endless()) return silence_of_the_rest();
  return silence_.ahead(pointers_.appl_frames(), pointers_.hw_frames(), sw_.silence_threshold,
                        sw_.silence_size);
}

/// Counts from the period's end, even if the interrupt is late.
FrameSpan SubstreamState::silence_at_tick() noexcept {
  if (!playback() || !hardware_runs() || sw_.silence_size == 0 || silence_is_endless()) return {};
  const uint64_t hw_frames = pointers_.hw_frames();
  return silence_.ahead(pointers_.appl_frames(), hw_frames - hw_frames % hw_.period_size,
                        sw_.silence_threshold, sw_.silence_size);
}

/// All frames that do not wait to be played. At a drain too, because the hardware does not stop
/// before the interrupt.
FrameSpan SubstreamState::silence_of_the_rest() const noexcept {
  return Silence::all_but_ahead(pointers_.appl_frames(), pointers_.hw_frames(),
                                pointers_.buffer_size());
}

FrameSpan SubstreamState::free_run_ahead() noexcept {
  return free_run_.ahead(pointers_.hw_frames(), pointers_.buffer_size());
}

/// alsa-lib has stored RUNNING before this hook, so nothing overwrites XRUN now.
Actions SubstreamState::acknowledge_xrun() noexcept {
  if (phase_ != Phase::xrun) return {};
  Actions actions{.show = SND_PCM_STATE_XRUN};
  if (latch_.acknowledge()) actions.alarm.kind = AlarmChange::Kind::disarm;
  return actions;
}

bool SubstreamState::is_ready(snd_pcm_uframes_t avail) const noexcept {
  switch (phase_) {
    case Phase::prepared:
    case Phase::running:
    case Phase::paused:
      return ticked_ || avail >= sw_.avail_min;
    case Phase::draining:
      return false;
    default:
      return true;
  }
}

Readiness SubstreamState::poll(Actions& actions) noexcept {
  const bool ready = is_ready(pointers_.avail());
  if (std::exchange(ticked_, false)) report_readiness(pointers_.avail(), actions);
  if (!ready) return Readiness::not_ready;
  return has_position() ? Readiness::ready : Readiness::error;
}

void SubstreamState::report_readiness(snd_pcm_uframes_t avail, Actions& actions) noexcept {
  const bool ready = is_ready(avail);
  quiet_until_frames_ = quiet_until(ready, avail);
  if (hardware_runs() && !freerun_) set_alarm(wanted_alarm(ready, avail), actions);
  const bool level = ready || (freerun_ && hardware_runs() && !held_);
  if (level == level_) return;
  level_ = level;
  actions.level = level;
  last_.expire();
}

Actions SubstreamState::readiness() noexcept {
  Actions actions;
  report_readiness(pointers_.avail(), actions);
  return actions;
}

/// The moment of readiness or of the end of a drain may lie between two period ticks. Then no tick
/// wakes the program for it.
std::optional<uint64_t> SubstreamState::wanted_alarm(bool ready,
                                                     snd_pcm_uframes_t avail) const noexcept {
  if (phase_ == Phase::draining) return drained_at_frames();
  const bool comes = sw_.avail_min <= pointers_.buffer_size();
  if (ready || !comes) return std::nullopt;
  const uint64_t at_frames = pointers_.hw_frames() + sw_.avail_min - avail;
  const bool on_tick = at_frames % hw_.period_size == 0;
  return on_tick ? std::nullopt : std::optional(at_frames);
}

void SubstreamState::set_alarm(std::optional<uint64_t> at_frames, Actions& actions) noexcept {
  if (at_frames == alarm_at_frames_) return;
  alarm_at_frames_ = at_frames;
  actions.alarm = {.kind = at_frames ? AlarmChange::Kind::at_frames : AlarmChange::Kind::disarm,
                   .frames = at_frames.value_or(0)};
}

}  // namespace dmasim
