// SPDX-License-Identifier: LGPL-2.1-or-later
/// Both ends of a cable, in a directory of the test's own, on a clock that the test moves.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "engine/cable/cable.h"
#include "tests/unit/runtime_directory.h"

namespace dmasim {

inline constexpr int64_t kSecondNs = 1'000'000'000;
/// 1000 frames a second, so a frame takes a millisecond. The cable's delay is one frame then.
inline constexpr PcmFormat kSlow{.sample = SampleFormat::s32_le, .channels = 1, .rate_hz = 1000};
inline constexpr int64_t kFrameNs = 1'000'000;
inline constexpr uint64_t kRingFrames = 64;

/// A sink, and the calls that a client makes. Frame n of a start has the value first + n.
class Player {
 public:
  explicit Player(std::shared_ptr<ManualClock> clock, const std::string& cable = "test",
                  std::function<bool()> overrules = {})
      : sink(make_cable_sink(cable, std::move(clock), std::move(overrules))) {}

  Result<void> begin(int32_t first, const PcmFormat& format = kSlow) {
    first_ = first;
    return sink->configure(format, kRingFrames);
  }
  void commit(uint64_t end) {
    for (uint64_t n = written_; n < end; ++n) {
      ring_[n % kRingFrames] = first_ + static_cast<int32_t>(n);
    }
    written_ = end;
    sink->timed()->commit(std::as_bytes(std::span(ring_)), end);
  }
  bool run(int64_t at_ns, uint64_t depth = 0) {
    time_ = FrameTime(kSlow.rate_hz, 0);
    time_.start(at_ns);
    return sink->timed()->run(time_, depth, 0);
  }
  void pause(int64_t at_ns) {
    time_.pause(at_ns);
    paused_at_ = time_.frames_at(at_ns);
    sink->timed()->pause(paused_at_);
  }
  void resume(int64_t at_ns) {
    time_.resume(at_ns);
    sink->timed()->run(time_, 0, paused_at_);
  }
  void stop(uint64_t frame) {
    sink->timed()->stop(frame);
    written_ = 0;
  }
  /// Plays from configure() to the last frame, from `at_ns` on.
  void play(int32_t first, uint64_t frames, int64_t at_ns) {
    ASSERT_TRUE(begin(first));
    commit(frames);
    run(at_ns);
  }

  std::unique_ptr<Sink> sink;

 private:
  int32_t first_ = 0;
  uint64_t written_ = 0;
  uint64_t paused_at_ = 0;
  FrameTime time_{kSlow.rate_hz, 0};
  std::vector<int32_t> ring_ = std::vector<int32_t>(kRingFrames);
};

/// A source whose frame n is sampled at its start + n milliseconds.
class Listener {
 public:
  explicit Listener(std::shared_ptr<ManualClock> clock, const std::string& cable = "test")
      : clock_(std::move(clock)), source(make_cable_source(cable, clock_)) {}

  Result<void> start(int64_t at_ns) {
    if (auto ready = source->configure(kSlow, kRingFrames); !ready) return ready;
    time_.start(at_ns);
    source->timed()->run(time_, 0);
    at_ = 0;
    return {};
  }
  /// Reads the next frames. The clock moves to the time at which the last of them is complete.
  std::vector<int32_t> capture(size_t frames) {
    at_ += frames;
    const int64_t now_ns = time_.time_of(at_);
    if (now_ns > clock_->now_ns()) clock_->advance_ns(now_ns - clock_->now_ns());
    std::vector<int32_t> captured(frames, -1);
    source->read(std::as_writable_bytes(std::span(captured)));
    return captured;
  }

 private:
  std::shared_ptr<ManualClock> clock_;

 public:
  std::unique_ptr<Source> source;

 private:
  FrameTime time_{kSlow.rate_hz, 0};
  uint64_t at_ = 0;
};

/// The bytes of a cable's file before its samples.
inline std::vector<std::byte> head_of(const std::string& path) {
  std::vector<std::byte> head(kDataOffset);
  std::ifstream(path).read(reinterpret_cast<char*>(head.data()), kDataOffset);
  return head;
}

inline std::optional<CableProgress> progress_in(std::span<const std::byte> head) {
  return decode_newest<CableProgress>(head.subspan(kProgressOffset));
}

template <typename Sealed>
void overwrite_at(const std::string& path, uint64_t offset, const Sealed& sealed) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(pwrite(fd.get(), &sealed, sizeof sealed, static_cast<off_t>(offset)),
            ssize_t{sizeof sealed});
}

/// Writes a progress of `record` into the file, in place of the newest one.
inline void forge_progress(const std::string& path, const CableRecord& record) {
  CableProgress progress = progress_in(head_of(path)).value_or(CableProgress{});
  progress.instance = record.instance;
  progress.record = record.sequence;
  progress.reserved_tape = record.reserved_tape;
  progress.committed_tape = record.committed_tape;
  seal_next(progress);
  overwrite_at(path, kProgressOffset + slot_offset(progress), progress);
}

/// Writes `record` into the file as the next one, and the progress that makes it count.
inline void forge_record(const std::string& path, CableRecord record) {
  seal_next(record);
  overwrite_at(path, slot_offset(record), record);
  forge_progress(path, record);
}

/// silence x `before`, first, first + 1, ..., silence x `after`
inline std::vector<int32_t> captured(size_t before, int32_t first, size_t frames, size_t after) {
  std::vector<int32_t> all(before + frames + after, 0);
  for (size_t i = 0; i < frames; ++i) all[before + i] = first + static_cast<int32_t>(i);
  return all;
}

}  // namespace dmasim
