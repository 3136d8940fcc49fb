// SPDX-License-Identifier: LGPL-2.1-or-later
/// The hooks: a substream's life from open to close. Positions, xruns and readiness are in
/// dmasim_pcm_position.cpp.
#include "plugin/dmasim_pcm.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace dmasim {
namespace {

/// Only used where the port of the other direction would be: never called.
std::unique_ptr<Sink> sink_or_null(std::unique_ptr<Sink> sink) {
  return sink ? std::move(sink) : make_null_sink();
}

std::unique_ptr<Source> source_or_silence(std::unique_ptr<Source> source) {
  return source ? std::move(source) : make_silence_source();
}

SubstreamParts complete(SubstreamParts parts) {
  parts.sink = sink_or_null(std::move(parts.sink));
  parts.source = source_or_silence(std::move(parts.source));
  return parts;
}

}  // namespace

Substream::Substream(snd_pcm_ioplug_t& io, snd_pcm_stream_t stream, SubstreamParts parts)
    : stream_(stream),
      parts_(complete(std::move(parts))),
      playback_port_(*parts_.sink),
      capture_port_(*parts_.source),
      io_(io) {}

Substream::~Substream() = default;

Result<void> Substream::open() {
  const auto sense = playback() ? PollLevel::Sense::writable : PollLevel::Sense::readable;
  if (Result<void> opened = poll_.open(sense); !opened) return opened;
  Result<ChannelHandle> channel = parts_.engine->request_chan([this] { alarm(); });
  if (!channel) return channel.as_errno();
  channel_ = std::move(*channel);
  return {};
}

/// From here on no start, no transfer; and what runs is being stopped.
void Substream::begin_quiesce() {
  quiescing_ = true;
  if (hardware_runs() || phase_ == Phase::paused) catch_up();
  channel_->terminate_async();
}

void Substream::wait_quiet() {
  // Cannot fail: no hook runs on a completion thread.
  [[maybe_unused]] const Result<void> synced = channel_->synchronize();
}

/// Frames that did not get through are counted by the sink; drain reports them, these hooks do not.
void Substream::flush_device() {
  if (playback()) [[maybe_unused]]
    const Result<void> flushed = parts_.sink->flush();
}

Result<void> Substream::hw_params(const HwSetup& hw) {
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    if (!may_reconfigure()) return Errno{EBADFD};
    begin_quiesce();
  }
  wait_quiet();
  Result<Ring> ring = Ring::allocate(hw.buffer_size * hw.format.frame_bytes());
  MutexLock guard(lock_);
  quiescing_ = false;
  ring_ = ring ? std::move(*ring) : Ring{};
  phase_ = ring ? Phase::setup : Phase::open;
  if (!ring) return ring.as_errno();
  hw_ = hw;
  sw_ = SwSetup{.avail_min = hw.period_size, .stop_threshold = hw.buffer_size, .boundary = 0};
  pointers_.configure(stream_, hw.buffer_size);
  pointers_.reset();
  ring_areas_.configure(ring_, hw.alsa_format, hw.format.channels, hw.buffer_size);
  ring_areas_.fill_silence();
  io_.set_state(SND_PCM_STATE_SETUP);
  publish();
  return {};
}

Result<void> Substream::hw_free() {
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    if (!may_reconfigure()) return Errno{EBADFD};
    begin_quiesce();
  }
  wait_quiet();
  flush_device();
  MutexLock guard(lock_);
  quiescing_ = false;
  ring_ = Ring{};
  phase_ = Phase::open;
  io_.set_state(SND_PCM_STATE_OPEN);
  publish();
  return {};
}

void Substream::sw_params(const SwSetup& sw) {
  MutexLock guard(lock_);
  if (hardware_runs()) catch_up();
  forgiven_frames_ = overtaken_frames_;
  sw_ = sw;
  pointers_.set_boundary(sw.boundary);
  update();
}

/// alsa-lib has zeroed its pointers already, so a refusal gives the application's one back; the
/// hardware's follows with the next pointer().
Result<void> Substream::prepare() {
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    if (phase_ == Phase::running || (phase_ == Phase::draining && playback())) {
      io_.set_appl_ptr(pointers_.appl_ptr());
      return Errno{EBUSY};
    }
    if (!ring_) return Errno{EBADFD};
    begin_quiesce();
  }
  wait_quiet();
  MutexLock guard(lock_);
  quiescing_ = false;
  pointers_.reset();
  in_flight_frames_ = 0;
  phase_ = Phase::prepared;
  publish();
  return {};
}

Result<void> Substream::start() {
  MutexLock guard(lock_);
  if (quiescing_ || phase_ != Phase::prepared) return Errno{EBADFD};
  refresh_appl_ptr();
  return start_locked();
}

Result<void> Substream::start_locked() {
  const bool free_running = sw_.stop_threshold >= pointers_.boundary();
  if (playback() && !free_running && pointers_.avail() >= pointers_.buffer_size()) {
    return Errno{EPIPE};
  }
  if (Result<void> ready = configure_device(); !ready) return ready;
  if (Result<void> irq = channel_->request_irq(); !irq) return irq;
  return issue();
}

Result<void> Substream::configure_device() {
  const auto frame_bytes = static_cast<uint32_t>(hw_.format.frame_bytes());
  const bool out = playback();
  Result<void> ready = out ? parts_.sink->configure(hw_.format, hw_.buffer_size)
                           : parts_.source->configure(hw_.format, hw_.buffer_size);
  if (ready && out) ready = playback_port_.configure(frame_bytes, parts_.fifo_frames);
  if (!ready) return ready;
  if (!out) capture_port_.configure(frame_bytes, parts_.fifo_frames);
  return channel_->slave_config(
      {.direction = out ? Direction::mem_to_dev : Direction::dev_to_mem,
       .frame_bytes = frame_bytes,
       .frames_per_s = hw_.format.rate_hz,
       .ppm = parts_.ppm,
       .start_delay_frames = out ? 0 : parts_.fifo_frames,
       .port = out ? static_cast<Port*>(&playback_port_) : &capture_port_});
}

Result<void> Substream::issue() {
  const Result<TxDescriptor*> transfer =
      channel_->prep_dma_cyclic(ring_.span(), hw_.period_size * hw_.format.frame_bytes(),
                                playback() ? Direction::mem_to_dev : Direction::dev_to_mem);
  if (!transfer) return transfer.as_errno();
  const uint64_t round = ++round_;
  (*transfer)->callback = [this, round](const TxResult&) { period_elapsed(round); };
  if (playback()) (*transfer)->before_advance = [this, round] { before_advance(round); };
  const Result<Cookie> cookie = channel_->submit(**transfer);
  if (!cookie) return cookie.as_errno();
  cookie_ = *cookie;
  phase_ = Phase::running;
  armed_frames_ = UINT64_MAX;
  overtaken_frames_ = forgiven_frames_ = 0;
  channel_->issue_pending();
  publish();
  return {};
}

/// Ends what runs, shows nothing: the phase that follows is alsa-lib's to show, or the caller's.
void Substream::halt(Phase next) noexcept {
  channel_->terminate_async();
  if (playback()) parts_.sink->flush_async();
  phase_ = next;
  in_flight_frames_ = 0;
}

void Substream::stop() noexcept {
  MutexLock guard(lock_);
  if (quiescing_ || !ring_) return;
  if (hardware_runs()) catch_up();
  halt(Phase::setup);
  publish();
}

Result<void> Substream::pause(bool enable) {
  MutexLock guard(lock_);
  if (quiescing_) return Errno{EBADFD};
  if (enable && phase_ == Phase::running) update();  // an xrun up to this moment comes first
  if (phase_ != (enable ? Phase::running : Phase::paused)) return Errno{EBADFD};
  const Result<void> done = enable ? channel_->pause() : channel_->resume();
  if (!done) return done;
  phase_ = enable ? Phase::paused : Phase::running;
  publish();
  return {};
}

Result<void> Substream::drain() {
  {
    MutexLock guard(lock_);
    if (Result<void> begun = begin_drain(); !begun) return begun;
  }
  if (Result<void> drained = wait_drained(); !drained) return drained;
  return playback() ? parts_.sink->flush() : Result<void>{};
}

/// alsa-lib shows DRAINING already. With a drain hook it starts no PREPARED stream itself; and it
/// drops whatever is not in SETUP when the hook returns without an error.
Result<void> Substream::begin_drain() {
  if (quiescing_) return Errno{EBADFD};
  refresh_appl_ptr();
  if (phase_ == Phase::prepared && playback() && pointers_.lead() > 0) {
    if (Result<void> started = start_locked(); !started) {
      io_.set_state(SND_PCM_STATE_PREPARED);
      return started;
    }
  }
  if (!hardware_runs()) return {};
  if (!playback()) {
    catch_up();
    halt(Phase::setup);
    publish();
    return {};
  }
  update();  // an xrun up to this moment comes first
  if (phase_ != Phase::running) return {};
  phase_ = Phase::draining;
  update();
  return {};
}

/// Waits in poll(), which a signal interrupts: snd_pcm_abort tells in no other way.
Result<void> Substream::wait_drained() {
  for (;;) {
    {
      MutexLock guard(lock_);
      if (phase_ != Phase::draining) return {};
      const int nonblock = io_.nonblock();
      if (nonblock != 0) return Errno{nonblock == 2 ? EINTR : EAGAIN};
    }
    [[maybe_unused]] const bool ready = poll_.wait();
  }
}

Result<snd_pcm_uframes_t> Substream::transfer(const snd_pcm_channel_area_t* areas,
                                              snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
  MutexLock guard(lock_);
  if (phase_ == Phase::xrun) {
    show_latched_xrun();
    return Errno{EPIPE};
  }
  if (quiescing_ || !ring_) return Errno{EBADFD};
  refresh_appl_ptr();
  const snd_pcm_uframes_t at = pointers_.appl_ptr() % hw_.buffer_size;
  if (playback()) {
    ring_areas_.copy_in(*channel_, at, areas, offset, size);
  } else if (hw_.mmap) {
    // The view has to be right beyond this piece too: PipeWire reads on across the wrap.
    const snd_pcm_uframes_t filled = std::min(pointers_.avail(), hw_.buffer_size);
    ring_areas_.copy_out_wrapped(*channel_, at, areas, offset, std::max(filled, size));
    return size;
  } else {
    ring_areas_.copy_out(*channel_, at, areas, offset, size);
    update();  // the DMA may have lapped us meanwhile
    if (phase_ == Phase::xrun) {
      show_latched_xrun();
      return Errno{EPIPE};
    }
  }
  pointers_.set_appl_ptr(pointers_.appl_ptr_after(size));  // as alsa-lib will, right after this
  publish();
  return size;
}

void Substream::close() {
  if (!channel_) return;
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    if (channel_->in_callback()) ++closes_during_callback_;
    begin_quiesce();
  }
  wait_quiet();
  flush_device();
  MutexLock guard(lock_);
  ring_ = Ring{};
  phase_ = Phase::open;
}

SubstreamStats Substream::stats() {
  MutexLock guard(lock_);
  return {.irq = channel_ ? channel_->irq_stats() : IrqStats{},
          .sink = parts_.sink->stats(),
          .source = parts_.source->stats(),
          .hw = hw_,
          .starts = round_,
          .xruns = xruns_,
          .closes_during_callback = closes_during_callback_};
}

}  // namespace dmasim
