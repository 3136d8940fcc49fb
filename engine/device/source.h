// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where captured frames come from. The hardware role calls read() under a channel's lock, so
/// read() only computes or copies. A thread of the source's own reads from the disk.
///
/// LIFETIME  one Source serves one PCM from open to close, through many starts: each is configure,
///           read... It outlives the channel that it feeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "engine/dma/frame_time.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

struct SourceStats {
  uint64_t read_frames = 0;  ///< handed out, over all starts
  uint64_t late_frames = 0;  ///< of these: silence, because the frames were not there in time
};

/// The second interface of a source whose frames another process plays: a cable. It gets the clock
/// by which its frames are sampled.
class TimedSource {
 public:
  /// [hardware; under the channel's lock] At a start and after a pause: the next frame to be read
  /// has the number `frame`, and frame n is sampled at time.time_of(n).
  virtual void run(const FrameTime& time, uint64_t frame) noexcept = 0;
  /// [hardware; under the channel's lock] No read() comes before the next configure(). Never waits.
  virtual void stop() noexcept = 0;
  /// [any] Another program has changed the format of what this source plays. No more frames of this
  /// format will come, and the stream has to end.
  [[nodiscard]] virtual bool broken() const noexcept = 0;

 protected:
  ~TimedSource() = default;
};

class Source {
 public:
  virtual ~Source() = default;

  /// [setup; prepare] See Sink::look.
  virtual Result<void> look(const PcmFormat& format) {
    static_cast<void>(format);
    return {};
  }

  /// [setup; start] Gets ready for read() of `format`. One catch-up of the hardware asks for at
  /// most `burst_frames`. The substream calls it before each start; the source goes on where it
  /// was. Errors: ENOMEM (also if no thread can be made), those of open(2) and read(2), EINVAL.
  virtual Result<void> configure(const PcmFormat& format, uint64_t burst_frames) = 0;

  /// [hardware; under the channel's lock] Fills whole frames. Never blocks.
  virtual void read(std::span<std::byte> out) noexcept = 0;

  /// [hardware; under the channel's lock] Passes over so many bytes, whole frames, as if they had
  /// been read.
  virtual void skip(uint64_t bytes) noexcept = 0;

  /// [any] How many of the next `wanted` frames read() can give at this moment, for a client that
  /// can wait. A source that answers less than `wanted` calls the function of on_ready() when it
  /// has more.
  [[nodiscard]] virtual uint64_t ready_frames(uint64_t wanted) noexcept { return wanted; }
  /// [setup] See Sink::on_room.
  virtual void on_ready(const std::function<void()>& /*on_ready*/) {}

  /// [any] This source as a TimedSource; null if it needs no times. The answer never changes, so
  /// the caller asks once and keeps it.
  [[nodiscard]] virtual TimedSource* timed() noexcept { return nullptr; }

  /// [setup] After look() or configure() has failed: see Sink::explain.
  [[nodiscard]] virtual std::string explain() const { return {}; }

  [[nodiscard]] virtual SourceStats stats() const noexcept = 0;

  /// [any] Says whether the card's volume acts on the frames. It does not if they are silence.
  [[nodiscard]] virtual bool has_volume() const noexcept { return true; }

  /// [any] Says whether the source can make samples of `format`. The answer never changes.
  [[nodiscard]] virtual bool makes(SampleFormat format) const noexcept {
    static_cast<void>(format);
    return true;
  }

  /// Of a sound file: its rate and channel count, the only ones that this source has.
  struct Shape {
    uint32_t channels;
    uint32_t rate_hz;
  };
  [[nodiscard]] virtual std::optional<Shape> shape() const noexcept { return std::nullopt; }
};

/// Zeroes (for u8: 0x80, for DSD: 0x69), from the first frame to the last.
std::unique_ptr<Source> make_silence_source();

/// A sine of -12 dBFS on all channels; frame n is sin(2 pi frequency n / rate), whatever the
/// pacing. The phase is exact for ever; the frequency counts to 10^-9 Hz. It makes no DSD.
std::unique_ptr<Source> make_tone_source(double frequency_hz);

/// Every frame knows its index: see counter_sample().
std::unique_ptr<Source> make_counter_source();

/// The bits of the sample of `channel` in frame `index`, in the low sample_bytes() bytes' worth of
/// bits (3 bytes for s24): a mix of both, so that a lost, doubled or swapped frame shows. For float
/// formats it is the value's bits; values lie in [-1, 1) and are never NaN.
[[nodiscard]] uint64_t counter_sample(SampleFormat format, uint64_t index,
                                      uint32_t channel) noexcept;

}  // namespace dmasim
