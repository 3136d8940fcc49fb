// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/device/playback_port.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace dmasim {
namespace {

constexpr std::byte kNotCommitted{0};
constexpr std::byte kCommitted{1};

}  // namespace

Result<void> PlaybackPort::configure(size_t frame_bytes, uint32_t depth_frames) try {
  ByteQueue fifo(frame_bytes * depth_frames);
  ByteQueue marks(depth_frames);
  fifo_ = std::move(fifo);
  marks_ = std::move(marks);
  frame_bytes_ = frame_bytes;
  return {};
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

void PlaybackPort::write(std::span<const std::byte> frames, bool committed) noexcept {
  if (depth_frames() == 0) {
    sink_.write(frames, committed);
    out_frames_ += frames.size() / frame_bytes_;
  } else {
    push(frames, committed);
  }
}

void PlaybackPort::push(std::span<const std::byte> frames, bool committed) noexcept {
  while (!frames.empty()) {
    const size_t count = std::min(frames.size() / frame_bytes_, depth_frames());
    make_room(count);
    fifo_.push(frames.first(count * frame_bytes_));
    marks_.push_copies(committed ? kCommitted : kNotCommitted, count);
    frames = frames.subspan(count * frame_bytes_);
  }
}

void PlaybackPort::make_room(size_t count_frames) noexcept {
  pop(count_frames - std::min(count_frames, marks_.free_bytes()));
}

/// Lets the oldest frames out in pieces. A piece has only committed frames or none, and does not
/// cross the end of the queues' memory. Both queues get there at the same frame.
void PlaybackPort::pop(size_t count_frames) noexcept {
  while (count_frames > 0) {
    const auto marks = marks_.front().first(std::min(count_frames, marks_.front().size()));
    const bool committed = marks.front() == kCommitted;
    const auto other =
        std::find(marks.begin(), marks.end(), committed ? kNotCommitted : kCommitted);
    const auto run = static_cast<size_t>(other - marks.begin());
    sink_.write(fifo_.front().first(run * frame_bytes_), committed);
    fifo_.drop(run * frame_bytes_);
    marks_.drop(run);
    out_frames_ += run;
    count_frames -= run;
  }
}

/// The older frames come out of the FIFO, and the last of the skipped frames take their place.
void PlaybackPort::skip(uint64_t bytes) noexcept {
  const uint64_t frames = bytes / frame_bytes_;
  const auto fresh = static_cast<size_t>(std::min<uint64_t>(frames, depth_frames()));
  make_room(fresh);
  out_frames_ += frames - fresh;
  fifo_.push_copies(std::byte{0}, fresh * frame_bytes_);
  marks_.push_copies(kNotCommitted, fresh);
}

bool PlaybackPort::run(const FrameTime& time, uint64_t frame) noexcept {
  out_frames_ = frame - level_frames();
  return timed_ == nullptr || timed_->run(time, depth_frames(), out_frames_);
}

void PlaybackPort::stop(bool keep_fifo) noexcept {
  if (keep_fifo) pop(level_frames());
  if (timed_ != nullptr) timed_->stop(out_frames_);
  fifo_.clear();
  marks_.clear();
}

}  // namespace dmasim
