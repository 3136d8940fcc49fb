// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/ioplug_model.h"

#include <poll.h>

#include <array>
#include <cerrno>

namespace dmasim::sim {
namespace {

constexpr PcmFormat kFormat{.sample = SampleFormat::u8, .channels = 1, .rate_hz = 1000};
constexpr snd_pcm_uframes_t kBoundary = kBufferFrames << 20;

std::shared_ptr<DmaDevice> engine() {
  return std::make_shared<DmaDevice>(std::make_shared<SimClock>(), DmaDevice::Options{});
}

}  // namespace

void GuardedSink::write(std::span<const std::byte> bytes, bool committed) noexcept {
  if (room_ != nullptr) room_->take(bytes.size());
  if (committed) written.insert(written.end(), bytes.begin(), bytes.end());
}

void GuardedSink::enter() {
  MutexLock guard(lock_);
  check(!busy_, "two hooks use the sink at the same time");
  busy_ = true;
  while (blocked_) released_.wait(lock_);
}

void GuardedSink::leave() {
  MutexLock guard(lock_);
  busy_ = false;
}

Result<void> GuardedSink::look(const PcmFormat&) {
  enter();
  leave();
  return {};
}

Result<void> GuardedSink::configure(const PcmFormat&, uint64_t) {
  enter();
  MutexLock guard(lock_);
  configured_ = true;
  busy_ = false;
  return {};
}

void GuardedSink::release() noexcept {
  MutexLock guard(lock_);
  configured_ = false;
}

bool GuardedSink::configured() {
  MutexLock guard(lock_);
  return configured_;
}

void GuardedSink::block_configure() {
  MutexLock guard(lock_);
  blocked_ = true;
}

void GuardedSink::unblock_configure() {
  MutexLock guard(lock_);
  blocked_ = false;
  released_.notify_all();
}

/// alsa-lib's lock. Without `locking` it does nothing.
class IoplugModel::PcmLock {
 public:
  explicit PcmLock(IoplugModel& model) DMASIM_TSA(no_thread_safety_analysis) : model_(model) {
    lock();
  }
  ~PcmLock() DMASIM_TSA(no_thread_safety_analysis) { unlock(); }
  PcmLock(const PcmLock&) = delete;
  PcmLock& operator=(const PcmLock&) = delete;
  void lock() DMASIM_TSA(no_thread_safety_analysis) {
    if (model_.locking_) model_.lock_.lock();
  }
  void unlock() DMASIM_TSA(no_thread_safety_analysis) {
    if (model_.locking_) model_.lock_.unlock();
  }

 private:
  IoplugModel& model_;
};

IoplugModel::IoplugModel(bool locking, const ModelSetup& setup) : locking_(locking) {
  name(&lock_, "pcm_lock");
  name(const_cast<const snd_pcm_uframes_t*>(&io_.appl_ptr), "io.appl_ptr");
  name(&io_.nonblock, "io.nonblock");
  io_.state = SND_PCM_STATE_OPEN;
  SubstreamParts parts;
  parts.dma_device = engine();
  parts.fifo_frames = setup.fifo_frames;
  if (setup.room != nullptr) parts.freerun = std::make_shared<ManualClock>();
  auto sink = std::make_unique<GuardedSink>(setup.room);
  sink_ = sink.get();
  parts.sink = std::move(sink);
  substream_ = std::make_unique<Substream>(io_, SND_PCM_STREAM_PLAYBACK, std::move(parts));
  name(substream_.get(), "substream", sizeof(Substream));
  check(substream_->open().ok(), "open failed");
  check(substream_
            ->hw_params({.format = kFormat,
                         .alsa_format = SND_PCM_FORMAT_U8,
                         .mmap = false,
                         .period_size = kPeriodFrames,
                         .buffer_size = kBufferFrames})
            .ok(),
        "hw_params failed");
  setup_ = true;
  const SwSetup sw{
      .avail_min = setup.avail_min, .stop_threshold = kBufferFrames, .boundary = kBoundary};
  check(substream_->sw_params(sw).ok(), "sw_params failed");
  check(prepare() == 0, "prepare failed");
}

IoplugModel::~IoplugModel() { check(substream_ == nullptr, "the program left a PCM open"); }

void IoplugModel::store_appl_ptr(snd_pcm_uframes_t appl_ptr) {
  yield(const_cast<const snd_pcm_uframes_t*>(&io_.appl_ptr));
  io_.appl_ptr = appl_ptr;
}

snd_pcm_uframes_t IoplugModel::appl_ptr() {
  yield(const_cast<const snd_pcm_uframes_t*>(&io_.appl_ptr), Access::read);
  return io_.appl_ptr;
}

/// snd_pcm_mmap_appl_forward
void IoplugModel::forward_appl_ptr(snd_pcm_uframes_t frames) {
  const snd_pcm_uframes_t moved = appl_ptr() + frames;
  store_appl_ptr(moved >= kBoundary ? moved - kBoundary : moved);
}

/// snd_pcm_ioplug_hw_ptr_update
void IoplugModel::update_hw_ptr() {
  const snd_pcm_uframes_t hw = substream_->pointer();
  hw_ptr_ += hw >= last_hw_ ? hw - last_hw_ : kBoundary + hw - last_hw_;
  if (state() == SND_PCM_STATE_DRAINING && hw_ptr_ + kBufferFrames - appl_ptr() >= kBufferFrames) {
    drop_locked();
  }
  last_hw_ = hw;
}

int IoplugModel::state_error() {
  switch (state()) {
    case SND_PCM_STATE_XRUN:
      return -EPIPE;
    case SND_PCM_STATE_DISCONNECTED:
      return -ENODEV;
    default:
      return 0;
  }
}

snd_pcm_sframes_t IoplugModel::avail() {
  PcmLock guard(*this);
  update_hw_ptr();
  if (const int error = state_error(); error != 0) return error;
  return static_cast<snd_pcm_sframes_t>(hw_ptr_ + kBufferFrames - appl_ptr());
}

int IoplugModel::write(snd_pcm_uframes_t frames) {
  std::array<std::byte, kBufferFrames> data{};
  const snd_pcm_channel_area_t area{.addr = data.data(), .first = 0, .step = 8};
  PcmLock guard(*this);
  const snd_pcm_uframes_t at = appl_ptr();
  for (snd_pcm_uframes_t i = 0; i < frames; ++i) data[i] = static_cast<std::byte>(at + i + 1);
  update_hw_ptr();
  if (const int error = state_error(); error != 0) return error;
  const Result<snd_pcm_uframes_t> done = substream_->transfer(&area, 0, frames);
  if (!done) return -done.error();
  forward_appl_ptr(*done);
  return 0;
}

void IoplugModel::fill_and_start() {
  check(write(kBufferFrames) == 0, "write failed");
  check(start() == 0, "start failed");
}

int IoplugModel::start() {
  PcmLock guard(*this);
  if (state() != SND_PCM_STATE_PREPARED) return -EBADFD;
  if (const Result<void> started = substream_->start(); !started) return -started.error();
  store_state(SND_PCM_STATE_RUNNING);
  return 0;
}

int IoplugModel::pause(bool enable) {
  PcmLock guard(*this);
  if (state() != (enable ? SND_PCM_STATE_RUNNING : SND_PCM_STATE_PAUSED)) return -EBADFD;
  if (const Result<void> done = substream_->pause(enable); !done) return -done.error();
  store_state(enable ? SND_PCM_STATE_PAUSED : SND_PCM_STATE_RUNNING);
  return 0;
}

int IoplugModel::drop_locked() {
  if (state() == SND_PCM_STATE_OPEN) return -EBADFD;
  {
    const NeverWaits promise("the stop hook");
    substream_->stop();
  }
  store_state(SND_PCM_STATE_SETUP);
  return 0;
}

int IoplugModel::drop() {
  PcmLock guard(*this);
  return drop_locked();
}

int IoplugModel::drain() {
  PcmLock guard(*this);
  const snd_pcm_state_t before = state();
  const bool drains = before == SND_PCM_STATE_PREPARED || before == SND_PCM_STATE_RUNNING;
  if (drains) store_state(SND_PCM_STATE_DRAINING);
  int error = 0;
  if (state() == SND_PCM_STATE_DRAINING) {
    guard.unlock();
    error = -substream_->drain().error();
    guard.lock();
  }
  if (error == 0 && state() != SND_PCM_STATE_SETUP) drop_locked();
  return error;
}

int IoplugModel::prepare() {
  PcmLock guard(*this);
  store_appl_ptr(0);
  hw_ptr_ = last_hw_ = 0;
  guard.unlock();
  const Result<void> prepared = substream_->prepare();
  guard.lock();
  if (!prepared) return -prepared.error();
  store_state(SND_PCM_STATE_PREPARED);
  return 0;
}

int IoplugModel::wait() {
  for (;;) {
    [[maybe_unused]] const bool ready = substream_->poll_level().wait();
    PcmLock guard(*this);
    guard.unlock();
    const unsigned short events = substream_->poll_revents();
    static_cast<void>(avail());  // the last step of the plugin's poll_revents hook
    guard.lock();
    if ((events & POLLERR) != 0) {
      const int error = state_error();
      return error != 0 ? error : -EIO;
    }
    if (events != 0) return 0;
  }
}

int IoplugModel::hw_free() {
  setup_ = false;
  return -substream_->hw_free().error();
}

void IoplugModel::close() {
  if (setup_) {
    drop();
    hw_free();
  }
  substream_->close();
  substream_.reset();
}

}  // namespace dmasim::sim
