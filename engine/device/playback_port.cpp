// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/device/playback_port.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace dmasim {

Result<void> PlaybackPort::configure(size_t frame_bytes, uint32_t depth_frames) try {
  fifo_.resize(frame_bytes * depth_frames);
  committed_.resize(depth_frames);
  frame_bytes_ = frame_bytes;
  depth_frames_ = depth_frames;
  head_frames_ = level_frames_ = 0;
  return {};
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

void PlaybackPort::take(std::span<const std::byte> frames, bool committed) noexcept {
  if (depth_frames_ == 0) {
    sink_.write(frames, committed);
    out_frames_ += frames.size() / frame_bytes_;
    return;
  }
  while (!frames.empty()) {
    const size_t count = std::min(frames.size() / frame_bytes_, depth_frames_);
    pop(level_frames_ + count - std::min(level_frames_ + count, depth_frames_));
    push(frames.first(count * frame_bytes_), committed);
    frames = frames.subspan(count * frame_bytes_);
  }
}

void PlaybackPort::push(std::span<const std::byte> frames, bool committed) noexcept {
  while (!frames.empty()) {
    const size_t tail = (head_frames_ + level_frames_) % depth_frames_;
    const size_t count = std::min(frames.size() / frame_bytes_, depth_frames_ - tail);
    std::memcpy(&fifo_[tail * frame_bytes_], frames.data(), count * frame_bytes_);
    std::fill_n(committed_.begin() + static_cast<std::ptrdiff_t>(tail), count, committed);
    level_frames_ += count;
    frames = frames.subspan(count * frame_bytes_);
  }
}

/// Lets the oldest frames out in pieces. A piece has only committed frames or none, and does not
/// cross the end of the storage.
void PlaybackPort::pop(size_t count_frames) noexcept {
  while (count_frames > 0) {
    const bool committed = committed_[head_frames_];
    const size_t most = std::min(count_frames, depth_frames_ - head_frames_);
    size_t run = 1;
    while (run < most && committed_[head_frames_ + run] == committed) ++run;
    sink_.write({&fifo_[head_frames_ * frame_bytes_], run * frame_bytes_}, committed);
    head_frames_ = (head_frames_ + run) % depth_frames_;
    level_frames_ -= run;
    out_frames_ += run;
    count_frames -= run;
  }
}

/// The older frames come out of the FIFO, and the last of the skipped frames take their place.
void PlaybackPort::skip(uint64_t bytes) noexcept {
  const uint64_t frames = bytes / frame_bytes_;
  if (depth_frames_ == 0) {
    out_frames_ += frames;
    return;
  }
  const auto fresh = static_cast<size_t>(std::min<uint64_t>(frames, depth_frames_));
  pop(level_frames_ + fresh - std::min(level_frames_ + fresh, depth_frames_));
  out_frames_ += frames - fresh;
  for (size_t i = 0; i < fresh; ++i) {
    committed_[(head_frames_ + level_frames_++) % depth_frames_] = false;
  }
}

bool PlaybackPort::run(const FrameTime& time, uint64_t frame) noexcept {
  out_frames_ = frame - level_frames_;
  return sink_.run(time, depth_frames_, out_frames_);
}

void PlaybackPort::stop(bool keep_fifo) noexcept {
  if (keep_fifo && depth_frames_ > 0) pop(level_frames_);
  sink_.stop(out_frames_);
  head_frames_ = level_frames_ = 0;
}

}  // namespace dmasim
