// SPDX-License-Identifier: LGPL-2.1-or-later
/// A substream's life from open to close. The other hooks are in substream_position.cpp,
/// substream_prepare.cpp, substream_transfer.cpp and substream_drain.cpp.
#include "plugin/pcm/substream.h"

#include <cerrno>
#include <utility>

namespace dmasim {
namespace {

constexpr size_t kXrunsNoted = 1000;  // reserved at the start, so that no callback allocates

}  // namespace

Substream::Substream(snd_pcm_ioplug_t& io, snd_pcm_stream_t stream, SubstreamParts parts)
    : parts_(std::move(parts)),
      clock_(parts_.freerun ? *parts_.freerun : parts_.dma_device->clock()),
      device_(parts_),
      state_(stream, parts_.fifo_frames, parts_.freerun != nullptr),
      io_(io) {
  xrun_frames_.reserve(kXrunsNoted);
}

Substream::~Substream() = default;

Result<void> Substream::open() {
  MutexLock guard(lock_);
  const bool ready = state_.readiness().level.value_or(false);
  guard.unlock();
  const auto sense = parts_.sink ? PollLevel::Sense::writable : PollLevel::Sense::readable;
  if (Result<void> opened = poll_.open(sense, ready); !opened) return opened;
  Result<ChannelHandle> channel =
      parts_.dma_device->request_chan([this] { alarm(); }, parts_.freerun);
  if (!channel) return channel.as_errno();
  channel_ = std::move(*channel);
  if (parts_.freerun) device_.on_movable([this] { device_goes_on(); });
  return {};
}

/// Waits until no start is under way. alsa-lib does not call all hooks under its lock. stop() does
/// not wait: the start sees afterwards that it was stopped.
void Substream::await_start() {
  while (starting_) started_.wait(lock_);
}

/// From here on start and transfer are refused. A running transfer of the channel is terminated.
void Substream::begin_quiesce() {
  state_.quiesce();
  if (state_.hardware_runs() || state_.phase() == Phase::paused) catch_up();
  channel_->terminate_async();
}

void Substream::wait_quiet() {
  // It cannot fail, because no hook runs on a completion thread.
  [[maybe_unused]] const Result<void> synced = channel_->synchronize();
}

Actions Substream::free_ring() {
  mapped_ = nullptr;
  ring_ = Ring{};
  return state_.hw_free();
}

Result<void> Substream::hw_params(const HwSetup& hw) {
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    await_start();
    if (const int error = state_.refusal(Hook::hw_params); error != 0) return Errno{error};
    if (!device_.holds(hw.format)) return Errno{EINVAL};
    begin_quiesce();
  }
  wait_quiet();
  Result<Ring> ring = Ring::allocate(hw.buffer_size * hw.format.frame_bytes());
  MutexLock guard(lock_);
  if (!ring) {
    perform(free_ring());
    return ring.as_errno();
  }
  mapped_ = nullptr;
  ring_ = std::move(*ring);
  ring_areas_.configure(ring_, hw.alsa_format, hw.format.channels, hw.buffer_size);
  ring_areas_.fill_silence();
  perform(state_.hw_params(hw));
  return {};
}

/// The sink counts the frames that were lost. drain() reports them; hw_free() and close() do not.
Result<void> Substream::hw_free() {
  MutexLock setup(setup_);
  {
    MutexLock guard(lock_);
    await_start();
    if (const int error = state_.refusal(Hook::hw_free); error != 0) return Errno{error};
    begin_quiesce();
  }
  wait_quiet();
  [[maybe_unused]] const Result<void> flushed = device_.flush();
  MutexLock guard(lock_);
  perform(free_ring());
  return {};
}

/// The old thresholds count up to this moment.
Result<void> Substream::sw_params(const SwSetup& sw) {
  MutexLock guard(lock_);
  if (state_.hardware_runs()) catch_up();
  const bool ran = state_.phase() == Phase::running;
  if (Result<void> set = state_.sw_params(sw); !set) return set;
  if (!state_.is_live()) return {};
  if (state_.hardware_runs()) fill_silence(state_.silence_at_start());
  if (state_.has_position()) refresh_appl_ptr();
  perform(state_.settle(!device_.has_ended()));
  return ran && state_.phase() == Phase::xrun ? Result<void>(Errno{EPIPE}) : Result<void>{};
}

Result<void> Substream::start() {
  MutexLock guard(lock_);
  if (starting_) return Errno{EBADFD};
  if (const int error = state_.refusal(Hook::start); error != 0) return Errno{error};
  refresh_appl_ptr();
  return start_prepared();
}

/// The device opens files and starts threads without lock_, because pointer() must not wait for a
/// disk. Nothing else uses the device in the meantime: the last transfer has been synchronized, and
/// no other start or prepare begins before this one ends.
Result<void> Substream::start_prepared() {
  if (state_.nothing_to_play()) return Errno{EPIPE};
  starting_ = true;
  const HwSetup hw = state_.hw();
  lock_.unlock();
  const Result<void> ready = device_.configure(hw, *channel_);
  lock_.lock();
  starting_ = false;
  started_.notify_all();
  const bool undone = state_.phase() != Phase::prepared;  // stopped in the meantime
  const Result<void> started = !ready ? ready : undone ? Result<void>(Errno{EBADFD}) : issue();
  if (!started) device_.release();
  return started;
}

Result<void> Substream::issue() {
  const HwSetup& hw = state_.hw();
  const Result<TxDescriptor*> transfer =
      channel_->prep_dma_cyclic(ring_.span(), hw.period_size * hw.format.frame_bytes(),
                                state_.playback() ? Direction::mem_to_dev : Direction::dev_to_mem);
  if (!transfer) return transfer.as_errno();
  const uint64_t start = ++start_count_;
  if (!parts_.freerun) {
    (*transfer)->callback = [this, start](const TxResult&) { period_elapsed(start); };
    (*transfer)->callback_advances = true;
  }
  const Result<Cookie> cookie = channel_->submit(**transfer);
  if (!cookie) return cookie.as_errno();
  cookie_ = *cookie;
  state_.start();
  committed_frames_ = kNothingCommitted;
  copy_mapped();
  fill_silence(state_.silence_at_start());
  commit();
  channel_->issue_pending();
  perform(state_.run(channel_->transfer_time()));
  return {};
}

void Substream::stop() noexcept {
  MutexLock guard(lock_);
  if (!state_.is_live()) return;
  if (state_.hardware_runs()) catch_up();
  perform(state_.stop());
}

Result<void> Substream::pause(bool enable) {
  MutexLock guard(lock_);
  if (enable && state_.phase() == Phase::running) update();  // an xrun up to now comes first
  if (const int error = state_.refusal(enable ? Hook::pause : Hook::unpause); error != 0) {
    return Errno{error};
  }
  if (Result<void> done = enable ? pause_hardware() : channel_->resume(); !done) return done;
  perform(enable ? state_.pause() : state_.run(channel_->transfer_time()));
  return {};
}

/// Pauses at the moment for which the client's position is known, as each advance does.
Result<void> Substream::pause_hardware() {
  const int64_t paused_at_ns = now_ns();
  refresh_appl_ptr();
  const Result<void> paused = channel_->pause(commit_limit_bytes(), paused_at_ns);
  if (paused) catch_up();
  return paused;
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
  [[maybe_unused]] const Result<void> flushed = device_.flush();
  device_.on_movable({});
  MutexLock guard(lock_);
  static_cast<void>(free_ring());  // nobody looks any more
}

unsigned Substream::channels() {
  MutexLock guard(lock_);
  return state_.phase() == Phase::open ? 0 : state_.hw().format.channels;
}

bool Substream::prepared() {
  MutexLock guard(lock_);
  return state_.phase() == Phase::prepared;
}

SubstreamStats Substream::stats() {
  MutexLock guard(lock_);
  return {.irq = channel_ ? channel_->irq_stats() : IrqStats{},
          .sink = device_.sink_stats(),
          .source = device_.source_stats(),
          .hw = state_.hw(),
          .appl_ptr = state_.pointers().appl_ptr(),
          .hw_ptr = state_.pointers().hw_ptr(),
          .starts = start_count_,
          .xruns = xruns_,
          .xrun_frames = xrun_frames_,
          .closes_during_callback = closes_during_callback_};
}

}  // namespace dmasim
