// SPDX-License-Identifier: LGPL-2.1-or-later
/// The device behind a substream's channel: the sink of a playback or the source of a capture, with
/// the port through which the channel moves frames.
///
/// THREADS   as engine/device/sink.h and source.h say for each function.
/// LIFETIME  from open to close of the PCM; longer than the channel.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/device/capture_port.h"
#include "engine/device/playback_port.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "engine/dma/dma_device.h"
#include "plugin/pcm/frame_span.h"
#include "plugin/pcm/hw_setup.h"

namespace dmasim {

/// The parts of a substream. The configuration chooses them.
struct SubstreamParts {
  std::shared_ptr<DmaDevice> dma_device;
  std::unique_ptr<Sink> sink;      ///< playback; a capture has none
  std::unique_ptr<Source> source;  ///< capture; a playback has none
  /// A freerun stream's own clock, which only hooks move: no time passes but by what the program
  /// does. The sink must not be a TimedSink, nor the source a TimedSource. Null: the controller's
  /// clock paces the stream.
  std::shared_ptr<ManualClock> freerun;
  uint32_t fifo_frames = 0;
  int32_t ppm = 0;
  std::function<int32_t()> ppm_at_start;  ///< asked at each start, in place of `ppm`; may be empty
  /// Fault: a period callback waits this long before it begins its work.
  int64_t slow_callback_ns = 0;
};

class SubstreamDevice {
 public:
  /// `parts` has a sink or a source, and outlives the object.
  explicit SubstreamDevice(const SubstreamParts& parts);

  /// Says whether the device can hold `format`.
  [[nodiscard]] bool holds(const PcmFormat& format) const noexcept;
  /// Says whether configure() would succeed now. Errors: those of Sink::look; ENOMEM.
  Result<void> look(const PcmFormat& format) const;
  /// Gets the device and the channel ready for a start. A freerun stream has no callbacks, and so
  /// starts no thread. Errors: those of Sink::configure and of Channel::slave_config and
  /// request_irq; ENOMEM.
  Result<void> configure(const HwSetup& hw, Channel& channel);
  /// After a start that failed: see Sink::release.
  void release() noexcept;

  /// Says whether the sink needs the frames before the DMA takes them. Only then are commit() and
  /// report_free_run() to be called.
  [[nodiscard]] bool is_timed_sink() const noexcept { return timed_sink_ != nullptr; }
  /// See TimedSink::commit and TimedSink::free_run.
  void commit(std::span<const std::byte> ring, uint64_t end_frames) noexcept;
  void report_free_run(std::span<const std::byte> ring, const FrameSpan& span) noexcept;

  /// How many of the next `wanted` frames can be moved at this moment: see Sink::room_frames and
  /// Source::ready_frames.
  [[nodiscard]] uint64_t movable_frames(uint64_t wanted) noexcept;
  /// See Sink::on_room and Source::on_ready.
  void on_movable(const std::function<void()>& on_movable);

  /// See Sink::flush_async and Sink::flush. A source has nothing to flush.
  void flush_async() noexcept;
  Result<void> flush();

  /// See TimedSource::broken. Other devices never end.
  [[nodiscard]] bool has_ended() const noexcept {
    return timed_source_ != nullptr && timed_source_->broken();
  }
  /// Frames that were played or captured, of all starts.
  [[nodiscard]] uint64_t passed_frames() const noexcept;
  [[nodiscard]] SinkStats sink_stats() const noexcept;
  [[nodiscard]] SourceStats source_stats() const noexcept;
  [[nodiscard]] std::string explain() const;
  [[nodiscard]] std::string recorded_into() const;

 private:
  Result<void> configure_ends(const HwSetup& hw);

  const SubstreamParts& parts_;
  Sink* const sink_;
  Source* const source_;
  TimedSink* const timed_sink_;      // null if the sink needs no times
  TimedSource* const timed_source_;  // null if the source needs none
  std::optional<PlaybackPort> playback_port_;
  std::optional<CapturePort> capture_port_;
};

}  // namespace dmasim
