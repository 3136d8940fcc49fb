// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/frame_time.h"

namespace dmasim {
namespace {

__extension__ using uint128 = unsigned __int128;

constexpr uint64_t kDenominator = 1'000'000'000'000'000;  // ns a second, times 1e6 for the ppm

}  // namespace

FrameTime::FrameTime(uint32_t rate_hz, int32_t ppm) noexcept {
  set_rate(rate_hz * static_cast<uint64_t>(1'000'000 + int64_t{ppm}));
}

FrameTime FrameTime::from_numbers(uint64_t frames_per_1e15_ns, int64_t origin_ns) noexcept {
  FrameTime time;
  time.set_rate(frames_per_1e15_ns);
  time.start_ns_ = origin_ns;
  return time;
}

void FrameTime::set_rate(uint64_t frames_per_1e15_ns) noexcept {
  frames_per_1e15_ns_ = frames_per_1e15_ns;
  const bool fits = frames_per_1e15_ns < kDenominator;
  frames_per_ns_ =
      fits ? static_cast<uint64_t>((uint128{frames_per_1e15_ns} << 64) / kDenominator) : 0;
}

void FrameTime::start(int64_t now_ns) noexcept { start_ns_ = now_ns; }

void FrameTime::pause(int64_t now_ns) noexcept { paused_at_ns_ = now_ns; }

void FrameTime::resume(int64_t now_ns) noexcept { start_ns_ += now_ns - paused_at_ns_; }

void FrameTime::wait_for_edge() noexcept {
  if (start_ns_ <= 0) return;
  const FrameTime clock = from_numbers(frames_per_1e15_ns_, 0);
  start_ns_ = clock.time_of(clock.frames_at(start_ns_ - 1) + 1);
}

uint64_t FrameTime::frames_at(int64_t now_ns) const noexcept {
  if (now_ns <= start_ns_) return 0;
  const auto elapsed_ns = static_cast<uint64_t>(now_ns - start_ns_);
  // Each hook asks, so this saves the division. frames_per_ns_ is too small by less than 1, and so
  // the product by less than elapsed_ns: its frames are exact unless that much reaches the next
  // one.
  const uint128 product = uint128{elapsed_ns} * frames_per_ns_;
  const auto fraction = static_cast<uint64_t>(product);
  if (frames_per_ns_ != 0 && fraction + elapsed_ns >= fraction) {
    return static_cast<uint64_t>(product >> 64);
  }
  return static_cast<uint64_t>(uint128{elapsed_ns} * frames_per_1e15_ns_ / kDenominator);
}

int64_t FrameTime::time_of(uint64_t frames) const noexcept {
  const uint128 scaled = uint128{frames} * kDenominator;
  return start_ns_ + static_cast<int64_t>((scaled + frames_per_1e15_ns_ - 1) / frames_per_1e15_ns_);
}

}  // namespace dmasim
