// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where captured frames come from. The DMA asks from the hardware role, under a channel's lock, so
/// read() only computes or copies; disks are a thread's business.
///
/// LIFETIME  one Source serves one PCM from open to close, through many rounds of configure and
///           read. It outlives the channel that it feeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "engine/dma/frame_time.h"
#include "engine/pcm/pcm_format.h"

namespace dmasim {

struct SourceStats {
  uint64_t read_frames = 0;  ///< handed out, over all rounds
  uint64_t late_frames = 0;  ///< handed out as silence because the disk had not answered in time
};

class Source {
 public:
  virtual ~Source() = default;

  /// [setup; prepare] See Sink::look.
  virtual Result<void> look(const PcmFormat& format) {
    static_cast<void>(format);
    return {};
  }

  /// [setup; start] Makes ready for read() of `format`; `burst_frames` is the most that one
  /// catch-up of the hardware can ask for. Called before each start; the frames go on where they
  /// were. Errors: ENOMEM (also for no thread), those of open(2) and read(2), EINVAL.
  virtual Result<void> configure(const PcmFormat& format, uint64_t burst_frames) = 0;

  /// [hardware; under the channel's lock] Fills whole frames. Never blocks.
  virtual void read(std::span<std::byte> out) noexcept = 0;

  /// [hardware; under the channel's lock] Goes on as if so many bytes, whole frames, had been read.
  virtual void skip(uint64_t bytes) noexcept = 0;

  /// [hardware; under the channel's lock] The next frame to be read is number `frame` of a clock:
  /// frame n is sampled at time.time_of(n). At a start, and after a pause.
  virtual void run(const FrameTime& time, uint64_t frame) noexcept {
    static_cast<void>(time), static_cast<void>(frame);
  }

  /// [any] There are no frames of this format any more, and the stream is over: somebody else has
  /// seen to that.
  [[nodiscard]] virtual bool broken() const noexcept { return false; }

  /// [setup] After look() or configure() has failed: see Sink::explain.
  [[nodiscard]] virtual std::string explain() const { return {}; }

  /// [any] The source is stopped; read() comes no more before the next configure(). Never waits.
  virtual void stop_async() noexcept {}

  [[nodiscard]] virtual SourceStats stats() const noexcept = 0;

  /// The only rate and channel count that this source has, where it has only one (a file).
  struct Shape {
    uint32_t channels;
    uint32_t rate_hz;
  };
  [[nodiscard]] virtual std::optional<Shape> shape() const noexcept { return std::nullopt; }
};

/// Zeroes (for u8: 0x80), from the first frame to the last.
std::unique_ptr<Source> make_silence_source();

/// A sine of -12 dBFS on all channels; frame n is sin(2 pi frequency n / rate), whatever the
/// pacing. The phase is exact for ever; the frequency counts to 10^-9 Hz.
std::unique_ptr<Source> make_tone_source(double frequency_hz);

/// Every frame knows its index: see counter_sample().
std::unique_ptr<Source> make_counter_source();

/// The bits of the sample of `channel` in frame `index`, in the low sample_bytes() bytes' worth of
/// bits (3 bytes for s24): a mix of both, so that a lost, doubled or swapped frame shows. For float
/// formats it is the value's bits; values lie in [-1, 1) and are never NaN.
[[nodiscard]] uint64_t counter_sample(SampleFormat format, uint64_t index,
                                      uint32_t channel) noexcept;

}  // namespace dmasim
