// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a substream knows and decides: phase, positions, thresholds, silence, xruns, the end of a
/// drain, readiness.
///
/// PURE: no lock, no thread, no clock, no system call. Substream calls it under its own lock, gives
/// it positions and times, and carries out the Actions that it answers.
///
/// The answer of a hook in each phase, and the phase after it. *busy* is EBUSY, *badfd* is EBADFD,
/// a dot means that nothing changes. refusal() has the errors of this table.
///
///             open   setup     prepared  running   paused    draining  drained   xrun
///  hw_params  setup  setup     setup     badfd     badfd     badfd     badfd     badfd
///  hw_free    open   open      open      badfd     badfd     badfd     badfd     badfd
///  prepare    badfd  prepared  prepared  busy      prepared  busy      prepared  prepared
///  start      badfd  badfd     running   badfd     badfd     badfd     badfd     badfd
///  stop       .      setup     setup     setup     setup     setup     setup     setup
///  pause      badfd  badfd     badfd     paused    badfd     badfd     badfd     badfd
///  unpause    badfd  badfd     badfd     badfd     running   badfd     badfd     badfd
///  drain      .      .         1         2         .         .         .         .
///  transfer   badfd  .         .         .         .         .         .         EPIPE 3
///  delay      badfd  badfd     .         .         .         .         badfd     EPIPE
///
///  1 playback with frames to play: start, then as running; all others: setup
///  2 playback: draining; capture: drained, or setup if nothing is left to read or if the drain may
///    wait
///  3 a write into a mapped buffer is only a write to memory: no error
///
/// The hardware ends a phase too: running → xrun, draining → setup.
/// While a hook waits for callbacks to end (quiescing), start, pause, unpause, drain and transfer
/// answer badfd, and stop does nothing.
#pragma once

#include <alsa/asoundlib.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "engine/base/result.h"
#include "engine/dma/channel_state.h"
#include "engine/dma/transfer_time.h"
#include "plugin/pcm/frame_span.h"
#include "plugin/pcm/free_run.h"
#include "plugin/pcm/freerun_pacer.h"
#include "plugin/pcm/hw_setup.h"
#include "plugin/pcm/last_answer.h"
#include "plugin/pcm/pointers.h"
#include "plugin/pcm/silence.h"
#include "plugin/pcm/sw_setup.h"
#include "plugin/pcm/xrun_latch.h"

namespace dmasim {

/// The true state of a substream. io.state is what alsa-lib and the program see of it.
enum class Phase : uint8_t {
  open,
  setup,
  prepared,
  running,
  paused,
  draining,  ///< playback: runs to the last committed frame. Shown as DRAINING
  drained,   ///< capture: has stopped, and the program reads the rest. Shown as DRAINING
  xrun,
};
inline constexpr size_t kPhases = 8;

enum class Hook : uint8_t {
  hw_params,
  hw_free,
  prepare,
  start,
  pause,
  unpause,
  drain,
  transfer,
  delay,
};

/// What to do about the channel's alarm.
struct AlarmChange {
  enum class Kind : uint8_t { keep, disarm, at_frames, after_ns };
  Kind kind = Kind::keep;
  uint64_t frames = 0;  ///< of at_frames: since the start
  int64_t ns = 0;       ///< of after_ns: from now
};

/// What Substream has to do after an event, in this order.
struct Actions {
  std::optional<Fifo> terminate{};        ///< end the transfer
  bool count_xrun = false;                ///< note where the xrun came
  std::optional<snd_pcm_state_t> show{};  ///< store this state where alsa-lib looks
  AlarmChange alarm{};
  std::optional<bool> level{};  ///< set the level for poll()
};

/// How poll() answers.
enum class Readiness : uint8_t { not_ready, ready, error };

class SubstreamState {
 public:
  /// `fifo_frames` is the size of the FIFO between the ring and the device. With `freerun` only
  /// hooks move the hardware.
  SubstreamState(snd_pcm_stream_t stream, uint32_t fifo_frames, bool freerun = false) noexcept
      : stream_(stream), fifo_frames_(fifo_frames), freerun_(freerun) {}

  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  [[nodiscard]] bool playback() const noexcept { return stream_ == SND_PCM_STREAM_PLAYBACK; }
  [[nodiscard]] const HwSetup& hw() const noexcept { return hw_; }
  [[nodiscard]] const Pointers& pointers() const noexcept { return pointers_; }
  [[nodiscard]] bool hardware_runs() const noexcept {
    return phase_ == Phase::running || phase_ == Phase::draining;
  }
  [[nodiscard]] bool has_position() const noexcept {
    return hardware_runs() || phase_ == Phase::prepared || phase_ == Phase::paused ||
           phase_ == Phase::drained;
  }
  /// The hardware plays the whole ring again and again, whether or not the program has written.
  [[nodiscard]] bool free_runs() const noexcept {
    return playback() && never_stops() && (phase_ == Phase::running || phase_ == Phase::paused);
  }
  /// There is a setup, and no hook waits for callbacks to end.
  [[nodiscard]] bool is_live() const noexcept { return phase_ != Phase::open && !quiescing_; }
  /// 0, or the errno with which `hook` is refused now.
  [[nodiscard]] int refusal(Hook hook) const noexcept;

  // The life of a setup. After quiesce() start and transfer are refused until hw_params(),
  // hw_free() or prepare().
  void quiesce() noexcept { quiescing_ = true; }
  Actions hw_params(const HwSetup& hw) noexcept;
  Actions hw_free() noexcept;
  Actions prepare() noexcept;
  /// Errors: EINVAL (impossible silence parameters; nothing changes). Call settle() afterwards.
  Result<void> sw_params(const SwSetup& sw) noexcept;

  /// Says whether a start would have nothing to play.
  [[nodiscard]] bool nothing_to_play() const noexcept;
  /// Call run() as soon as the hardware runs.
  void start() noexcept;
  /// The hardware runs, after a start or a pause. `time` is that of the transfer.
  Actions run(const TransferTime& time) noexcept;
  Actions stop() noexcept;
  Actions pause() noexcept;
  /// `may_wait` is false in non-blocking mode.
  Actions drain(bool may_wait) noexcept;
  /// A thread begins to wait for the end of a drain; it ends to wait. While one waits, alsa-lib
  /// shows the end itself.
  void begin_wait() noexcept { ++waiters_; }
  Actions end_wait(bool failed) noexcept;
  /// What a thread in drain() answers; empty if it waits on. `nonblock` is that of alsa-lib.
  [[nodiscard]] std::optional<Result<void>> drain_answer(int nonblock,
                                                         bool interrupted) const noexcept;

  /// alsa-lib's appl_ptr is `shown`. A 0 is ignored while the hardware runs: alsa-lib stores it
  /// before a prepare that will fail, and for snd_pcm_reset. It says nothing about the program.
  void see_appl_ptr(snd_pcm_uframes_t shown) noexcept;
  /// Says whether see_appl_ptr() would move the program's position.
  [[nodiscard]] bool moves_appl_ptr(snd_pcm_uframes_t shown) const noexcept;
  /// Says whether `shown` is a rewind behind frames that the hardware has passed but the DMA has
  /// not moved yet. They were committed when the hardware passed them. So the DMA moves them first,
  /// as of looked_at_ns().
  [[nodiscard]] bool rewind_needs_move(snd_pcm_uframes_t shown) const noexcept;
  /// The time of the position.
  [[nodiscard]] int64_t looked_at_ns() const noexcept { return looked_at_ns_; }
  /// See Pointers::transferred().
  snd_pcm_uframes_t transferred(snd_pcm_uframes_t frames) noexcept {
    quiet_until_frames_ = 0;
    return pointers_.transferred(frames);
  }
  /// From this position on the DMA refuses a write at `wrote_from`, because the xrun came before
  /// it. Empty: the write is never refused.
  [[nodiscard]] std::optional<uint64_t> refused_from_frames(uint64_t wrote_from) const noexcept;

  // A freerun stream. The program never has to wait for time, so poll() returns at once and a hook
  // moves the hardware: up to where the program wants it, as far as the sink or source can.

  /// The program asks where the hardware is. Answers up to where the hardware should go first.
  [[nodiscard]] uint64_t freerun_to() noexcept;
  /// How many frames have to be movable, so that the hardware can go to `to_frames`: those that the
  /// DMA has not moved yet, and those in the FIFO, which come out at a stop. What the program has
  /// not written needs no room.
  [[nodiscard]] uint64_t movable_for(uint64_t to_frames) const noexcept;
  /// How far the hardware can go with that many.
  [[nodiscard]] uint64_t reach_of(uint64_t movable_frames) const noexcept;
  [[nodiscard]] int64_t time_of(uint64_t frames) const noexcept { return time_.time_of(frames); }
  /// The sink is full or the source is empty, or no longer. Answers whether that is new; then call
  /// readiness().
  bool hold(bool held) noexcept { return std::exchange(held_, held) != held; }

  // The position by the clock alone. The DMA moves the frames later, before anybody sees the ring.
  // So most hooks need no look at the hardware.

  /// Moves the position to now. Answers false if more than the position may have changed since
  /// settle() or readiness(). Then the caller looks at the hardware. `shown` is alsa-lib's
  /// appl_ptr.
  [[nodiscard]] bool follow_clock(int64_t now_ns, snd_pcm_uframes_t shown) noexcept;
  /// The same after a write at `wrote_from`. Answers false if the hardware has come so far that the
  /// write may be too late.
  [[nodiscard]] bool follow_clock_after_write(uint64_t wrote_from, int64_t now_ns) noexcept;
  /// Says whether the DMA has moved all that it had to move in the ring's slots of the next
  /// `frames` frames of the program.
  [[nodiscard]] bool slots_are_moved(snd_pcm_uframes_t frames) const noexcept;

  /// Where the hardware is.
  struct Look {
    uint64_t hw_frames = 0;
    uint64_t past_commit_frames = 0;  ///< see TxState::past_commit_bytes
    int64_t now_ns = 0;
  };
  /// The hardware has moved. Answers the frames that have to be filled with silence.
  FrameSpan moved(const Look& look) noexcept;
  /// What follows from the present position: an xrun, the end of a drain, readiness. `goes_on` is
  /// false if the stream cannot go on: a write came too late, or the source has ended.
  Actions settle(bool goes_on = true) noexcept;
  /// The level and the alarm for the present position, and nothing else.
  Actions readiness() noexcept;
  /// A period has ended.
  void tick() noexcept { ticked_ = sw_.period_event; }
  /// The channel's alarm has come. In XRUN the state is shown again; else settle() has to follow.
  Actions alarm() noexcept;

  // Frames to fill with silence: at a start, and at sw_params() while the hardware runs; at a tick;
  // at the beginning of a drain.
  FrameSpan silence_at_start() noexcept;
  FrameSpan silence_at_tick() noexcept;
  [[nodiscard]] FrameSpan silence_of_the_rest() const noexcept;

  /// The frames that a free run has to report to the sink.
  FrameSpan free_run_ahead() noexcept;
  void end_free_run() noexcept { free_run_.reset(); }

  /// Called in a hook that alsa-lib runs under its lock and after which it stores no state.
  Actions acknowledge_xrun() noexcept;
  /// Ends the period event.
  Readiness poll(Actions& actions) noexcept;
  /// The last answer of pointer(), if this call may get it again. Asked once for each call.
  [[nodiscard]] bool may_repeat() noexcept { return last_.use_repeat() && hardware_runs(); }
  [[nodiscard]] std::optional<snd_pcm_uframes_t> repeated(int64_t now_ns,
                                                          snd_pcm_uframes_t shown) const noexcept;
  snd_pcm_uframes_t answer(int64_t now_ns) noexcept;
  [[nodiscard]] snd_pcm_sframes_t delay() const noexcept;

 private:
  [[nodiscard]] bool never_stops() const noexcept {
    return sw_.stop_threshold >= pointers_.boundary();
  }
  [[nodiscard]] bool silence_is_endless() const noexcept {
    return sw_.silence_size > 0 && sw_.silence_size >= pointers_.boundary();
  }
  /// The position of the hardware at which an xrun comes to a playback that stands at
  /// `appl_frames`.
  [[nodiscard]] uint64_t xrun_from_frames(uint64_t appl_frames) const noexcept;
  [[nodiscard]] bool xrun_reached(snd_pcm_uframes_t avail) const noexcept;
  [[nodiscard]] uint64_t drained_at_frames() const noexcept;
  [[nodiscard]] snd_pcm_uframes_t position() const noexcept;
  [[nodiscard]] size_t in_flight_frames() const noexcept;
  [[nodiscard]] uint64_t fifo_level_frames() const noexcept;
  [[nodiscard]] uint64_t reaches(snd_pcm_uframes_t level, snd_pcm_uframes_t avail) const noexcept;
  [[nodiscard]] uint64_t quiet_until(bool ready, snd_pcm_uframes_t avail) const noexcept;
  [[nodiscard]] uint64_t frames_due(int64_t now_ns) const noexcept;
  void go_to(uint64_t hw_frames, int64_t now_ns) noexcept;
  [[nodiscard]] bool is_ready(snd_pcm_uframes_t avail) const noexcept;
  void set_phase(Phase phase) noexcept;
  void halt(Phase next, Fifo fifo, Actions& actions) noexcept;
  void report_readiness(snd_pcm_uframes_t avail, Actions& actions) noexcept;
  [[nodiscard]] std::optional<uint64_t> wanted_alarm(bool ready,
                                                     snd_pcm_uframes_t avail) const noexcept;
  void set_alarm(std::optional<uint64_t> at_frames, Actions& actions) noexcept;

  const snd_pcm_stream_t stream_;
  const uint32_t fifo_frames_;
  const bool freerun_;
  Phase phase_ = Phase::open;  // set_phase() is its only writer
  bool quiescing_ = false;     // a hook waits for callbacks to end
  unsigned waiters_ = 0;       // threads inside drain()
  HwSetup hw_;
  SwSetup sw_;
  Pointers pointers_;
  TransferTime time_;
  uint64_t moved_frames_ = 0;        // by the DMA. The position may be ahead of this
  uint64_t quiet_until_frames_ = 0;  // before this position nothing changes but the position
  int64_t looked_at_ns_ = 0;
  /// The furthest that the DMA has been past the client's position in this start; and the part of
  /// it that came before the newest sw_params, which the new thresholds do not count.
  uint64_t past_commit_frames_ = 0;
  uint64_t past_commit_baseline_frames_ = 0;
  Silence silence_;
  FreeRun free_run_;
  XrunLatch latch_;
  LastAnswer last_;
  FreerunPacer pacer_;
  bool held_ = false;    // freerun: the sink is full, or the source is empty, so poll() waits
  bool level_ = false;   // the level that poll() sees
  bool ticked_ = false;  // period_event: a period has ended, and poll() has not looked since
  std::optional<uint64_t> alarm_at_frames_;  // the position of the channel's alarm
};

}  // namespace dmasim
