// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/substream_device.h"

#include <cerrno>
#include <new>
#include <utility>

namespace dmasim {

SubstreamDevice::SubstreamDevice(const SubstreamParts& parts)
    : parts_(parts),
      sink_(parts.sink.get()),
      source_(parts.source.get()),
      timed_sink_(sink_ != nullptr ? sink_->timed() : nullptr),
      timed_source_(source_ != nullptr ? source_->timed() : nullptr) {
  if (sink_ != nullptr) playback_port_.emplace(*sink_);
  if (source_ != nullptr) capture_port_.emplace(*source_);
}

bool SubstreamDevice::holds(const PcmFormat& format) const noexcept {
  return sink_ == nullptr || sink_->holds(format);
}

Result<void> SubstreamDevice::look(const PcmFormat& format) const try {
  return sink_ != nullptr ? sink_->look(format) : source_->look(format);
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

Result<void> SubstreamDevice::configure_ends(const HwSetup& hw) {
  const auto frame_bytes = static_cast<uint32_t>(hw.format.frame_bytes());
  if (sink_ != nullptr) {
    // At a stop the FIFO's frames come out too. A TimedSink has to know the ring's size.
    const uint64_t in_fifo = is_timed_sink() ? 0 : parts_.fifo_frames;
    const Result<void> ready = sink_->configure(hw.format, hw.buffer_size + in_fifo);
    return ready ? playback_port_->configure(frame_bytes, parts_.fifo_frames) : ready;
  }
  const Result<void> ready = source_->configure(hw.format, hw.buffer_size);
  if (ready) capture_port_->configure(frame_bytes, parts_.fifo_frames);
  return ready;
}

Result<void> SubstreamDevice::configure(const HwSetup& hw, Channel& channel) try {
  if (const Result<void> ready = configure_ends(hw); !ready) return ready;
  const bool out = sink_ != nullptr;
  const Result<void> configured = channel.slave_config(
      {.direction = out ? Direction::mem_to_dev : Direction::dev_to_mem,
       .addr_width_bytes = static_cast<uint32_t>(sample_bytes(hw.format.sample)),
       .maxburst = hw.format.channels,
       .frames_per_s = hw.format.rate_hz,
       .ppm = parts_.ppm_at_start ? parts_.ppm_at_start() : parts_.ppm,
       .common_frame_clock = true,
       .start_delay_frames = out ? 0 : parts_.fifo_frames,
       .port = out ? static_cast<Port*>(&*playback_port_) : &*capture_port_});
  return configured && !parts_.freerun ? channel.request_irq() : configured;
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

void SubstreamDevice::release() noexcept {
  if (sink_ != nullptr) sink_->release();
}

void SubstreamDevice::commit(std::span<const std::byte> ring, uint64_t end_frames) noexcept {
  timed_sink_->commit(ring, end_frames);
}

void SubstreamDevice::report_free_run(std::span<const std::byte> ring,
                                      const FrameSpan& span) noexcept {
  if (!span.empty()) timed_sink_->free_run(ring, span.start_frames, span.end_frames());
}

uint64_t SubstreamDevice::movable_frames(uint64_t wanted) noexcept {
  return sink_ != nullptr ? sink_->room_frames(wanted) : source_->ready_frames(wanted);
}

void SubstreamDevice::on_movable(const std::function<void()>& on_movable) {
  if (sink_ != nullptr) {
    sink_->on_room(on_movable);
  } else {
    source_->on_ready(on_movable);
  }
}

void SubstreamDevice::flush_async() noexcept {
  if (sink_ != nullptr) sink_->flush_async();
}

Result<void> SubstreamDevice::flush() { return sink_ != nullptr ? sink_->flush() : Result<void>{}; }

uint64_t SubstreamDevice::passed_frames() const noexcept {
  return sink_ != nullptr ? sink_->stats().written_frames : source_->stats().read_frames;
}

SinkStats SubstreamDevice::sink_stats() const noexcept {
  return sink_ != nullptr ? sink_->stats() : SinkStats{};
}

SourceStats SubstreamDevice::source_stats() const noexcept {
  return source_ != nullptr ? source_->stats() : SourceStats{};
}

std::string SubstreamDevice::explain() const {
  return sink_ != nullptr ? sink_->explain() : source_->explain();
}

std::string SubstreamDevice::recorded_into() const {
  return sink_ != nullptr ? sink_->recorded_into() : std::string{};
}

}  // namespace dmasim
