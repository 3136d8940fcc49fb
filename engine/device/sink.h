// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where played frames go. The DMA hands them over from the hardware role, under a channel's lock,
/// so write() only ever copies into bounded memory; disks are a thread's business.
///
/// LIFETIME  one Sink serves one PCM from open to close, through many rounds of
///           configure, write..., flush. It outlives the channel that feeds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "engine/dma/frame_time.h"
#include "engine/pcm/gain.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// Frames since the sink was made, over all rounds.
struct SinkStats {
  uint64_t written_frames = 0;  ///< given to write() as committed, those lost included
  uint64_t lost_frames = 0;     ///< committed, but not kept: the queue was full or the disk refused
  int last_error = 0;  ///< errno of the newest refusal, 0 if none; ENOBUFS: the queue was full,
                       ///< ETIMEDOUT: flush() gave up
  Gain least_gain{};   ///< the lowest that frames were turned down to, of each side
};

class Sink {
 public:
  virtual ~Sink() = default;

  /// [setup; prepare] Whether configure() could take what it takes: takes nothing, makes nothing,
  /// starts no thread. Others may take it before the start, which then fails all the same. Errors:
  /// those of configure() that can be known without taking anything.
  virtual Result<void> look(const PcmFormat& format) {
    static_cast<void>(format);
    return {};
  }

  /// [setup; start] Makes ready for frames of `format`; `burst_frames` is the most that one
  /// catch-up of the hardware can bring (the PCM's buffer). Called before each start; with the same
  /// format again it goes on where it was. May open files and start a thread.
  /// Errors: those of open(2); EBUSY (in use by another stream); ENOMEM (also for no thread);
  /// EINVAL (a format the file type cannot hold).
  virtual Result<void> configure(const PcmFormat& format, uint64_t burst_frames) = 0;

  /// [any] Whether configure() can take `format` as far as the file type goes.
  [[nodiscard]] virtual bool holds(const PcmFormat& format) const noexcept {
    static_cast<void>(format);
    return true;
  }

  /// [hardware; under the channel's lock] Takes whole frames, first come first. Never blocks.
  /// `committed` is false for what the DMA read past the client's position: ring leftovers.
  virtual void write(std::span<const std::byte> bytes, bool committed) noexcept = 0;

  // What a sink needs that is heard elsewhere at the right time, whoever wakes here or does not. A
  // round begins with configure(); its frames are counted from 0. Others leave these as they are.

  /// [client] Frames of the round up to `end` are the client's; frame n lies at n % its size in
  /// `ring`, which is stable up to the next call. `end` may move back, and what follows it is then
  /// taken anew. Never blocks.
  virtual void commit(std::span<const std::byte> ring, uint64_t end) noexcept {
    static_cast<void>(ring), static_cast<void>(end);
  }
  /// [client] The DMA runs on over its ring: frames `from` to `to`, at most a ring of them, come
  /// out as they lie in `ring` now, committed or not. A commit() takes back what is beyond its end.
  /// Never blocks.
  virtual void run_over(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept {
    static_cast<void>(ring), static_cast<void>(from), static_cast<void>(to);
  }
  /// [hardware; under the channel's lock] From `frame` on, frames come out as `time` says, `depth`
  /// frames late: frame n when time.frames_at() passes n + depth. At a start, and after a pause.
  /// False: told too late for that; the start may come again, later.
  virtual bool run(const FrameTime& time, uint64_t depth, uint64_t frame) noexcept {
    static_cast<void>(time), static_cast<void>(depth), static_cast<void>(frame);
    return true;
  }
  /// [hardware; under the channel's lock] Frames before `frame` have come out or still will; no
  /// further one does before the next run().
  virtual void pause(uint64_t frame) noexcept { static_cast<void>(frame); }
  /// [hardware; under the channel's lock] The same, and the round is over.
  virtual void stop(uint64_t frame) noexcept { static_cast<void>(frame); }

  /// [setup] A start for which configure() succeeded fails elsewhere: lets go of what others wait
  /// for and the next configure() takes again. Not of what has been recorded.
  virtual void release() noexcept {}

  /// [setup] After look() or configure() has failed: whose fault it was, as "cable = \"x\" is in
  /// use by process 7". Empty where the error says it all.
  [[nodiscard]] virtual std::string explain() const { return {}; }

  /// [any] The file that a name with %n has become; empty before that, and without %n.
  [[nodiscard]] virtual std::string recorded_into() const { return {}; }

  /// [any] Asks for everything written so far to reach its place. Never waits.
  virtual void flush_async() noexcept = 0;

  /// [setup] Waits until it has, or until FLUSH_MS pass without progress; the rest then counts as
  /// lost. Errors: EIO when frames were lost since the last successful or failed wait, or the file
  /// could not be made valid.
  virtual Result<void> flush() = 0;

  [[nodiscard]] virtual SinkStats stats() const noexcept = 0;
};

/// Keeps nothing, costs nothing.
std::unique_ptr<Sink> make_null_sink();

}  // namespace dmasim
