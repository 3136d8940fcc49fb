// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/substream/ioplug_pcm.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/substream/poll_level_lockstep.h"

namespace dmasim {
namespace {

constexpr PcmFormat kFormat{.sample = SampleFormat::s16_le, .channels = 1, .rate_hz = 1000};

snd_pcm_channel_area_t area_of(Samples& samples) {
  return {.addr = samples.data(), .first = 0, .step = 16};
}

int64_t edge_after(int64_t at_ns) { return (at_ns + kFrameNs - 1) / kFrameNs * kFrameNs; }

}  // namespace

IoplugPcm::IoplugPcm(const PcmSetup& setup) : setup_(setup) {
  lockstep::advance_to(edge_after(lockstep::now_ns()) + setup_.begin_ns);
  io_.state = SND_PCM_STATE_OPEN;
  io_.nonblock = setup_.nonblock ? 1 : 0;
  SubstreamParts parts;
  if (playback()) {
    auto sink = std::make_unique<RememberingSink>();
    sink->needs_times = setup_.needs_times && !setup_.freerun;
    sink_ = sink.get();
    parts.sink = std::move(sink);
  } else {
    auto source = std::make_unique<CountingSource>();
    source->needs_times = setup_.needs_times && !setup_.freerun;
    source_ = source.get();
    parts.source = std::move(source);
  }
  parts.dma_device = std::make_shared<DmaDevice>(std::make_shared<lockstep::LockstepClock>(),
                                                 DmaDevice::Options{});
  if (setup_.freerun) parts.freerun = std::make_shared<ManualClock>();
  parts.fifo_frames = setup_.fifo_frames;
  parts.slow_callback_ns = setup_.slow_callback_ns;
  substream_ = std::make_unique<Substream>(io_, setup_.stream, std::move(parts));
  EXPECT_TRUE(substream_->open());
  EXPECT_EQ(hw_params(), 0);
}

IoplugPcm::~IoplugPcm() {
  if (io_.state != SND_PCM_STATE_OPEN) {
    drop();
    hw_free();
  }
  substream_->close();
}

/// The end of each call: lets the other threads run, and checks the level.
int IoplugPcm::after(int answer) {
  note_start();
  lockstep::settle();
  expect_true_level();
  return answer;
}

void IoplugPcm::note_start() {
  const uint64_t starts = substream_->stats().starts;
  if (starts == starts_) return;
  starts_ = starts;
  started_ = true;
  origin_ns_ = edge_after(lockstep::now_ns());
}

int IoplugPcm::hw_params() {
  const Result<void> done = substream_->hw_params({.format = kFormat,
                                                   .alsa_format = SND_PCM_FORMAT_S16_LE,
                                                   .mmap = setup_.mmap,
                                                   .period_size = setup_.period_size,
                                                   .buffer_size = setup_.buffer_size});
  if (!done) return after(-done.error());
  mapped.assign(setup_.buffer_size, 0);
  mapped_area_ = area_of(mapped);
  const int err = sw_params({.avail_min = setup_.period_size,
                             .start_threshold = 1,
                             .stop_threshold = setup_.buffer_size,
                             .silence_threshold = 0,
                             .silence_size = 0});
  return err < 0 ? err : prepare();
}

int IoplugPcm::hw_free() {
  const Result<void> done = substream_->hw_free();
  started_ = false;
  return after(-done.error());
}

int IoplugPcm::sw_params(const SwParams& wanted) {
  const Result<void> done = substream_->sw_params({.avail_min = wanted.avail_min,
                                                   .stop_threshold = wanted.stop_threshold,
                                                   .silence_threshold = wanted.silence_threshold,
                                                   .silence_size = wanted.silence_size,
                                                   .boundary = setup_.boundary,
                                                   .period_event = wanted.period_event});
  if (done) sw_ = wanted;
  return after(-done.error());
}

int IoplugPcm::prepare() {
  io_.appl_ptr = hw_ptr_ = last_hw_ = 0;
  const Result<void> done = substream_->prepare();
  if (!done) return after(-done.error());
  io_.state = SND_PCM_STATE_PREPARED;
  started_ = false;
  return after(0);
}

int IoplugPcm::start() {
  if (state() != SND_PCM_STATE_PREPARED) return -EBADFD;
  const Result<void> done = substream_->start();
  if (!done) return after(-done.error());
  io_.state = SND_PCM_STATE_RUNNING;
  return after(0);
}

int IoplugPcm::drop() {
  if (state() == SND_PCM_STATE_OPEN) return -EBADFD;
  substream_->stop();
  io_.state = SND_PCM_STATE_SETUP;
  return after(0);
}

int IoplugPcm::drain() {
  if (state() == SND_PCM_STATE_OPEN) return -EBADFD;
  if ((state() == SND_PCM_STATE_PREPARED && playback()) || state() == SND_PCM_STATE_RUNNING) {
    io_.state = SND_PCM_STATE_DRAINING;
  }
  int err = 0;
  if (state() == SND_PCM_STATE_DRAINING) err = -substream_->drain().error();
  if (err == 0 && state() != SND_PCM_STATE_SETUP) drop();
  return after(err);
}

int IoplugPcm::pause(bool enable) {
  if (state() != (enable ? SND_PCM_STATE_RUNNING : SND_PCM_STATE_PAUSED)) return -EBADFD;
  const Result<void> done = substream_->pause(enable);
  if (!done) return after(-done.error());
  io_.state = enable ? SND_PCM_STATE_PAUSED : SND_PCM_STATE_RUNNING;
  if (enable) {
    paused_at_ns_ = lockstep::now_ns();
  } else {
    origin_ns_ = edge_after(origin_ns_ + lockstep::now_ns() - paused_at_ns_);
  }
  return after(0);
}

/// snd_pcm_mmap_appl_forward and _backward
void IoplugPcm::store_appl_ptr(snd_pcm_uframes_t frames, bool forward) {
  snd_pcm_sframes_t moved = static_cast<snd_pcm_sframes_t>(io_.appl_ptr);
  const auto boundary = static_cast<snd_pcm_sframes_t>(setup_.boundary);
  moved += static_cast<snd_pcm_sframes_t>(forward ? frames : -frames);
  if (moved < 0) moved += boundary;
  if (moved >= boundary) moved -= boundary;
  io_.appl_ptr = static_cast<snd_pcm_uframes_t>(moved);
}

/// snd_pcm_mmap_avail
snd_pcm_sframes_t IoplugPcm::mmap_avail() const {
  const auto boundary = static_cast<snd_pcm_sframes_t>(setup_.boundary);
  auto avail = static_cast<snd_pcm_sframes_t>(hw_ptr_ - io_.appl_ptr);
  if (playback()) avail += static_cast<snd_pcm_sframes_t>(setup_.buffer_size);
  if (avail < 0) avail += boundary;
  if (playback() && avail >= boundary) avail -= boundary;
  return avail;
}

/// snd_pcm_ioplug_hw_ptr_update
void IoplugPcm::update_hw_ptr() {
  const snd_pcm_uframes_t hw = substream_->pointer();
  const snd_pcm_uframes_t delta = hw >= last_hw_ ? hw - last_hw_ : setup_.boundary + hw - last_hw_;
  hw_ptr_ = (hw_ptr_ + delta) % setup_.boundary;
  if (state() == SND_PCM_STATE_DRAINING &&
      mmap_avail() >= static_cast<snd_pcm_sframes_t>(setup_.buffer_size)) {
    drop();
  }
  last_hw_ = hw;
}

int IoplugPcm::state_error() const {
  switch (state()) {
    case SND_PCM_STATE_XRUN:
      return -EPIPE;
    case SND_PCM_STATE_OPEN:
    case SND_PCM_STATE_SETUP:
      return -EBADFD;
    default:
      return 0;
  }
}

/// For a mapped capture it copies all frames that have come. It does not consume them.
snd_pcm_sframes_t IoplugPcm::avail() {
  update_hw_ptr();
  if (state() == SND_PCM_STATE_XRUN) return after(-EPIPE);
  const snd_pcm_sframes_t avail = mmap_avail();
  if (setup_.mmap && !playback()) {
    const snd_pcm_uframes_t offset = mmap_offset();
    const snd_pcm_uframes_t size =
        std::min(static_cast<snd_pcm_uframes_t>(avail), setup_.buffer_size - offset);
    const Result<snd_pcm_uframes_t> done = substream_->transfer(&mapped_area_, offset, size);
    if (!done) return after(-done.error());
  }
  return after(static_cast<int>(avail));
}

snd_pcm_sframes_t IoplugPcm::delay() {
  const Result<snd_pcm_sframes_t> done = substream_->delay();
  return done ? *done : -done.error();
}

/// snd_pcm_wait
int IoplugPcm::wait() {
  for (;;) {
    if (!substream_->poll_level().wait()) return -EINTR;
    const unsigned short events = substream_->poll_revents();
    static_cast<void>(avail());  // the last step of the plugin's poll_revents hook
    if ((events & POLLERR) != 0) return state_error() != 0 ? state_error() : -EIO;
    if (events != 0) return 0;
  }
}

/// ioplug_priv_transfer_areas
snd_pcm_sframes_t IoplugPcm::transfer_areas(const snd_pcm_channel_area_t& area,
                                            snd_pcm_uframes_t offset, snd_pcm_uframes_t frames) {
  const Result<snd_pcm_uframes_t> done = substream_->transfer(&area, offset, frames);
  if (!done) return -done.error();
  store_appl_ptr(*done, true);
  return static_cast<snd_pcm_sframes_t>(*done);
}

snd_pcm_sframes_t IoplugPcm::write_some(snd_pcm_uframes_t frames) {
  Samples samples = counted(next_sample, frames);
  const snd_pcm_sframes_t done = transfer_areas(area_of(samples), 0, frames);
  if (done > 0) next_sample += static_cast<int>(done);
  return done;
}

snd_pcm_sframes_t IoplugPcm::read_some(snd_pcm_uframes_t frames) {
  Samples samples(frames);
  const snd_pcm_sframes_t done = transfer_areas(area_of(samples), 0, frames);
  if (done > 0) captured.insert(captured.end(), samples.begin(), samples.begin() + done);
  return done;
}

/// How many of `frames` can be written or read now. Waits for room if the PCM is blocking.
snd_pcm_sframes_t IoplugPcm::room(snd_pcm_uframes_t frames) {
  for (;;) {
    if (const int error = state_error(); error != 0) return error;
    const snd_pcm_sframes_t free = avail();
    if (free < 0) return free;
    if (const int error = state_error(); error != 0) return error;
    const auto wanted = static_cast<snd_pcm_sframes_t>(frames);
    const bool waits = state() == SND_PCM_STATE_RUNNING && wanted > free &&
                       free < static_cast<snd_pcm_sframes_t>(sw_.avail_min);
    if (!waits) return std::min(wanted, free);
    if (io_.nonblock != 0) return -EAGAIN;
    if (const int error = wait(); error < 0) return error;
  }
}

/// snd_pcm_write_areas and snd_pcm_read_areas
snd_pcm_sframes_t IoplugPcm::all(snd_pcm_uframes_t frames, Transfer some) {
  snd_pcm_sframes_t done = 0;
  snd_pcm_sframes_t error = 0;
  const snd_pcm_uframes_t before = appl_ptr();
  if (!playback() && state() == SND_PCM_STATE_PREPARED && frames >= sw_.start_threshold) {
    error = start();
  }
  while (error == 0 && frames > 0) {
    const snd_pcm_sframes_t fit = room(frames);
    if (fit <= 0) {
      error = fit;
      break;
    }
    const snd_pcm_sframes_t moved = (this->*some)(static_cast<snd_pcm_uframes_t>(fit));
    if (moved < 0) {
      error = moved;
      break;
    }
    done += moved;
    frames -= static_cast<snd_pcm_uframes_t>(moved);
    const auto ahead = setup_.buffer_size - static_cast<snd_pcm_uframes_t>(mmap_avail());
    if (playback() && state() == SND_PCM_STATE_PREPARED && ahead >= sw_.start_threshold) {
      error = start();
    }
  }
  // If that sum wraps, the level is wrong until the next hook: see Pointers::transferred.
  if (appl_ptr() < before) avail();
  after(0);
  return done > 0 ? done : error;
}

snd_pcm_sframes_t IoplugPcm::write(snd_pcm_uframes_t frames) {
  return all(frames, &IoplugPcm::write_some);
}

snd_pcm_sframes_t IoplugPcm::read(snd_pcm_uframes_t frames) {
  return all(frames, &IoplugPcm::read_some);
}

snd_pcm_sframes_t IoplugPcm::rewind(snd_pcm_uframes_t frames) {
  store_appl_ptr(frames, false);
  return static_cast<snd_pcm_sframes_t>(frames);
}

snd_pcm_sframes_t IoplugPcm::forward(snd_pcm_uframes_t frames) {
  store_appl_ptr(frames, true);
  return static_cast<snd_pcm_sframes_t>(frames);
}

snd_pcm_uframes_t IoplugPcm::mmap_begin(snd_pcm_uframes_t frames) {
  const auto free = std::min(static_cast<snd_pcm_uframes_t>(mmap_avail()), setup_.buffer_size);
  return std::min({frames, free, setup_.buffer_size - mmap_offset()});
}

snd_pcm_sframes_t IoplugPcm::mmap_commit(snd_pcm_uframes_t frames) {
  if (playback()) return transfer_areas(mapped_area_, mmap_offset(), frames);
  return forward(frames);
}

void IoplugPcm::abort() {
  io_.nonblock = 2;
  interrupt();
}

void IoplugPcm::interrupt() { lockstep::interrupt(substream_->poll_level()); }

void IoplugPcm::run(snd_pcm_uframes_t frames) {
  for (snd_pcm_uframes_t i = 0; i < frames; ++i) {
    pass(1);
    expect_true_level();
  }
}

void IoplugPcm::pass(snd_pcm_uframes_t frames) {
  lockstep::advance_to(lockstep::now_ns() + static_cast<int64_t>(frames) * kFrameNs);
}

void IoplugPcm::run_late(snd_pcm_uframes_t frames) {
  lockstep::jump_to(lockstep::now_ns() + static_cast<int64_t>(frames) * kFrameNs);
}

const Samples& IoplugPcm::played_by_now() {
  EXPECT_TRUE(substream_->sync_recording());
  return sink_->played;
}

uint64_t IoplugPcm::asked_by_now() {
  EXPECT_TRUE(substream_->sync_recording());
  return source_->asked;
}

bool IoplugPcm::ready() const { return lockstep::ready(substream_->poll_level()); }

uint64_t IoplugPcm::true_hw() const {
  if (!started_) return 0;
  const bool paused = state() == SND_PCM_STATE_PAUSED;
  const int64_t passed_ns = (paused ? paused_at_ns_ : lockstep::now_ns()) - origin_ns_;
  const int64_t frames = passed_ns < 0 ? 0 : passed_ns / kFrameNs;
  const auto delay = static_cast<int64_t>(playback() ? 0 : setup_.fifo_frames);
  return static_cast<uint64_t>(std::max<int64_t>(frames - delay, 0));
}

bool IoplugPcm::expected_ready() const {
  switch (state()) {
    case SND_PCM_STATE_PREPARED:
    case SND_PCM_STATE_RUNNING:
    case SND_PCM_STATE_PAUSED: {
      const auto boundary = static_cast<int64_t>(setup_.boundary);
      const auto hw = static_cast<int64_t>(true_hw() % setup_.boundary);
      int64_t behind = hw - static_cast<int64_t>(io_.appl_ptr);
      if (behind < -boundary / 2) behind += boundary;
      if (behind >= boundary / 2) behind -= boundary;
      const int64_t free = playback() ? behind + static_cast<int64_t>(setup_.buffer_size) : behind;
      return free >= static_cast<int64_t>(sw_.avail_min);
    }
    case SND_PCM_STATE_DRAINING:
      return !playback();
    default:
      return true;
  }
}

void IoplugPcm::expect_true_level() const {
  if (setup_.freerun) return;
  if (sw_.period_event) return;  // then period events make the level ready too
  EXPECT_EQ(ready(), expected_ready()) << "in " << snd_pcm_state_name(state()) << " after "
                                       << true_hw() << " frames, appl_ptr " << io_.appl_ptr;
}

}  // namespace dmasim
