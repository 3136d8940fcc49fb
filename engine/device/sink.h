// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where played frames go. The hardware role calls write() under a channel's lock, so write() only
/// copies into bounded memory. A thread of the sink's own writes to the disk.
///
/// LIFETIME  one Sink serves one PCM from open to close, through many starts: each is
///           configure, write..., flush. It outlives the channel that feeds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "engine/dma/frame_time.h"
#include "engine/pcm/gain.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// Frames since the sink was made, over all starts.
struct SinkStats {
  uint64_t written_frames = 0;  ///< given to write() as committed, those lost included
  uint64_t lost_frames = 0;     ///< committed, but not kept: the queue was full or the disk refused
  int last_error = 0;  ///< errno of the newest refusal, 0 if none; ENOBUFS: the queue was full,
                       ///< ETIMEDOUT: flush() gave up
  Gain least_gain{};   ///< the lowest that frames were turned down to, of each side
};

/// The second interface of a sink whose frames another process plays at the right time, even while
/// no thread of this process runs: a cable. It gets the frames before the DMA takes them, and the
/// clock by which they come out.
///
/// Frames are counted from 0 at each Sink::configure().
class TimedSink {
 public:
  /// [client] The client has written the frames up to `end`. Frame n lies in `ring` at n modulo the
  /// ring's frames, and does not change before the next call. `end` may move back: the frames
  /// behind it are then committed again. Never blocks.
  virtual void commit(std::span<const std::byte> ring, uint64_t end) noexcept = 0;
  /// [client] The DMA does not stop at the client's position. Frames `from` to `to`, at most one
  /// lap of the ring, will come out as they lie in `ring` now, committed or not. A later commit()
  /// withdraws those beyond its end. Never blocks.
  virtual void free_run(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept = 0;
  /// [hardware; under the channel's lock] At a start and after a pause: frame n, from `frame` on,
  /// comes out when time.frames_at() passes n + `depth`. Answers false if that moment is over
  /// already; the channel may then call again with a later start.
  virtual bool run(const FrameTime& time, uint64_t depth, uint64_t frame) noexcept = 0;
  /// [hardware; under the channel's lock] Frames before `frame` come out as they were to. No later
  /// frame does before the next run().
  virtual void pause(uint64_t frame) noexcept = 0;
  /// [hardware; under the channel's lock] As pause(), and no run() follows before the next
  /// configure().
  virtual void stop(uint64_t frame) noexcept = 0;

 protected:
  ~TimedSink() = default;
};

class Sink {
 public:
  virtual ~Sink() = default;

  /// [setup; prepare] Says whether configure() would succeed now. It locks nothing, makes nothing
  /// and starts no thread, so another stream may be faster, and the start fails then. Errors: those
  /// of configure() that can be found out like that.
  virtual Result<void> look(const PcmFormat& format) {
    static_cast<void>(format);
    return {};
  }

  /// [setup; start] Gets ready for frames of `format`. One catch-up of the hardware brings at most
  /// `burst_frames` of them: the PCM's buffer, and for a sink that is no TimedSink the FIFO in
  /// front of it. The substream calls it before each start; if the format is the same as before,
  /// the sink goes on where it was. It may open files and start a thread. Errors: those of open(2);
  /// EBUSY (in use by another stream); ENOMEM (also for no thread); EINVAL (a format the file type
  /// cannot hold).
  virtual Result<void> configure(const PcmFormat& format, uint64_t burst_frames) = 0;

  // What the code around a sink has to know of it. The answers never change.

  /// [any] Says whether the sink can keep frames of `format`, at each rate from the format's own up
  /// to `most_hz`.
  [[nodiscard]] virtual bool holds_rates(const PcmFormat& format, uint32_t most_hz) const noexcept {
    static_cast<void>(format), static_cast<void>(most_hz);
    return true;
  }
  /// The same for the one rate of `format`.
  [[nodiscard]] bool holds(const PcmFormat& format) const noexcept {
    return holds_rates(format, format.rate_hz);
  }
  /// [any] Says whether the card's volume acts on the frames. It does not if nobody gets them.
  [[nodiscard]] virtual bool has_volume() const noexcept { return true; }
  /// [any] Says whether frames wait in this process before they reach their place, so that exit()
  /// has to call flush().
  [[nodiscard]] virtual bool flush_at_exit() const noexcept { return false; }

  /// [hardware; under the channel's lock] Takes whole frames, in their order. Never blocks.
  /// `committed` is false for frames that the DMA read beyond the client's position: what was left
  /// in the ring.
  virtual void write(std::span<const std::byte> bytes, bool committed) noexcept = 0;

  /// [any] How many more frames write() can keep at this moment, for a client that can wait.
  /// `wanted` is at most the burst of configure(), so there comes a moment when it fits. A sink
  /// that answers less than `wanted` calls the function of on_room() when it has more room.
  [[nodiscard]] virtual uint64_t room_frames(uint64_t wanted) noexcept { return wanted; }
  /// [setup] `on_room` runs on a thread of the sink, without a lock of the sink. An empty function
  /// ends this: when the call returns, none runs, and none will. Must not be called by `on_room`.
  virtual void on_room(const std::function<void()>& /*on_room*/) {}

  /// [any] This sink as a TimedSink; null if it needs no times. The answer never changes, so the
  /// caller asks once and keeps it.
  [[nodiscard]] virtual TimedSink* timed() noexcept { return nullptr; }

  /// [setup] Undoes configure() after a start that failed elsewhere: drops exclusive locks, keeps
  /// the recording. The next configure() takes the locks again.
  virtual void release() noexcept {}

  /// [setup] After look() or configure() has failed: the reason for the user, as "cable = \"x\" is
  /// in use by process 7". Empty if the error number is enough.
  [[nodiscard]] virtual std::string explain() const { return {}; }

  /// [any] The name that the recording got if its pattern has a %n. Empty before that, and without
  /// %n.
  [[nodiscard]] virtual std::string recorded_into() const { return {}; }

  /// [any] Asks the sink to bring everything that was written so far to its place. Never waits.
  virtual void flush_async() noexcept = 0;

  /// [setup] Waits until everything has reached its place, or until FLUSH_MS pass without progress;
  /// the rest then counts as lost. Errors: EIO if frames were lost since the last flush(), or if
  /// the file could not be made valid.
  virtual Result<void> flush() = 0;

  [[nodiscard]] virtual SinkStats stats() const noexcept = 0;
};

/// Drops every frame.
std::unique_ptr<Sink> make_null_sink();

}  // namespace dmasim
