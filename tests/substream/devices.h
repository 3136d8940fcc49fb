// SPDX-License-Identifier: LGPL-2.1-or-later
/// A sink and a source that store each frame. A frame is one sample of 16 bits.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "engine/device/sink.h"
#include "engine/device/source.h"

namespace dmasim {

using Samples = std::vector<int16_t>;

/// `count` samples: first, first + 1, ...
inline Samples counted(int first, size_t count) {
  Samples samples;
  for (size_t i = 0; i < count; ++i) samples.push_back(static_cast<int16_t>(first + int(i)));
  return samples;
}

inline Samples operator+(Samples left, const Samples& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Samples samples_of(std::span<const std::byte> bytes) {
  Samples samples(bytes.size() / sizeof(int16_t));
  std::memcpy(samples.data(), bytes.data(), bytes.size());
  return samples;
}

class RememberingSink final : public Sink, public TimedSink {
 public:
  Result<void> look(const PcmFormat&) override {
    ++looks;
    return look_error == 0 ? Result<void>{} : Result<void>(Errno{look_error});
  }
  Result<void> configure(const PcmFormat&, uint64_t most_frames) override {
    reported.clear();
    ++configures;
    burst_frames = most_frames;
    return configure_error == 0 ? Result<void>{} : Result<void>(Errno{configure_error});
  }
  [[nodiscard]] bool holds_rates(const PcmFormat&, uint32_t) const noexcept override {
    return holds_format;
  }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override {
    const Samples samples = samples_of(bytes);
    Samples& to = committed ? played : leftovers;
    to.insert(to.end(), samples.begin(), samples.end());
    came_out.insert(came_out.end(), samples.begin(), samples.end());
    if (!committed) return;
    stats_.written_frames += samples.size();
    EXPECT_LE(samples.size(), room_left) << "more than there is room for";
    if (room_left != kEndless) room_left -= samples.size();
  }
  [[nodiscard]] uint64_t room_frames(uint64_t wanted) noexcept override {
    return std::min(wanted, room_left);
  }
  void on_room(const std::function<void()>& call) override { on_room_call = call; }
  /// Has room again, and tells the client.
  void make_room(uint64_t frames) {
    room_left += frames;
    on_room_call();
  }
  [[nodiscard]] TimedSink* timed() noexcept override { return needs_times ? this : nullptr; }
  void commit(std::span<const std::byte> ring, uint64_t end) noexcept override {
    committed_to = end;
    committed_furthest = std::max(committed_furthest, end);
    reported.erase(reported.lower_bound(end), reported.end());
    const Samples samples = samples_of(ring);
    const uint64_t size = samples.size();
    for (uint64_t n = end - std::min(end, size); n < end; ++n) reported[n] = samples[n % size];
  }
  void free_run(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept override {
    const Samples samples = samples_of(ring);
    EXPECT_LE(from, to);
    EXPECT_LE(to, from + samples.size()) << "more than a lap";
    free_run_frames += to - from;
    for (uint64_t n = from; n < to; ++n) reported[n] = samples[n % samples.size()];
  }
  bool run(const FrameTime& time, uint64_t, uint64_t) noexcept override {
    origin_ns = time.origin_ns();
    return true;
  }
  void pause(uint64_t) noexcept override {}
  void stop(uint64_t) noexcept override {}
  void flush_async() noexcept override { ++flushes_asked; }
  Result<void> flush() override {
    ++flushes;
    return flush_error == 0 ? Result<void>{} : Result<void>(Errno{flush_error});
  }
  [[nodiscard]] SinkStats stats() const noexcept override { return stats_; }

  static constexpr uint64_t kEndless = UINT64_MAX;
  uint64_t room_left = kEndless;         ///< frames that may still come
  std::function<void()> on_room_call;    ///< of the client
  Samples played;                        ///< the committed frames
  Samples leftovers;                     ///< the frames that were not committed
  Samples came_out;                      ///< both, in their order
  std::map<uint64_t, int16_t> reported;  ///< the frames that were reported ahead of time
  uint64_t committed_to = 0;
  uint64_t committed_furthest = 0;  ///< of all commits
  uint64_t free_run_frames = 0;     ///< the sum of the frames of all calls of free_run()
  int64_t origin_ns = 0;            ///< the origin of the newest run()
  int configures = 0;
  uint64_t burst_frames = 0;  ///< of the newest configure()
  int flushes_asked = 0;
  int flushes = 0;
  int looks = 0;
  int look_error = 0;
  int configure_error = 0;
  bool holds_format = true;
  bool needs_times = true;  ///< the substream asks once, when it is made
  int flush_error = 0;

 private:
  SinkStats stats_;
};

/// Frame n, counted over all laps, has the value n + 1.
class CountingSource final : public Source, public TimedSource {
 public:
  Result<void> look(const PcmFormat&) override {
    return look_error == 0 ? Result<void>{} : Result<void>(Errno{look_error});
  }
  Result<void> configure(const PcmFormat&, uint64_t) override { return {}; }
  void read(std::span<std::byte> out) noexcept override {
    const size_t frames = out.size() / sizeof(int16_t);
    const Samples samples = counted(static_cast<int>(asked) + 1, frames);
    std::memcpy(out.data(), samples.data(), out.size());
    asked += frames;
    stats_.read_frames += frames;
  }
  void skip(uint64_t bytes) noexcept override {
    asked += bytes / sizeof(int16_t);
    skipped += bytes / sizeof(int16_t);
  }
  [[nodiscard]] TimedSource* timed() noexcept override { return needs_times ? this : nullptr; }
  void run(const FrameTime& time, uint64_t) noexcept override { origin_ns = time.origin_ns(); }
  [[nodiscard]] bool broken() const noexcept override { return is_broken; }
  void stop() noexcept override { ++stops; }
  [[nodiscard]] SourceStats stats() const noexcept override { return stats_; }

  uint64_t asked = 0;  ///< frames that were read or skipped
  uint64_t skipped = 0;
  int64_t origin_ns = 0;
  int stops = 0;
  bool is_broken = false;
  bool needs_times = true;  ///< the substream asks once, when it is made
  int look_error = 0;

 private:
  SourceStats stats_;
};

}  // namespace dmasim
