// SPDX-License-Identifier: LGPL-2.1-or-later
/// One substream: what each hook of an ioplug PCM means to a DMA channel.
///
///   open        request_chan               stop     terminate_async, nothing that waits
///   hw_params   synchronize, new ring      pause    pause / resume
///   prepare     synchronize, pointers 0    drain    runs on to appl_ptr, then waits
///   start       prep, submit, issue        hw_free  synchronize, ring freed
///   pointer     tx_status                  close    terminate_sync, release
///
/// LOCKING   The order is: alsa-lib's pcm lock, setup_, lock_, the channel's lock, a sink's queue.
///           No hook relies on alsa-lib's lock. The hooks that wait (prepare, hw_params, hw_free,
///           close) hold setup_ while they wait, and do not hold lock_. No callback and no other
///           hook takes setup_.
/// LATCH     The completion callback finds an xrun and stores XRUN into io.state. But alsa-lib
///           stores RUNNING *after* start has returned, and this may overwrite XRUN. So phase_
///           holds the true state. Later hooks store XRUN again. An alarm does so too, until a hook
///           has stored it after which alsa-lib stores no state.
/// MARK      alsa-lib moves appl_ptr *after* transfer has returned. The frames of a transfer count
///           from within the hook on: see Pointers::transferred.
/// LIFETIME  From open to close. close() may come in any phase, without stop or hw_free before it.
#pragma once

#include <alsa/asoundlib.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/device/capture_port.h"
#include "engine/device/playback_port.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "engine/dma/engine.h"
#include "plugin/pcm/hw_setup.h"
#include "plugin/pcm/io_fields.h"
#include "plugin/pcm/pointers.h"
#include "plugin/pcm/poll_level.h"
#include "plugin/pcm/ring.h"
#include "plugin/pcm/ring_copy.h"
#include "plugin/pcm/silence.h"

namespace dmasim {

/// The parts of a substream. The configuration chooses them.
struct SubstreamParts {
  std::shared_ptr<Engine> engine;
  std::unique_ptr<Sink> sink;      ///< playback
  std::unique_ptr<Source> source;  ///< capture
  uint32_t fifo_frames = 0;
  int32_t ppm = 0;
  std::function<int32_t()> ppm_at_start;  ///< asked at each start, in place of `ppm`; may be empty
  int64_t slow_callback_ns =
      0;  ///< fault: a period callback waits this long before it begins its work
};

struct SwSetup {
  snd_pcm_uframes_t avail_min = 1;
  snd_pcm_uframes_t stop_threshold = 0;
  snd_pcm_uframes_t silence_threshold = 0;
  snd_pcm_uframes_t silence_size = 0;
  snd_pcm_uframes_t boundary = 0;
  bool period_event = false;  ///< each period wakes the program, for any avail_min
};

struct SubstreamStats {
  IrqStats irq;
  SinkStats sink;
  SourceStats source;
  HwSetup hw;
  snd_pcm_uframes_t appl_ptr = 0;
  snd_pcm_uframes_t hw_ptr = 0;
  uint64_t starts = 0;
  uint64_t xruns = 0;
  std::vector<uint64_t> xrun_frames;  ///< the frames before each of the first xruns, of all rounds
  uint64_t closes_during_callback = 0;
};

class Substream {
 public:
  Substream(snd_pcm_ioplug_t& io, snd_pcm_stream_t stream, SubstreamParts parts);
  ~Substream();  ///< after close(), or if open() was never called
  Substream(const Substream&) = delete;
  Substream& operator=(const Substream&) = delete;

  /// Errors: EMFILE, ENFILE, ENOMEM.
  Result<void> open();
  [[nodiscard]] const PollLevel& poll_level() const noexcept { return poll_; }

  /// Errors: EBADFD in RUNNING, PAUSED, DRAINING, XRUN; EINVAL for a format that the sink cannot
  /// hold. Neither error changes anything. ENOMEM.
  Result<void> hw_params(const HwSetup& hw) DMASIM_EXCLUDES(setup_, lock_);
  /// Errors: EBADFD as for hw_params().
  Result<void> hw_free() DMASIM_EXCLUDES(setup_, lock_);
  /// Allowed while RUNNING too. A stop_threshold of 0 would end each stream at its start, so 0
  /// means the buffer size. Errors: EINVAL (impossible silence parameters; nothing changes); EPIPE
  /// (the new thresholds are set, and by them the stream's position is an xrun).
  Result<void> sw_params(const SwSetup& sw) DMASIM_EXCLUDES(lock_);
  /// Errors: EBUSY while the hardware runs; EBADFD; those of Sink::look (EBUSY is one of them), if
  /// a start would fail. After an error the stream goes on in the state that it had before.
  Result<void> prepare() DMASIM_EXCLUDES(setup_, lock_);
  /// Errors: EPIPE (nothing to play), ENOMEM (also for no thread), EBADFD, and those of
  /// Sink::configure.
  Result<void> start() DMASIM_EXCLUDES(lock_);
  /// Never waits.
  void stop() noexcept DMASIM_EXCLUDES(lock_);
  /// Errors: EBADFD when an xrun came first.
  Result<void> pause(bool enable) DMASIM_EXCLUDES(lock_);
  /// Errors: EAGAIN (non-blocking), EINTR (snd_pcm_abort, or a signal that interrupts system
  /// calls), EIO (frames were lost), those of start.
  Result<void> drain() DMASIM_EXCLUDES(lock_);
  /// In any state, from any thread; never blocks. Two calls in a row get the same position, because
  /// snd_pcm_htimestamp calls until it has got the same position twice, and running hardware moves
  /// between two looks. The second call gets the position of the first if it comes within
  /// kOneMomentNs and if nothing has happened in between: no write, no wake-up, no change of state.
  snd_pcm_uframes_t pointer() DMASIM_EXCLUDES(lock_);
  /// After this the next pointer() looks at the hardware.
  void woken() DMASIM_EXCLUDES(lock_);
  /// Errors: EBADFD (no stream), EPIPE (xrun).
  Result<snd_pcm_sframes_t> delay() DMASIM_EXCLUDES(lock_);
  /// Copies between `areas` and the ring. alsa-lib moves its appl_ptr afterwards. Errors: EPIPE,
  /// EBADFD.
  Result<snd_pcm_uframes_t> transfer(const snd_pcm_channel_area_t* areas, snd_pcm_uframes_t offset,
                                     snd_pcm_uframes_t size) DMASIM_EXCLUDES(lock_);
  unsigned short poll_revents() DMASIM_EXCLUDES(lock_);
  /// Writes all frames that have been played until now to the recording. The stream plays on. Waits
  /// for the disk. Errors: EIO.
  Result<void> sync_recording() DMASIM_EXCLUDES(lock_);
  /// The last call.
  void close() DMASIM_EXCLUDES(setup_, lock_);

  /// The channel count of hw_params(); 0 without a setup.
  [[nodiscard]] unsigned channels() DMASIM_EXCLUDES(lock_);
  [[nodiscard]] bool prepared() DMASIM_EXCLUDES(lock_);
  /// Says whether the newest prepare() has failed because the sink or source would refuse a start.
  [[nodiscard]] bool refused_by_device() DMASIM_EXCLUDES(lock_);
  [[nodiscard]] SubstreamStats stats() DMASIM_EXCLUDES(lock_);
  /// See Sink::recorded_into.
  [[nodiscard]] std::string recorded_into() const { return parts_.sink->recorded_into(); }
  /// After prepare(), start() or drain() has failed: the reason that the sink or source gives.
  /// Often empty.
  [[nodiscard]] std::string device_trouble() const {
    return playback() ? parts_.sink->explain() : parts_.source->explain();
  }

 private:
  /// The true state. io.state is what alsa-lib and the program see of it.
  enum class Phase { open, setup, prepared, running, paused, draining, xrun };

  /// The last answer of pointer(), and the state of the stream at that moment.
  struct Told {
    snd_pcm_uframes_t answer = 0;
    uint64_t hw_frames = 0;
    size_t in_flight_frames = 0;
    snd_pcm_uframes_t appl_ptr = 0;
    Phase phase = Phase::open;
    bool ready = false;
    bool once = false;  // it was answered once so far
    int64_t at_ns = 0;  // when the answer was complete
  };

  [[nodiscard]] bool playback() const noexcept { return stream_ == SND_PCM_STREAM_PLAYBACK; }
  /// While a capture drains, its hardware has stopped, and the program reads the rest of the ring.
  [[nodiscard]] bool hardware_runs() const DMASIM_REQUIRES(lock_) {
    return phase_ == Phase::running || (phase_ == Phase::draining && playback());
  }
  [[nodiscard]] bool may_reconfigure() const DMASIM_REQUIRES(lock_) {
    return phase_ == Phase::open || phase_ == Phase::setup || phase_ == Phase::prepared;
  }

  // Completion thread.
  void before_advance(uint64_t round) DMASIM_EXCLUDES(lock_);
  void period_elapsed(uint64_t round) DMASIM_EXCLUDES(lock_);
  void alarm() DMASIM_EXCLUDES(lock_);

  // Position: substream_position.cpp
  [[nodiscard]] bool has_position() const DMASIM_REQUIRES(lock_) {
    return phase_ == Phase::prepared || phase_ == Phase::running || phase_ == Phase::paused ||
           phase_ == Phase::draining;
  }
  void refresh_appl_ptr() DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool free_running() const DMASIM_REQUIRES(lock_) {
    return sw_.stop_threshold >= pointers_.boundary();
  }
  /// The hardware plays the whole ring again and again, whether or not the program has written.
  [[nodiscard]] bool runs_over() const DMASIM_REQUIRES(lock_) {
    return playback() && free_running() && (phase_ == Phase::running || phase_ == Phase::paused);
  }
  void commit() DMASIM_REQUIRES(lock_);
  void run_over_ahead() DMASIM_REQUIRES(lock_);
  void run_over_changed(const FrameSpan& span) DMASIM_REQUIRES(lock_);
  [[nodiscard]] uint64_t commit_limit_bytes() const DMASIM_REQUIRES(lock_);
  [[nodiscard]] Channel::Commit commit_of(std::optional<uint64_t> wrote_from_frames) const
      DMASIM_REQUIRES(lock_);
  bool catch_up(std::optional<uint64_t> wrote_from_frames = {}) DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool told_just_now(int64_t now_ns) const DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool tells_again() DMASIM_REQUIRES(lock_);
  [[nodiscard]] snd_pcm_uframes_t position() const DMASIM_REQUIRES(lock_);
  void update(std::optional<uint64_t> wrote_from_frames = {}) DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool xrun_reached() const DMASIM_REQUIRES(lock_);
  void latch_xrun() DMASIM_REQUIRES(lock_);
  void note_xrun() DMASIM_REQUIRES(lock_);
  void show_latched_xrun() DMASIM_REQUIRES(lock_);
  void finish_drain() DMASIM_REQUIRES(lock_);
  [[nodiscard]] uint64_t drained_at_frames() const DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool poll_ready() const DMASIM_REQUIRES(lock_);
  void publish() DMASIM_REQUIRES(lock_);
  void publish_alarm(bool ready) DMASIM_REQUIRES(lock_);
  void arm_at_frames(uint64_t frames) DMASIM_REQUIRES(lock_);

  // Silence: substream_silence.cpp
  [[nodiscard]] bool endless_silence() const DMASIM_REQUIRES(lock_) {
    return sw_.silence_size > 0 && sw_.silence_size >= pointers_.boundary();
  }
  void silence(const FrameSpan& span) DMASIM_REQUIRES(lock_);
  void begin_silence() DMASIM_REQUIRES(lock_);
  void silence_the_rest() DMASIM_REQUIRES(lock_);
  void silence_passed(uint64_t before) DMASIM_REQUIRES(lock_);
  void silence_at_tick() DMASIM_REQUIRES(lock_);
  void silence_ahead(uint64_t hw_frames) DMASIM_REQUIRES(lock_);

  // Prepare: substream_prepare.cpp
  Result<void> look_ahead() DMASIM_REQUIRES(lock_);
  Result<void> look_at_device(const PcmFormat& format) DMASIM_EXCLUDES(lock_);

  // Life cycle: substream.cpp
  Result<void> start_prepared() DMASIM_REQUIRES(lock_);
  Result<void> configure_device(const HwSetup& hw) DMASIM_EXCLUDES(lock_);
  Result<snd_pcm_uframes_t> copy_from_client(const snd_pcm_channel_area_t* areas,
                                             snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
      DMASIM_REQUIRES(lock_);
  Result<snd_pcm_uframes_t> copy_to_client(const snd_pcm_channel_area_t* areas,
                                           snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
      DMASIM_REQUIRES(lock_);
  void copy_mapped() DMASIM_REQUIRES(lock_);
  Result<void> issue() DMASIM_REQUIRES(lock_);
  Result<void> begin_drain() DMASIM_REQUIRES(lock_);
  void begin_capture_drain() DMASIM_REQUIRES(lock_);
  Result<void> wait_drained() DMASIM_EXCLUDES(lock_);
  [[nodiscard]] std::optional<Result<void>> drain_answer(bool interrupted) DMASIM_REQUIRES(lock_);
  Result<void> pause_hardware() DMASIM_REQUIRES(lock_);
  void halt(Phase next, Fifo fifo = Fifo::as_committed) noexcept DMASIM_REQUIRES(lock_);
  void await_start() DMASIM_REQUIRES(lock_);
  void begin_quiesce() DMASIM_REQUIRES(setup_, lock_);
  void wait_quiet() DMASIM_REQUIRES(setup_) DMASIM_EXCLUDES(lock_);
  void flush_device() DMASIM_EXCLUDES(lock_);

  const snd_pcm_stream_t stream_;
  const SubstreamParts parts_;
  PlaybackPort playback_port_;
  CapturePort capture_port_;
  ChannelHandle channel_;  // set by open(), released by close(), constant in between

  Mutex setup_ DMASIM_ACQUIRED_BEFORE(lock_);
  Mutex lock_;
  IoFields io_ DMASIM_GUARDED_BY(lock_);
  PollLevel poll_;  // opened by open(), constant from then on
  bool poll_is_ready_ DMASIM_GUARDED_BY(lock_) = false;
  bool ticked_ DMASIM_GUARDED_BY(lock_) = false;  // period_event: and no poll_revents() since
  HwSetup hw_ DMASIM_GUARDED_BY(lock_);
  SwSetup sw_ DMASIM_GUARDED_BY(lock_);
  Ring ring_ DMASIM_GUARDED_BY(lock_);
  RingAreas ring_areas_ DMASIM_GUARDED_BY(lock_);
  /// alsa-lib's mapped buffer, as the last commit named it. It is valid until the setup ends.
  const snd_pcm_channel_area_t* mapped_ DMASIM_GUARDED_BY(lock_) = nullptr;
  Phase phase_ DMASIM_GUARDED_BY(lock_) = Phase::open;
  bool quiescing_ DMASIM_GUARDED_BY(lock_) = false;  // a hook that waits is running
  bool starting_ DMASIM_GUARDED_BY(lock_) = false;   // start or prepare uses the device, unlocked
  unsigned drainers_ DMASIM_GUARDED_BY(lock_) = 0;   // threads inside drain()
  bool refused_by_device_ DMASIM_GUARDED_BY(lock_) = false;
  CondVar started_;  // notified when starting_ becomes false
  Pointers pointers_ DMASIM_GUARDED_BY(lock_);
  Silence silence_ DMASIM_GUARDED_BY(lock_);
  size_t in_flight_frames_ DMASIM_GUARDED_BY(lock_) = 0;
  int64_t caught_up_ns_ DMASIM_GUARDED_BY(lock_) = 0;
  Told told_ DMASIM_GUARDED_BY(lock_);
  uint64_t overtaken_frames_ DMASIM_GUARDED_BY(lock_) = 0;  // see TxState
  uint64_t forgiven_frames_ DMASIM_GUARDED_BY(lock_) = 0;   // those before the newest sw_params
  Cookie cookie_ DMASIM_GUARDED_BY(lock_);
  uint64_t round_ DMASIM_GUARDED_BY(lock_) = 0;  // number of starts; callbacks know theirs by it
  uint64_t told_over_frames_ DMASIM_GUARDED_BY(lock_) = 0;       // end of the last run_over()
  uint64_t armed_frames_ DMASIM_GUARDED_BY(lock_) = UINT64_MAX;  // position of the channel's alarm
  bool xrun_seen_ DMASIM_GUARDED_BY(lock_) = false;
  int64_t show_again_ns_ DMASIM_GUARDED_BY(lock_) = 0;
  uint64_t xruns_ DMASIM_GUARDED_BY(lock_) = 0;
  std::vector<uint64_t> xrun_frames_ DMASIM_GUARDED_BY(lock_);  // never grows beyond its capacity
  uint64_t closes_during_callback_ DMASIM_GUARDED_BY(lock_) = 0;
};

}  // namespace dmasim
