// SPDX-License-Identifier: LGPL-2.1-or-later
/// A PCM as a program uses it: a model of alsa-lib's side of an ioplug, in front of a production
/// Substream, on the time of lockstep.h. A frame takes a millisecond.
///
/// The model follows pcm.c, pcm_mmap.c and pcm_ioplug.c of alsa-lib 1.2.8: which hook they call
/// when, and what they store before and after a hook. The answers are alsa-lib's, with negative
/// errors.
///
/// ORACLE  true_hw() is the position that the hardware must have. It is computed only from the
///         times of start and pause. run() checks at each frame that the poll level fits this
///         position.
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <memory>
#include <vector>

#include "plugin/pcm/substream.h"
#include "tests/substream/devices.h"
#include "tests/substream/lockstep.h"

namespace dmasim {

constexpr int64_t kFrameNs = 1'000'000;

struct PcmSetup {
  snd_pcm_stream_t stream = SND_PCM_STREAM_PLAYBACK;
  snd_pcm_uframes_t period_size = 8;
  snd_pcm_uframes_t buffer_size = 32;
  snd_pcm_uframes_t boundary = 32 << 10;
  bool mmap = false;
  bool nonblock = false;
  uint32_t fifo_frames = 0;
  int64_t slow_callback_ns = 0;
  bool needs_times = true;  ///< the sink or source does, as a cable's; not with freerun
  bool freerun = false;     ///< only hooks move the hardware
  int64_t begin_ns = 0;     ///< the time at the begin, counted from an edge of the frame clock
};

/// snd_pcm_sw_params_t
struct SwParams {
  snd_pcm_uframes_t avail_min = 0;
  snd_pcm_uframes_t start_threshold = 0;
  snd_pcm_uframes_t stop_threshold = 0;
  snd_pcm_uframes_t silence_threshold = 0;
  snd_pcm_uframes_t silence_size = 0;
  bool period_event = false;
};

class IoplugPcm {
 public:
  /// snd_pcm_open and snd_pcm_hw_params. The PCM is PREPARED then, with alsa-lib's default
  /// sw_params.
  explicit IoplugPcm(const PcmSetup& setup);
  ~IoplugPcm();  ///< snd_pcm_close
  IoplugPcm(const IoplugPcm&) = delete;
  IoplugPcm& operator=(const IoplugPcm&) = delete;

  // The calls of alsa-lib.
  int hw_params();  ///< snd_pcm_hw_params, once more
  int hw_free();
  int sw_params(const SwParams& wanted);
  int prepare();
  int start();
  int drop();
  int drain();
  int pause(bool enable);
  snd_pcm_sframes_t avail();  ///< snd_pcm_avail_update
  /// As avail(), but the position is always a new one, even right after another call.
  snd_pcm_sframes_t avail_of_now() { return substream_->poll_revents(), avail(); }
  /// snd_pcm_delay: the delay, or a negative error.
  snd_pcm_sframes_t delay();
  int wait();
  /// snd_pcm_writei of the next frames: frame n, over all writes, is n + 1.
  snd_pcm_sframes_t write(snd_pcm_uframes_t frames);
  /// snd_pcm_readi into `captured`.
  snd_pcm_sframes_t read(snd_pcm_uframes_t frames);
  snd_pcm_sframes_t rewind(snd_pcm_uframes_t frames);
  snd_pcm_sframes_t forward(snd_pcm_uframes_t frames);
  /// snd_pcm_mmap_begin: how many frames are contiguous at mmap_offset(), at most `frames`.
  snd_pcm_uframes_t mmap_begin(snd_pcm_uframes_t frames);
  [[nodiscard]] snd_pcm_uframes_t mmap_offset() const { return io_.appl_ptr % setup_.buffer_size; }
  snd_pcm_sframes_t mmap_commit(snd_pcm_uframes_t frames);
  void set_nonblock(int nonblock) { io_.nonblock = nonblock; }
  /// snd_pcm_abort, from a signal handler.
  void abort();
  /// Sends a signal to a thread that waits in a hook.
  void interrupt();
  /// Stores a state as alsa-lib does after a hook, even if the plugin has stored another one since.
  void overwrite_state(snd_pcm_state_t state) { io_.state = state; }
  [[nodiscard]] snd_pcm_state_t state() const { return io_.state; }
  [[nodiscard]] snd_pcm_uframes_t appl_ptr() const { return io_.appl_ptr; }
  [[nodiscard]] snd_pcm_uframes_t hw_ptr() const { return hw_ptr_; }  ///< alsa-lib's copy
  [[nodiscard]] const SwParams& sw() const { return sw_; }

  /// Moves the time frame by frame, and checks the poll level at each frame. Calls no hook.
  void run(snd_pcm_uframes_t frames);
  /// As run(), but checks nothing. After a rewind or a forward, which have no hook, the level is
  /// wrong until the next hook or tick.
  void pass(snd_pcm_uframes_t frames);
  /// As pass(), but on a machine that is late: no thread runs.
  void run_late(snd_pcm_uframes_t frames);
  [[nodiscard]] bool ready() const;
  void expect_true_level() const;
  [[nodiscard]] uint64_t true_hw() const;  ///< frames since start

  [[nodiscard]] Substream& substream() { return *substream_; }
  [[nodiscard]] RememberingSink& sink() { return *sink_; }
  [[nodiscard]] CountingSource& source() { return *source_; }
  /// The DMA moves frames when it has to. These two make it move all that are due, and answer what
  /// the device has then.
  [[nodiscard]] const Samples& played_by_now();
  [[nodiscard]] uint64_t asked_by_now();
  [[nodiscard]] uint64_t xruns() { return substream_->stats().xruns; }

  Samples captured;     ///< the frames that read() has got
  Samples mapped;       ///< alsa-lib's mmap area, which the program reads and writes
  int next_sample = 1;  ///< the first sample of the next write()

 private:
  using Transfer = snd_pcm_sframes_t (IoplugPcm::*)(snd_pcm_uframes_t frames);

  [[nodiscard]] bool playback() const { return setup_.stream == SND_PCM_STREAM_PLAYBACK; }
  [[nodiscard]] snd_pcm_sframes_t mmap_avail() const;
  void store_appl_ptr(snd_pcm_uframes_t frames, bool forward);
  void update_hw_ptr();
  [[nodiscard]] int state_error() const;
  snd_pcm_sframes_t transfer_areas(const snd_pcm_channel_area_t& area, snd_pcm_uframes_t offset,
                                   snd_pcm_uframes_t frames);
  snd_pcm_sframes_t write_some(snd_pcm_uframes_t frames);
  snd_pcm_sframes_t read_some(snd_pcm_uframes_t frames);
  snd_pcm_sframes_t all(snd_pcm_uframes_t frames, Transfer some);
  snd_pcm_sframes_t room(snd_pcm_uframes_t frames);
  int after(int answer);
  void note_start();
  [[nodiscard]] bool expected_ready() const;

  const PcmSetup setup_;
  SwParams sw_{};
  snd_pcm_ioplug_t io_{};
  snd_pcm_channel_area_t mapped_area_{};  // the area of `mapped`; valid until the setup ends
  RememberingSink* sink_ = nullptr;
  CountingSource* source_ = nullptr;
  std::unique_ptr<Substream> substream_;
  snd_pcm_uframes_t hw_ptr_ = 0;
  snd_pcm_uframes_t last_hw_ = 0;

  uint64_t starts_ = 0;
  bool started_ = false;   // since the last prepare
  int64_t origin_ns_ = 0;  // the time of frame 0; a pause moves it
  int64_t paused_at_ns_ = 0;
};

}  // namespace dmasim
