// SPDX-License-Identifier: LGPL-2.1-or-later
/// alsa-lib's side of an ioplug PCM, as far as it matters to a substream: which lock it holds
/// around which hook, and what it stores into the ioplug by itself, before and after.
///
/// Written from what alsa-lib 1.2.8's pcm.c and pcm_ioplug.c do. Each store is a choice point, for
/// no lock of ours guards it.
#pragma once

#include <memory>
#include <vector>

#include "engine/dma/engine.h"
#include "plugin/pcm/substream.h"
#include "tests/interleaving/explorer.h"
#include "tests/interleaving/shown_state.h"

namespace dmasim::sim {

inline constexpr snd_pcm_uframes_t kPeriodFrames = 8;  // a frame is a byte is a millisecond
inline constexpr snd_pcm_uframes_t kBufferFrames = 16;
inline constexpr int64_t kFrameNs = 1'000'000;

/// What a sink must never see: a frame after close; a look while it is made ready, or the other
/// way.
class GuardedSink final : public Sink {
 public:
  Result<void> look(const PcmFormat&) override DMASIM_EXCLUDES(lock_);
  Result<void> configure(const PcmFormat&, uint64_t) override DMASIM_EXCLUDES(lock_);
  void write(std::span<const std::byte> bytes, bool committed) noexcept override;
  void release() noexcept override;
  void flush_async() noexcept override {}
  Result<void> flush() override { return {}; }
  [[nodiscard]] SinkStats stats() const noexcept override { return {}; }

  /// configure() then waits for unblock_configure(), as for a disk.
  void block_configure() DMASIM_EXCLUDES(lock_);
  void unblock_configure() DMASIM_EXCLUDES(lock_);
  /// Whether configure() came after the last release().
  [[nodiscard]] bool configured() DMASIM_EXCLUDES(lock_);

  std::vector<std::byte> written;  ///< committed; read it when nothing runs

 private:
  void enter() DMASIM_EXCLUDES(lock_);
  void leave() DMASIM_EXCLUDES(lock_);

  Mutex lock_;
  CondVar released_;
  bool busy_ DMASIM_GUARDED_BY(lock_) = false;  // somebody is inside
  bool blocked_ DMASIM_GUARDED_BY(lock_) = false;
  bool configured_ DMASIM_GUARDED_BY(lock_) = false;
};

struct ModelSetup {
  /// Above the buffer size: a sleeper is woken by nothing but an end of the stream.
  snd_pcm_uframes_t avail_min = kBufferFrames + 1;
  uint32_t fifo_frames = 0;
};

/// A playback PCM as an application has it.
class IoplugModel {
 public:
  /// Up to PREPARED. Without `locking`: LIBASOUND_THREAD_SAFE=0, or SND_PCM_ASYNC in the open mode.
  explicit IoplugModel(bool locking, const ModelSetup& setup = {});
  ~IoplugModel();

  /// snd_pcm_writei of what fits, with no start threshold.
  int write(snd_pcm_uframes_t frames);
  int start();
  int pause(bool enable);
  int drop();
  int drain();
  int prepare();
  /// snd_pcm_avail_update
  snd_pcm_sframes_t avail();
  /// Asks for the position as snd_pcm_avail does, but with no lock of alsa-lib's.
  void ask_position() { static_cast<void>(substream_->pointer()); }
  /// snd_pcm_wait: 0, or what the state then means.
  int wait();
  int hw_free();
  /// Ends everything but the destructor.
  void close();

  /// What snd_pcm_state would say.
  [[nodiscard]] snd_pcm_state_t state() const { return ShownState::load(io_); }
  /// Waits until snd_pcm_state would say so, making no call.
  void await(snd_pcm_state_t wanted) { shown_.await(wanted); }
  [[nodiscard]] snd_pcm_uframes_t appl_ptr();
  [[nodiscard]] uint64_t xruns() { return substream_->stats().xruns; }
  [[nodiscard]] GuardedSink& sink() { return *sink_; }

 private:
  class PcmLock;

  void store_state(snd_pcm_state_t state) { ShownState::store(io_, state); }
  void store_appl_ptr(snd_pcm_uframes_t appl_ptr);
  void forward_appl_ptr(snd_pcm_uframes_t frames);
  void update_hw_ptr();
  int drop_locked();
  int state_error();

  Mutex lock_;  // the pcm lock
  const bool locking_;
  snd_pcm_ioplug_t io_{};
  ShownState shown_{io_};
  GuardedSink* sink_;
  std::unique_ptr<Substream> substream_;
  snd_pcm_uframes_t hw_ptr_ = 0;  // alsa-lib's own, under the pcm lock
  snd_pcm_uframes_t last_hw_ = 0;
  bool setup_ = false;
};

}  // namespace dmasim::sim
