// SPDX-License-Identifier: LGPL-2.1-or-later
/// A model of what alsa-lib does with an ioplug PCM, as far as a substream can notice it: which
/// lock alsa-lib holds while it calls a hook, and what it stores into the ioplug before and after
/// the call.
///
/// It follows pcm.c and pcm_ioplug.c of alsa-lib 1.2.8. Each store is a choice point, because no
/// lock of the plugin guards it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/client_call.h"
#include "engine/dma/dma_device.h"
#include "plugin/pcm/substream.h"
#include "tests/interleaving/explorer.h"
#include "tests/interleaving/shown_state.h"

namespace dmasim::sim {

inline constexpr snd_pcm_uframes_t kPeriodFrames =
    8;  // one frame is one byte and lasts one millisecond
inline constexpr snd_pcm_uframes_t kBufferFrames = 16;
inline constexpr int64_t kFrameNs = 1'000'000;

/// The room of a sink. A recorder's thread makes more of it. It outlives the sink.
class Room {
 public:
  explicit Room(uint64_t frames) : frames_(frames) { name(&lock_, "room"); }
  /// The recorder has written so many frames.
  void make(uint64_t frames) DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    frames_ += frames;
    call_.make(lock_);
  }
  [[nodiscard]] uint64_t frames(uint64_t wanted) DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    if (frames_ < wanted) call_.want();
    return std::min(frames_, wanted);
  }
  void take(uint64_t frames) DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    check(frames <= frames_, "more frames than there is room for");
    frames_ -= frames;
  }
  void on_room(const std::function<void()>& call) DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    call_.set(lock_, call);
  }

 private:
  Mutex lock_;
  uint64_t frames_ DMASIM_GUARDED_BY(lock_);
  ClientCall call_ DMASIM_GUARDED_BY(lock_);
};

/// A sink that checks that no two hooks use it at the same time, such as look() during configure().
/// It keeps the committed bytes.
class GuardedSink final : public Sink {
 public:
  /// Null: it always has room.
  explicit GuardedSink(Room* room) : room_(room) {}
  Result<void> look(const PcmFormat&) override DMASIM_EXCLUDES(lock_);
  Result<void> configure(const PcmFormat&, uint64_t) override DMASIM_EXCLUDES(lock_);
  void write(std::span<const std::byte> bytes, bool committed) noexcept override;
  [[nodiscard]] uint64_t room_frames(uint64_t wanted) noexcept override {
    return room_ != nullptr ? room_->frames(wanted) : wanted;
  }
  void on_room(const std::function<void()>& call) override {
    if (room_ != nullptr) room_->on_room(call);
  }
  void release() noexcept override;
  void flush_async() noexcept override {}
  Result<void> flush() override { return {}; }
  [[nodiscard]] SinkStats stats() const noexcept override { return {}; }

  /// From now on look() and configure() wait for unblock_configure(), as for a slow disk.
  void block_configure() DMASIM_EXCLUDES(lock_);
  void unblock_configure() DMASIM_EXCLUDES(lock_);
  /// Whether configure() was called after the last release().
  [[nodiscard]] bool configured() DMASIM_EXCLUDES(lock_);

  std::vector<std::byte> written;  ///< the committed bytes; read it when no fiber runs

 private:
  void enter() DMASIM_EXCLUDES(lock_);
  void leave() DMASIM_EXCLUDES(lock_);

  Room* const room_;
  Mutex lock_;
  CondVar released_;
  bool busy_ DMASIM_GUARDED_BY(lock_) = false;  // a fiber is in look() or configure()
  bool blocked_ DMASIM_GUARDED_BY(lock_) = false;
  bool configured_ DMASIM_GUARDED_BY(lock_) = false;
};

struct ModelSetup {
  /// By default above the buffer size: then only the end of the stream wakes a sleeper.
  snd_pcm_uframes_t avail_min = kBufferFrames + 1;
  uint32_t fifo_frames = 0;
  Room* room = nullptr;  ///< if not null: a freerun stream, and its sink has this room
};

/// A playback PCM with the calls that an application makes.
class IoplugModel {
 public:
  /// Opens and prepares the PCM. Without `locking` it behaves as with LIBASOUND_THREAD_SAFE=0, or
  /// as with SND_PCM_ASYNC in the open mode.
  explicit IoplugModel(bool locking, const ModelSetup& setup = {});
  ~IoplugModel();

  /// snd_pcm_writei of frames that fit into the buffer, without a start threshold.
  int write(snd_pcm_uframes_t frames);
  int start();
  /// Writes a whole buffer and starts.
  void fill_and_start();
  int pause(bool enable);
  int drop();
  int drain();
  int prepare();
  /// snd_pcm_avail_update
  snd_pcm_sframes_t avail();
  /// Asks for the position as snd_pcm_avail does, but without alsa-lib's lock.
  void ask_position() { static_cast<void>(substream_->pointer()); }
  /// snd_pcm_wait: 0, or the error of the state that ended the wait.
  int wait();
  int hw_free();
  /// snd_pcm_close. The program has to call it before the destructor.
  void close();

  /// What snd_pcm_state would return.
  [[nodiscard]] snd_pcm_state_t state() const { return ShownState::load(io_); }
  /// Waits until snd_pcm_state would return `wanted`, without a call on the PCM.
  void await(snd_pcm_state_t wanted) { shown_.await(wanted); }
  /// Whether poll() would return at once.
  [[nodiscard]] bool shows_ready() { return sim::shows_ready(substream_->poll_level()); }
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

  Mutex lock_;  // alsa-lib's lock of the PCM
  const bool locking_;
  snd_pcm_ioplug_t io_{};
  ShownState shown_{io_};
  GuardedSink* sink_;
  std::unique_ptr<Substream> substream_;
  snd_pcm_uframes_t hw_ptr_ = 0;  // alsa-lib's own position; lock_ guards it
  snd_pcm_uframes_t last_hw_ = 0;
  bool setup_ = false;
};

}  // namespace dmasim::sim
