// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/bench/stream.h"

#include <poll.h>

#include <utility>

namespace dmasim::bench {
namespace {

constexpr int kPatienceMs = 1000;

void require(int result, const char* what) {
  if (result < 0) throw Cannot(std::string(what) + ": " + snd_strerror(result));
}

std::string numbered(std::string name, unsigned number) {
  const size_t place = name.find("%d");
  if (place != std::string::npos) name.replace(place, 2, std::to_string(number));
  return name;
}

}  // namespace

Pcm::Pcm(const Shape& shape, snd_pcm_stream_t stream, unsigned number)
    : shape_(shape), stream_(stream) {
  const std::string name = numbered(shape.name, number);
  require(snd_pcm_open(&pcm_, name.c_str(), stream, SND_PCM_NONBLOCK), "snd_pcm_open");
}

Pcm::~Pcm() { snd_pcm_close(pcm_); }

void Pcm::configure() {
  set_hw_params();
  set_sw_params();
  require(snd_pcm_prepare(pcm_), "snd_pcm_prepare");
  memory_.assign(static_cast<size_t>(
                     snd_pcm_frames_to_bytes(pcm_, static_cast<snd_pcm_sframes_t>(period_frames_))),
                 1);
}

void Pcm::set_hw_params() {
  snd_pcm_hw_params_t* params = nullptr;
  snd_pcm_hw_params_alloca(&params);
  require(snd_pcm_hw_params_any(pcm_, params), "snd_pcm_hw_params_any");
  require(snd_pcm_hw_params_set_access(pcm_, params, SND_PCM_ACCESS_RW_INTERLEAVED), "the access");
  require(snd_pcm_hw_params_set_format(pcm_, params, shape_.format), "the format");
  require(snd_pcm_hw_params_set_channels(pcm_, params, shape_.channels), "the channels");
  require(snd_pcm_hw_params_set_rate(pcm_, params, shape_.rate_hz, 0), "the rate");
  snd_pcm_uframes_t period = shape_.period_frames;
  require(snd_pcm_hw_params_set_period_size_near(pcm_, params, &period, nullptr), "the period");
  snd_pcm_uframes_t buffer = period * shape_.periods;
  require(snd_pcm_hw_params_set_buffer_size_near(pcm_, params, &buffer), "the buffer");
  require(snd_pcm_hw_params(pcm_, params), "snd_pcm_hw_params");
  require(snd_pcm_hw_params_get_period_size(params, &period_frames_, nullptr), "the period");
  require(snd_pcm_hw_params_get_buffer_size(params, &buffer_frames_), "the buffer");
  can_pause_ = snd_pcm_hw_params_can_pause(params) == 1;
}

void Pcm::set_sw_params() {
  snd_pcm_sw_params_t* params = nullptr;
  snd_pcm_sw_params_alloca(&params);
  require(snd_pcm_sw_params_current(pcm_, params), "snd_pcm_sw_params_current");
  snd_pcm_uframes_t boundary = 0;
  require(snd_pcm_sw_params_get_boundary(params, &boundary), "the boundary");
  require(snd_pcm_sw_params_set_start_threshold(pcm_, params, boundary), "the start threshold");
  require(snd_pcm_sw_params_set_avail_min(pcm_, params, period_frames_), "avail_min");
  require(snd_pcm_sw_params(pcm_, params), "snd_pcm_sw_params");
}

/// Some PCMs take less than their whole buffer before they run.
void Pcm::fill() {
  while (program_frames_ < static_cast<int64_t>(buffer_frames_)) {
    const snd_pcm_sframes_t frames = move_period();
    if (frames == -EAGAIN) return;
    require(static_cast<int>(frames), "snd_pcm_writei");
    program_frames_ += frames;
  }
}

void Pcm::start() {
  program_frames_ = 0;
  hardware_frames_ = 0;
  if (playback()) fill();
  if (snd_pcm_state(pcm_) == SND_PCM_STATE_RUNNING) return;
  require(snd_pcm_start(pcm_), "snd_pcm_start");
}

void Pcm::pause() { require(snd_pcm_pause(pcm_, 1), "snd_pcm_pause"); }

snd_pcm_sframes_t Pcm::move_period() {
  return playback() ? snd_pcm_writei(pcm_, memory_.data(), period_frames_)
                    : snd_pcm_readi(pcm_, memory_.data(), period_frames_);
}

unsigned Pcm::transfer() {
  snd_pcm_sframes_t avail = snd_pcm_avail_update(pcm_);
  if (avail >= 0) {
    hardware_frames_ =
        program_frames_ + avail - (playback() ? static_cast<int64_t>(buffer_frames_) : 0);
  }
  unsigned moved = 0;
  // A PCM that keeps no time always has room, so there is a limit.
  while (avail >= static_cast<snd_pcm_sframes_t>(period_frames_) && moved < shape_.periods) {
    const snd_pcm_sframes_t frames = move_period();
    if (frames == -EAGAIN) return moved;
    if (frames < 0) {
      avail = frames;
      break;
    }
    program_frames_ += frames;
    avail -= frames;
    ++moved;
  }
  if (avail < 0) {
    ++xruns_;
    require(snd_pcm_recover(pcm_, static_cast<int>(avail), 1), "snd_pcm_recover");
    start();
  }
  return moved;
}

Stream::Stream(const Shape& shape, unsigned number) {
  if (shape.kind != Kind::capture) {
    pcms_.push_back(std::make_unique<Pcm>(shape, SND_PCM_STREAM_PLAYBACK, number));
  }
  if (shape.kind != Kind::playback) {
    pcms_.push_back(std::make_unique<Pcm>(shape, SND_PCM_STREAM_CAPTURE, number));
  }
}

void Stream::configure() {
  for (const auto& pcm : pcms_) pcm->configure();
}

void Stream::start() {
  for (const auto& pcm : pcms_) pcm->start();
}

void Stream::drop() noexcept {
  for (const auto& pcm : pcms_) pcm->drop();
}

PollLoop::PollLoop(std::vector<Pcm*> pcms) : pcms_(std::move(pcms)) {
  for (const Pcm* pcm : pcms_) {
    const int count = snd_pcm_poll_descriptors_count(pcm->get());
    if (count <= 0) throw Cannot("snd_pcm_poll_descriptors_count: there is nothing to poll");
    first_.push_back(fds_.size());
    fds_.resize(fds_.size() + static_cast<size_t>(count));
  }
  first_.push_back(fds_.size());
}

void PollLoop::wait() {
  // snd_pcm_wait() asks for them before each poll() too.
  for (size_t i = 0; i < pcms_.size(); ++i) {
    const auto count = static_cast<unsigned>(first_[i + 1] - first_[i]);
    require(snd_pcm_poll_descriptors(pcms_[i]->get(), &fds_[first_[i]], count),
            "snd_pcm_poll_descriptors");
  }
  require(poll(fds_.data(), fds_.size(), kPatienceMs), "poll");
}

unsigned PollLoop::transfer() {
  unsigned moved = 0;
  for (size_t i = 0; i < pcms_.size(); ++i) {
    const auto count = static_cast<unsigned>(first_[i + 1] - first_[i]);
    bool woken = false;
    for (size_t fd = first_[i]; fd < first_[i + 1]; ++fd) woken |= fds_[fd].revents != 0;
    if (!woken) continue;
    unsigned short events = 0;
    require(snd_pcm_poll_descriptors_revents(pcms_[i]->get(), &fds_[first_[i]], count, &events),
            "snd_pcm_poll_descriptors_revents");
    if (events != 0) moved += pcms_[i]->transfer();
  }
  return moved;
}

}  // namespace dmasim::bench
