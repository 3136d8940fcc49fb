// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/stress/pcm.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "tests/stress/violation.h"

namespace dmasim::stress {
namespace {

constexpr size_t kMostFrameBytes = 8 * 8;  // for PCMs of other cards: 8 channels of 64 bits
constexpr unsigned kMostChannels = 8;

using HwParams = std::unique_ptr<snd_pcm_hw_params_t, decltype(&snd_pcm_hw_params_free)>;

HwParams any_params(snd_pcm_t* pcm) {
  snd_pcm_hw_params_t* raw = nullptr;
  expect_done(snd_pcm_hw_params_malloc(&raw), "snd_pcm_hw_params_malloc");
  HwParams params(raw, snd_pcm_hw_params_free);
  expect_done(snd_pcm_hw_params_any(pcm, raw), "snd_pcm_hw_params_any");
  return params;
}

/// Memory for the samples, one piece for each thread. No test checks the values.
std::vector<std::byte>& samples() {
  thread_local std::vector<std::byte> memory(kMostFrames * kMostFrameBytes);
  return memory;
}

std::array<void*, kMostChannels> planes() {
  std::array<void*, kMostChannels> all{};
  const size_t step = samples().size() / all.size();
  for (size_t i = 0; i < all.size(); ++i) all[i] = samples().data() + i * step;
  return all;
}

}  // namespace

Pcm::Pcm(const std::string& name, snd_pcm_stream_t stream, int mode) {
  expect_done(snd_pcm_open(&pcm_, name.c_str(), stream, mode), "snd_pcm_open");
}

Pcm::~Pcm() {
  if (pcm_ != nullptr) snd_pcm_close(pcm_);
}

int Pcm::try_configure(const Plan& plan) {
  snd_pcm_t* pcm = pcm_;
  const HwParams params = any_params(pcm);
  unsigned rate_hz = plan.rate_hz;
  unsigned channels = plan.channels;
  snd_pcm_uframes_t period = plan.period_frames;
  snd_pcm_uframes_t buffer = period * plan.periods;
  expect_done(snd_pcm_hw_params_set_access(pcm, params.get(), plan.access), "set_access");
  expect_done(snd_pcm_hw_params_set_format(pcm, params.get(), plan.format), "set_format");
  expect_done(snd_pcm_hw_params_set_channels_near(pcm, params.get(), &channels), "set_channels");
  expect_done(snd_pcm_hw_params_set_rate_near(pcm, params.get(), &rate_hz, nullptr), "set_rate");
  expect_done(snd_pcm_hw_params_set_period_size_near(pcm, params.get(), &period, nullptr),
              "set_period_size");
  expect_done(snd_pcm_hw_params_set_buffer_size_near(pcm, params.get(), &buffer),
              "set_buffer_size");
  return snd_pcm_hw_params(pcm, params.get());
}

void Pcm::configure(const Plan& plan) {
  expect_done(try_configure(plan), "snd_pcm_hw_params");
  access_ = plan.access;
  expect_done(snd_pcm_get_params(pcm_, &buffer_frames_, &period_frames_), "snd_pcm_get_params");
  expect(state() == SND_PCM_STATE_PREPARED, "hw_params prepares");
}

int Pcm::set_thresholds(snd_pcm_uframes_t avail_min, snd_pcm_uframes_t start, bool free_running) {
  snd_pcm_sw_params_t* raw = nullptr;
  expect_done(snd_pcm_sw_params_malloc(&raw), "snd_pcm_sw_params_malloc");
  const std::unique_ptr<snd_pcm_sw_params_t, decltype(&snd_pcm_sw_params_free)> params(
      raw, snd_pcm_sw_params_free);
  snd_pcm_uframes_t boundary = 0;
  expect_done(snd_pcm_sw_params_current(pcm_, raw), "snd_pcm_sw_params_current");
  expect_done(snd_pcm_sw_params_get_boundary(raw, &boundary), "get_boundary");
  expect_done(snd_pcm_sw_params_set_avail_min(pcm_, raw, avail_min), "set_avail_min");
  expect_done(snd_pcm_sw_params_set_start_threshold(pcm_, raw, start), "set_start_threshold");
  expect_done(
      snd_pcm_sw_params_set_stop_threshold(pcm_, raw, free_running ? boundary : buffer_frames_),
      "set_stop_threshold");
  const int set = snd_pcm_sw_params(pcm_, raw);
  if (set != -EPIPE) expect_done(set, "snd_pcm_sw_params");
  return set;
}

void Pcm::prepare() { expect_done(snd_pcm_prepare(pcm_), "snd_pcm_prepare"); }

void Pcm::drop() {
  expect_done(snd_pcm_drop(pcm_), "snd_pcm_drop");
  expect(state() == SND_PCM_STATE_SETUP, "drop leads to SETUP");
}

void Pcm::set_nonblock(bool nonblock) {
  expect_done(snd_pcm_nonblock(pcm_, nonblock ? 1 : 0), "snd_pcm_nonblock");
}

bool Pcm::mmap() const {
  return access_ == SND_PCM_ACCESS_MMAP_INTERLEAVED ||
         access_ == SND_PCM_ACCESS_MMAP_NONINTERLEAVED;
}

snd_pcm_sframes_t Pcm::transfer(snd_pcm_uframes_t frames) {
  auto channels = planes();
  switch (access_) {
    case SND_PCM_ACCESS_RW_INTERLEAVED:
      return playback() ? snd_pcm_writei(pcm_, samples().data(), frames)
                        : snd_pcm_readi(pcm_, samples().data(), frames);
    case SND_PCM_ACCESS_RW_NONINTERLEAVED:
      return playback() ? snd_pcm_writen(pcm_, channels.data(), frames)
                        : snd_pcm_readn(pcm_, channels.data(), frames);
    case SND_PCM_ACCESS_MMAP_INTERLEAVED:
      return playback() ? snd_pcm_mmap_writei(pcm_, samples().data(), frames)
                        : snd_pcm_mmap_readi(pcm_, samples().data(), frames);
    default:
      return playback() ? snd_pcm_mmap_writen(pcm_, channels.data(), frames)
                        : snd_pcm_mmap_readn(pcm_, channels.data(), frames);
  }
}

snd_pcm_sframes_t Pcm::transfer_piece(snd_pcm_uframes_t frames) {
  const snd_pcm_sframes_t avail = snd_pcm_avail_update(pcm_);
  if (avail <= 0) return avail;
  const snd_pcm_channel_area_t* areas = nullptr;
  snd_pcm_uframes_t offset = 0;
  if (const int err = snd_pcm_mmap_begin(pcm_, &areas, &offset, &frames); err < 0) return err;
  return frames == 0 ? 0 : snd_pcm_mmap_commit(pcm_, offset, frames);
}

void Pcm::close() { expect_done(snd_pcm_close(std::exchange(pcm_, nullptr)), "snd_pcm_close"); }

}  // namespace dmasim::stress
