// SPDX-License-Identifier: LGPL-2.1-or-later
/// The hooks: a substream's life from open to close. Positions, xruns and readiness are in
/// substream_position.cpp.
#include "plugin/pcm/substream.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "plugin/process/signals.h"

namespace dmasim {
namespace {

constexpr size_t kXrunsNoted = 1000;  // reserved at the start, so that no callback allocates

/// For the port of the direction that the substream does not have. The sink is never called.
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

/// The kernel's rule: silence_size, if it is not endless, must not be above silence_threshold.
bool silence_fits(const SwSetup& sw, snd_pcm_uframes_t buffer_size) {
  if (sw.silence_size >= sw.boundary) return sw.silence_threshold == 0;
  return sw.silence_size <= sw.silence_threshold && sw.silence_threshold <= buffer_size;
}

}  // namespace

Substream::Substream(snd_pcm_ioplug_t& io, snd_pcm_stream_t stream, SubstreamParts parts)
    : stream_(stream),
      parts_(complete(std::move(parts))),
      playback_port_(*parts_.sink),
      capture_port_(*parts_.source),
      io_(io) {
  xrun_frames_.reserve(kXrunsNoted);
}

Substream::~Substream() = default;

Result<void> Substream::open() {
  const auto sense = playback() ? PollLevel::Sense::writable : PollLevel::Sense::readable;
  if (Result<void> opened = poll_.open(sense); !opened) return opened;
  Result<ChannelHandle> channel = parts_.engine->request_chan([this] { alarm(); });
  if (!channel) return channel.as_errno();
  channel_ = std::move(*channel);
  MutexLock guard(lock_);
  publish();
  return {};
}

/// Waits until no start is under way. alsa-lib does not call all hooks under its lock. stop() does
/// not wait: the start sees afterwards that it was stopped.
void Substream::await_start() {
  while (starting_) started_.wait(lock_);
}

/// From here on start and transfer are refused. A running transfer of the channel is terminated.
void Substream::begin_quiesce() {
  quiescing_ = true;
  if (hardware_runs() || phase_ == Phase::paused) catch_up();
  channel_->terminate_async();
}

void Substream::wait_quiet() {
  // It cannot fail, because no hook runs on a completion thread.
  [[maybe_unused]] const Result<void> synced = channel_->synchronize();
}

/// The sink counts the frames that were lost. drain() reports them; the hooks that call this do
/// not.
void Substream::flush_device() {
  if (playback()) [[maybe_unused]]
    const Result<void> flushed = parts_.sink->flush();
}

Result<void> Substream::hw_params(const HwSetup& hw) {
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    await_start();
    if (!may_reconfigure()) return Errno{EBADFD};
    if (!parts_.sink->holds(hw.format)) return Errno{EINVAL};
    begin_quiesce();
  }
  wait_quiet();
  Result<Ring> ring = Ring::allocate(hw.buffer_size * hw.format.frame_bytes());
  MutexLock guard(lock_);
  quiescing_ = false;
  mapped_ = nullptr;
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
    await_start();
    if (!may_reconfigure()) return Errno{EBADFD};
    begin_quiesce();
  }
  wait_quiet();
  flush_device();
  MutexLock guard(lock_);
  quiescing_ = false;
  mapped_ = nullptr;
  ring_ = Ring{};
  phase_ = Phase::open;
  io_.set_state(SND_PCM_STATE_OPEN);
  publish();
  return {};
}

Result<void> Substream::sw_params(const SwSetup& sw) {
  MutexLock guard(lock_);
  if (!silence_fits(sw, hw_.buffer_size)) return Errno{EINVAL};
  if (hardware_runs()) catch_up();
  forgiven_frames_ = overtaken_frames_;
  sw_ = sw;
  if (sw_.stop_threshold == 0) sw_.stop_threshold = hw_.buffer_size;
  pointers_.set_boundary(sw.boundary);
  if (hardware_runs()) begin_silence();
  const bool ran = phase_ == Phase::running;
  update();
  return ran && phase_ == Phase::xrun ? Result<void>(Errno{EPIPE}) : Result<void>{};
}

Result<void> Substream::start() {
  MutexLock guard(lock_);
  if (quiescing_ || starting_ || phase_ != Phase::prepared) return Errno{EBADFD};
  refresh_appl_ptr();
  return start_prepared();
}

/// The device opens files and starts threads without lock_, because pointer() must not wait for a
/// disk. If the start fails, the sink releases its exclusive locks.
Result<void> Substream::start_prepared() {
  if (playback() && !free_running() && pointers_.avail() >= pointers_.buffer_size()) {
    return Errno{EPIPE};
  }
  starting_ = true;
  const HwSetup hw = hw_;
  lock_.unlock();
  const Result<void> ready = configure_device(hw);
  lock_.lock();
  starting_ = false;
  started_.notify_all();
  const bool undone = phase_ != Phase::prepared;  // stopped in the meantime
  const Result<void> started = !ready ? ready : undone ? Result<void>(Errno{EBADFD}) : issue();
  if (!started && playback()) parts_.sink->release();
  return started;
}

/// Nothing else uses the device in the meantime: the last transfer has been synchronized, and no
/// other start or prepare begins before this one ends.
Result<void> Substream::configure_device(const HwSetup& hw) try {
  const auto frame_bytes = static_cast<uint32_t>(hw.format.frame_bytes());
  const bool out = playback();
  Result<void> ready = out ? parts_.sink->configure(hw.format, hw.buffer_size)
                           : parts_.source->configure(hw.format, hw.buffer_size);
  if (ready && out) ready = playback_port_.configure(frame_bytes, parts_.fifo_frames);
  if (!ready) return ready;
  if (!out) capture_port_.configure(frame_bytes, parts_.fifo_frames);
  ready = channel_->slave_config(
      {.direction = out ? Direction::mem_to_dev : Direction::dev_to_mem,
       .addr_width_bytes = static_cast<uint32_t>(sample_bytes(hw.format.sample)),
       .maxburst = hw.format.channels,
       .frames_per_s = hw.format.rate_hz,
       .ppm = parts_.ppm_at_start ? parts_.ppm_at_start() : parts_.ppm,
       .common_frame_clock = true,
       .start_delay_frames = out ? 0 : parts_.fifo_frames,
       .port = out ? static_cast<Port*>(&playback_port_) : &capture_port_});
  return ready ? channel_->request_irq() : ready;
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

/// Copies the committed frames of a mapped buffer again. Until the start the program may change
/// them, and the changed frames are played.
void Substream::copy_mapped() {
  if (mapped_ == nullptr) return;
  const snd_pcm_uframes_t ahead = std::min<uint64_t>(pointers_.appl_frames(), hw_.buffer_size);
  ring_areas_.copy_in(*channel_, 0, mapped_, 0, ahead);
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
  copy_mapped();
  begin_silence();
  commit();
  channel_->issue_pending();
  publish();
  return {};
}

/// Terminates the transfer and sets the phase. Does not store io.state: alsa-lib or the caller
/// does.
void Substream::halt(Phase next, Fifo fifo) noexcept {
  channel_->terminate_async(fifo);
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
  const Result<void> done = enable ? pause_hardware() : channel_->resume();
  if (!done) return done;
  phase_ = enable ? Phase::paused : Phase::running;
  publish();
  return {};
}

/// Pauses at the moment for which the client's position is known, as each advance does.
Result<void> Substream::pause_hardware() {
  const int64_t now_ns = parts_.engine->clock().now_ns();
  refresh_appl_ptr();
  const Result<void> paused = channel_->pause(commit_limit_bytes(), now_ns);
  if (paused) catch_up();
  return paused;
}

/// After success alsa-lib drops a stream that is not in SETUP yet, and this drop sets the time
/// stamp of the end. So here SETUP is stored only after an error.
Result<void> Substream::drain() {
  {
    MutexLock guard(lock_);
    if (Result<void> begun = begin_drain(); !begun) return begun;
    ++drainers_;
  }
  Result<void> drained = wait_drained();
  if (drained && playback()) drained = parts_.sink->flush();
  MutexLock guard(lock_);
  --drainers_;
  if (!drained && phase_ == Phase::setup) io_.set_state(SND_PCM_STATE_SETUP);
  return drained;
}

/// alsa-lib shows DRAINING already. If there is a drain hook, alsa-lib does not start a PREPARED
/// stream itself. When the hook returns without an error, alsa-lib drops a stream that is not in
/// SETUP.
Result<void> Substream::begin_drain() {
  await_start();
  if (quiescing_) return Errno{EBADFD};
  refresh_appl_ptr();
  if (phase_ == Phase::prepared && playback() && pointers_.lead() > 0) {
    if (Result<void> started = start_prepared(); !started) {
      if (phase_ == Phase::prepared) io_.set_state(SND_PCM_STATE_PREPARED);
      return started;
    }
  }
  if (phase_ == Phase::prepared) halt(Phase::setup);  // nothing to play
  update();                                           // an xrun up to this moment comes first
  if (phase_ != Phase::running) return {};
  if (playback()) {
    phase_ = Phase::draining;
    silence_the_rest();
    update();
  } else {
    begin_capture_drain();
  }
  return {};
}

/// After a blocking drain alsa-lib drops the stream, even if there are frames to read.
void Substream::begin_capture_drain() {
  const bool keeps = io_.nonblock() != 0 && pointers_.avail() > 0;
  halt(keeps ? Phase::draining : Phase::setup);
  publish();
}

/// Waits in poll(), because a signal interrupts it. snd_pcm_abort wakes a drain only by a signal.
Result<void> Substream::wait_drained() {
  for (bool interrupted = false;; interrupted = !poll_.wait() && signals_interrupt()) {
    MutexLock guard(lock_);
    if (const auto answer = drain_answer(interrupted)) return *answer;
  }
}

/// Empty while a playback drains: then the caller waits. A capture that drains has stopped already.
/// In non-blocking mode the answer is EAGAIN even if the drain has just ended, as the kernel's is.
std::optional<Result<void>> Substream::drain_answer(bool interrupted) {
  const int nonblock = io_.nonblock();
  if (nonblock == 1 && (phase_ == Phase::draining || phase_ == Phase::setup)) return Errno{EAGAIN};
  if (phase_ != Phase::draining || !playback()) return Result<void>{};
  if (nonblock != 0 || interrupted) return Errno{EINTR};
  return std::nullopt;
}

Result<snd_pcm_uframes_t> Substream::transfer(const snd_pcm_channel_area_t* areas,
                                              snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
  MutexLock guard(lock_);
  if (phase_ == Phase::xrun) {
    show_latched_xrun();
    if (!hw_.mmap) return Errno{EPIPE};  // a mapped buffer is only memory: no error
  }
  if (quiescing_ || !ring_) return Errno{EBADFD};
  refresh_appl_ptr();
  if (playback()) return copy_from_client(areas, offset, size);
  return copy_to_client(areas, offset, size);
}

/// The frames that this answers as taken are played, unless the program drops them. An xrun that
/// came before the write makes it fail. A later xrun can only come behind these frames.
Result<snd_pcm_uframes_t> Substream::copy_from_client(const snd_pcm_channel_area_t* areas,
                                                      snd_pcm_uframes_t offset,
                                                      snd_pcm_uframes_t size) {
  if (hw_.mmap) mapped_ = areas;
  const snd_pcm_uframes_t from = pointers_.appl_ptr();
  ring_areas_.copy_in(*channel_, from % hw_.buffer_size, areas, offset, size);
  const uint64_t from_frames = pointers_.appl_frames();
  run_over_changed({.start_frames = from_frames, .count_frames = size});
  io_.set_appl_ptr(pointers_.transferred(size));
  update(from_frames);  // the DMA may have passed these frames before they were written
  if (phase_ != Phase::xrun || hw_.mmap) return size;
  io_.set_appl_ptr(from);
  show_latched_xrun();
  return Errno{EPIPE};
}

Result<snd_pcm_uframes_t> Substream::copy_to_client(const snd_pcm_channel_area_t* areas,
                                                    snd_pcm_uframes_t offset,
                                                    snd_pcm_uframes_t size) {
  const snd_pcm_uframes_t at = pointers_.appl_ptr() % hw_.buffer_size;
  if (hw_.mmap) {
    // Copies all available frames, not only this piece: PipeWire reads on across the ring's end.
    const snd_pcm_uframes_t filled = std::min(pointers_.avail(), hw_.buffer_size);
    ring_areas_.copy_out_wrapped(*channel_, at, areas, offset, std::max(filled, size));
    return size;
  }
  ring_areas_.copy_out(*channel_, at, areas, offset, size);
  update();  // the DMA may have overwritten these frames while they were copied
  if (phase_ == Phase::xrun) {
    show_latched_xrun();
    return Errno{EPIPE};
  }
  io_.set_appl_ptr(pointers_.transferred(size));
  publish();
  return size;
}

void Substream::close() {
  if (!channel_) return;
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    await_start();
    if (channel_->in_callback()) ++closes_during_callback_;
    begin_quiesce();
  }
  wait_quiet();
  flush_device();
  MutexLock guard(lock_);
  ring_ = Ring{};
  phase_ = Phase::open;
}

unsigned Substream::channels() {
  MutexLock guard(lock_);
  return phase_ == Phase::open ? 0 : hw_.format.channels;
}

bool Substream::prepared() {
  MutexLock guard(lock_);
  return phase_ == Phase::prepared;
}

SubstreamStats Substream::stats() {
  MutexLock guard(lock_);
  return {.irq = channel_ ? channel_->irq_stats() : IrqStats{},
          .sink = parts_.sink->stats(),
          .source = parts_.source->stats(),
          .hw = hw_,
          .appl_ptr = pointers_.appl_ptr(),
          .hw_ptr = pointers_.hw_ptr(),
          .starts = round_,
          .xruns = xruns_,
          .xrun_frames = xrun_frames_,
          .closes_during_callback = closes_during_callback_};
}

}  // namespace dmasim
