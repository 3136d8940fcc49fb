// SPDX-License-Identifier: LGPL-2.1-or-later
/// One substream: what each hook of an ioplug PCM means to a DMA channel. SubstreamState decides;
/// Substream has the lock, the waiting, the channel, the device and the fields of alsa-lib.
///
///   open        request_chan               stop     terminate_async, nothing that waits
///   hw_params   synchronize, new ring      pause    pause / resume
///   prepare     synchronize, pointers 0    drain    runs on to appl_ptr, then waits
///   start       prep, submit, issue        hw_free  synchronize, ring freed
///   pointer     the clock, or tx_status    close    terminate_async, synchronize
///
/// LOCKING   The order is: alsa-lib's pcm lock, setup_, lock_, the channel's lock, a sink's queue.
///           No hook relies on alsa-lib's lock. The hooks that wait (prepare, hw_params, hw_free,
///           close) hold setup_ while they wait, and do not hold lock_. No callback and no other
///           hook takes setup_.
/// LATCH     The completion callback finds an xrun and stores XRUN into io.state. But alsa-lib
///           stores RUNNING *after* start has returned, and this may overwrite XRUN. So state_
///           holds the true phase. Later hooks store XRUN again, and an alarm does: see XrunLatch.
/// MARK      alsa-lib moves appl_ptr *after* transfer has returned. The frames of a transfer count
///           from within the hook on: see Pointers::transferred.
/// LIFETIME  From open to close. close() may come in any phase, without stop or hw_free before it.
#pragma once

#include <alsa/asoundlib.h>

#include <optional>
#include <vector>

#include "plugin/pcm/io_fields.h"
#include "plugin/pcm/poll_level.h"
#include "plugin/pcm/ring.h"
#include "plugin/pcm/ring_copy.h"
#include "plugin/pcm/substream_device.h"
#include "plugin/pcm/substream_state.h"

namespace dmasim {

struct SubstreamStats {
  IrqStats irq;
  SinkStats sink;
  SourceStats source;
  HwSetup hw;
  snd_pcm_uframes_t appl_ptr = 0;
  snd_pcm_uframes_t hw_ptr = 0;
  uint64_t starts = 0;
  uint64_t xruns = 0;
  std::vector<uint64_t> xrun_frames;  ///< the frames before each of the first xruns, of all starts
  uint64_t closes_during_callback = 0;
};

class Substream {
 public:
  /// `parts` has a sink for a playback, and a source for a capture.
  Substream(snd_pcm_ioplug_t& io, snd_pcm_stream_t stream, SubstreamParts parts);
  ~Substream();  ///< after close(), or if open() was never called
  Substream(const Substream&) = delete;
  Substream& operator=(const Substream&) = delete;

  /// Errors: EMFILE, ENFILE, ENOMEM.
  Result<void> open();
  [[nodiscard]] const PollLevel& poll_level() const noexcept { return poll_; }

  // SubstreamState has the table of what each hook answers in which phase.

  /// Errors: EBADFD; EINVAL for a format that the sink cannot hold. Neither error changes anything.
  /// ENOMEM.
  Result<void> hw_params(const HwSetup& hw) DMASIM_EXCLUDES(setup_, lock_);
  /// Errors: EBADFD.
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
  /// Errors: EBADFD, also when an xrun came first.
  Result<void> pause(bool enable) DMASIM_EXCLUDES(lock_);
  /// Errors: EAGAIN (non-blocking), EINTR (snd_pcm_abort, or a signal that interrupts system
  /// calls), EIO (frames were lost), those of start.
  Result<void> drain() DMASIM_EXCLUDES(lock_);
  /// In any state, from any thread; never blocks. Two calls in a row may get the same position: see
  /// LastAnswer.
  snd_pcm_uframes_t pointer() DMASIM_EXCLUDES(lock_);
  /// Errors: EBADFD (no stream), EPIPE (xrun).
  Result<snd_pcm_sframes_t> delay() DMASIM_EXCLUDES(lock_);
  /// Copies between `areas` and the ring. alsa-lib moves its appl_ptr afterwards. Errors: EPIPE,
  /// EBADFD.
  Result<snd_pcm_uframes_t> transfer(const snd_pcm_channel_area_t* areas, snd_pcm_uframes_t offset,
                                     snd_pcm_uframes_t size) DMASIM_EXCLUDES(lock_);
  /// The events of poll() at a position of now. The next pointer() answers this position.
  unsigned short poll_revents() DMASIM_EXCLUDES(lock_);
  /// The program is about to sleep in poll(). It may have moved its position without a hook: then
  /// the level for poll() follows.
  void before_poll() DMASIM_EXCLUDES(lock_);
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
  /// For what it was recorded into, and for the reason after prepare(), start() or drain() failed.
  [[nodiscard]] const SubstreamDevice& device() const noexcept { return device_; }

 private:
  [[nodiscard]] int64_t now_ns() const { return clock_.now_ns(); }

  // Completion thread. `start` is the number of the start that the transfer belongs to.
  [[nodiscard]] bool transfer_runs(uint64_t start) const DMASIM_REQUIRES(lock_);
  void stall_callback(uint64_t start) DMASIM_EXCLUDES(lock_);
  void period_elapsed(uint64_t start) DMASIM_EXCLUDES(lock_);
  void alarm() DMASIM_EXCLUDES(lock_);

  // Position: substream_position.cpp
  void refresh_appl_ptr() DMASIM_REQUIRES(lock_);
  void commit() DMASIM_REQUIRES(lock_);
  void commit_unless_refused(const Channel::Commit& write, int64_t as_of_ns) DMASIM_REQUIRES(lock_);
  void report_free_run_changes(const FrameSpan& span) DMASIM_REQUIRES(lock_);
  void fill_silence(const FrameSpan& span) DMASIM_REQUIRES(lock_);
  [[nodiscard]] uint64_t commit_limit_bytes() const DMASIM_REQUIRES(lock_);
  [[nodiscard]] Channel::Commit commit_of(std::optional<uint64_t> wrote_from_frames) const
      DMASIM_REQUIRES(lock_);
  void see_appl_ptr() DMASIM_REQUIRES(lock_);
  bool move_hardware(const Channel::Commit& write, int64_t as_of_ns) DMASIM_REQUIRES(lock_);
  /// A hook calls this before it answers where the hardware is, or whether it is ready. Answers
  /// whether the hardware may have moved.
  bool pace() DMASIM_REQUIRES(lock_) {
    const bool paces = parts_.freerun && state_.hardware_runs();
    if (paces) go_on();
    return paces;
  }
  void go_on() DMASIM_REQUIRES(lock_);
  void device_goes_on() DMASIM_EXCLUDES(lock_);
  bool catch_up(std::optional<uint64_t> wrote_from_frames = {}) DMASIM_REQUIRES(lock_);
  Actions look(std::optional<uint64_t> wrote_from_frames = {}) DMASIM_REQUIRES(lock_);
  void update(std::optional<uint64_t> wrote_from_frames = {}) DMASIM_REQUIRES(lock_);
  [[nodiscard]] bool may_follow_clock() const DMASIM_REQUIRES(lock_);
  void update_position() DMASIM_REQUIRES(lock_);
  int64_t update_position(int64_t asked_at_ns) DMASIM_REQUIRES(lock_);
  void acknowledge_xrun() DMASIM_REQUIRES(lock_);
  void update_after_write(uint64_t from_frames) DMASIM_REQUIRES(lock_);
  void perform(const Actions& actions) DMASIM_REQUIRES(lock_);
  void perform_but_write(const Actions& actions) DMASIM_REQUIRES(lock_);
  void write_level(std::optional<bool> level) DMASIM_EXCLUDES(lock_);
  void change_alarm(const AlarmChange& alarm) DMASIM_REQUIRES(lock_);
  void note_xrun() DMASIM_REQUIRES(lock_);

  // Life cycle: substream.cpp, substream_prepare.cpp, substream_drain.cpp
  Result<void> look_ahead() DMASIM_REQUIRES(lock_);
  Result<void> start_prepared() DMASIM_REQUIRES(lock_);
  Result<void> issue() DMASIM_REQUIRES(lock_);
  Result<void> begin_drain() DMASIM_REQUIRES(lock_);
  Result<void> wait_drained() DMASIM_EXCLUDES(lock_);
  Result<void> pause_hardware() DMASIM_REQUIRES(lock_);
  void await_start() DMASIM_REQUIRES(lock_);
  void begin_quiesce() DMASIM_REQUIRES(setup_, lock_);
  void wait_quiet() DMASIM_REQUIRES(setup_) DMASIM_EXCLUDES(lock_);
  Actions free_ring() DMASIM_REQUIRES(lock_);

  // Transfer: substream_transfer.cpp
  Result<snd_pcm_uframes_t> copy_from_client(const snd_pcm_channel_area_t* areas,
                                             snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
      DMASIM_REQUIRES(lock_);
  Result<snd_pcm_uframes_t> copy_to_client(const snd_pcm_channel_area_t* areas,
                                           snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
      DMASIM_REQUIRES(lock_);
  void move_slots(snd_pcm_uframes_t frames) DMASIM_REQUIRES(lock_);
  void copy_mapped() DMASIM_REQUIRES(lock_);

  const SubstreamParts parts_;
  const Clock& clock_;  // parts_.freerun, or else the controller's
  SubstreamDevice device_;
  ChannelHandle channel_;  // set by open(), constant from then on; released with this

  Mutex setup_ DMASIM_ACQUIRED_BEFORE(lock_);
  Mutex lock_;
  SubstreamState state_ DMASIM_GUARDED_BY(lock_);
  IoFields io_ DMASIM_GUARDED_BY(lock_);
  PollLevel poll_;  // opened by open()
  Ring ring_ DMASIM_GUARDED_BY(lock_);
  RingAreas ring_areas_ DMASIM_GUARDED_BY(lock_);
  /// alsa-lib's mapped buffer, as the last commit named it. It is valid until the setup ends.
  const snd_pcm_channel_area_t* mapped_ DMASIM_GUARDED_BY(lock_) = nullptr;
  bool starting_ DMASIM_GUARDED_BY(lock_) = false;  // start or prepare uses the device, unlocked
  CondVar started_;                                 // notified when starting_ becomes false
  bool refused_by_device_ DMASIM_GUARDED_BY(lock_) = false;
  Cookie cookie_ DMASIM_GUARDED_BY(lock_);
  static constexpr uint64_t kNothingCommitted = UINT64_MAX;
  /// Up to where this start has committed to a sink that needs the frames ahead of the DMA.
  uint64_t committed_frames_ DMASIM_GUARDED_BY(lock_) = kNothingCommitted;
  uint64_t start_count_ DMASIM_GUARDED_BY(lock_) = 0;
  uint64_t xruns_ DMASIM_GUARDED_BY(lock_) = 0;
  std::vector<uint64_t> xrun_frames_ DMASIM_GUARDED_BY(lock_);  // never grows beyond its capacity
  uint64_t closes_during_callback_ DMASIM_GUARDED_BY(lock_) = 0;
};

}  // namespace dmasim
