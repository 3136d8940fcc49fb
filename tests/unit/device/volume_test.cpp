// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames that go through a card's mixer.
#include "engine/device/volume.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>

#include <cstring>
#include <functional>
#include <vector>

#include "engine/card/mixer_file.h"
#include "tests/unit/runtime_directory.h"

namespace dmasim {
namespace {

constexpr PcmFormat kMono{.sample = SampleFormat::s16_le, .channels = 1, .rate_hz = 48000};
constexpr size_t kRing = 16;
constexpr uint32_t kMinus20dB = kMixerVolume0dB - 40;
constexpr int64_t kMs = 1'000'000;

using Frames = std::vector<int16_t>;

std::span<const std::byte> bytes_of(const Frames& frames) {
  return std::as_bytes(std::span(frames));
}

/// first, first + 10, ...
Frames ramp(int first, size_t count) {
  Frames frames(count);
  for (size_t i = 0; i < count; ++i)
    frames[i] = static_cast<int16_t>(first + 10 * static_cast<int>(i));
  return frames;
}

/// A sink that takes frames from the ring, as a cable does.
class TapeSink final : public Sink, public TimedSink {
 public:
  /// Begins a start. `meanwhile` runs before the sink in front has begun its own start.
  Result<void> configure(const PcmFormat&, uint64_t) override {
    tape.clear();
    if (meanwhile) meanwhile();
    return {};
  }
  void write(std::span<const std::byte> bytes, bool committed) noexcept override {
    Frames frames(bytes.size() / 2);
    std::memcpy(frames.data(), bytes.data(), bytes.size());
    Frames& to = committed ? written : leftovers;
    to.insert(to.end(), frames.begin(), frames.end());
  }
  [[nodiscard]] TimedSink* timed() noexcept override { return this; }
  void commit(std::span<const std::byte> ring, uint64_t end) noexcept override {
    if (end > tape.size()) take(ring, tape.size(), end);
    tape.resize(end);
    ring_data = ring.data();
  }
  void free_run(std::span<const std::byte> ring, uint64_t from, uint64_t to) noexcept override {
    take(ring, from, to);
  }
  bool run(const FrameTime&, uint64_t, uint64_t) noexcept override { return true; }
  void pause(uint64_t) noexcept override {}
  void stop(uint64_t) noexcept override {}
  void flush_async() noexcept override {}
  Result<void> flush() override { return {}; }
  [[nodiscard]] SinkStats stats() const noexcept override { return {}; }

  std::function<void()> meanwhile;
  Frames tape;
  Frames written;
  Frames leftovers;
  const std::byte* ring_data = nullptr;

 private:
  void take(std::span<const std::byte> ring, uint64_t from, uint64_t to) {
    tape.resize(std::max<size_t>(tape.size(), to));
    for (uint64_t i = from; i < to; ++i) std::memcpy(&tape[i], &ring[i % kRing * 2], 2);
  }
};

class VolumeSinks : public ::testing::Test {
 protected:
  VolumeSinks() {
    auto tape = std::make_unique<TapeSink>();
    tape_ = tape.get();
    sink_ = make_volume_sink(std::move(tape), {.card = "card", .clock = clock_, .announce = true});
    EXPECT_TRUE(sink_->configure(kMono, kRing));
  }
  void set(size_t cell, uint32_t value) {
    EXPECT_TRUE(*MixerFile::create("card")->set(cell, value));
    clock_->advance_ns(20 * kMs);
  }
  void set_volume(uint32_t volume) {
    set(kPlaybackVolume, pack_volume({.left = volume, .right = volume}));
  }

  const RuntimeDirectory runtime_;
  const std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(1'000'000'000);
  TapeSink* tape_ = nullptr;
  std::unique_ptr<Sink> sink_;
};

TEST_F(VolumeSinks, HandOnTheRingItselfAt0dB) {
  const Frames ring = ramp(0, kRing);
  sink_->timed()->commit(bytes_of(ring), kRing);
  EXPECT_EQ(tape_->ring_data, bytes_of(ring).data());
  EXPECT_EQ(tape_->tape, ring);
  sink_->write(bytes_of(ring), true);
  EXPECT_EQ(tape_->written, ring);
}

TEST_F(VolumeSinks, LowerWhatIsWrittenFromThenOn) {
  sink_->write(bytes_of({1000, -1000}), true);
  set_volume(kMinus20dB);
  sink_->write(bytes_of({1000, -1000}), true);
  set(kPlaybackSwitch, 0);
  sink_->write(bytes_of({1000, -1000}), true);
  EXPECT_EQ(tape_->written, (Frames{1000, -1000, 100, -100, 0, 0}));
}

TEST_F(VolumeSinks, LowerLongPiecesWhole) {
  set_volume(kMinus20dB);
  const Frames frames = ramp(-30000, 5000);
  sink_->write(bytes_of(frames), true);
  ASSERT_EQ(tape_->written.size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) ASSERT_EQ(tape_->written[i], frames[i] / 10) << i;
}

TEST_F(VolumeSinks, LeaveTheRingsLeftoversAlone) {
  set_volume(kMinus20dB);
  sink_->write(bytes_of({1000, -1000}), false);
  EXPECT_EQ(tape_->leftovers, (Frames{1000, -1000}));
}

TEST_F(VolumeSinks, LowerWhatIsCommittedFromThenOnAcrossTheWrap) {
  Frames ring = ramp(1000, kRing);
  sink_->timed()->commit(bytes_of(ring), 12);
  set_volume(kMinus20dB);
  for (size_t i = 0; i < 4; ++i) ring[i] = static_cast<int16_t>(2000 + 10 * i);
  sink_->timed()->commit(bytes_of(ring), 20);
  Frames expected = ramp(1000, 12);
  for (const int16_t frame : Frames{112, 113, 114, 115, 200, 201, 202, 203}) {
    expected.push_back(frame);
  }
  EXPECT_EQ(tape_->tape, expected);
}

TEST_F(VolumeSinks, TakeRewoundFramesAnew) {
  const Frames ring = ramp(1000, kRing);
  sink_->timed()->commit(bytes_of(ring), 8);
  set_volume(kMinus20dB);
  sink_->timed()->commit(bytes_of(ring), 6);
  sink_->timed()->commit(bytes_of(ring), 9);
  EXPECT_EQ(tape_->tape, (Frames{1000, 1010, 1020, 1030, 1040, 1050, 106, 107, 108}));
}

TEST_F(VolumeSinks, LowerWhatComesOutInAFreeRun) {
  const Frames ring = ramp(1000, kRing);
  set_volume(kMinus20dB);
  sink_->timed()->free_run(bytes_of(ring), 14, 18);
  EXPECT_EQ(Frames(tape_->tape.begin() + 14, tape_->tape.end()), (Frames{114, 115, 100, 101}));
}

/// A hook on another thread runs while a start gets the sinks ready. The mixer's sink begins its
/// start after the sink behind it.
TEST_F(VolumeSinks, LetNothingThroughBeforeTheirOwnStart) {
  const Frames ring = ramp(1000, kRing);
  set(kPlaybackSwitch, 0);
  sink_->timed()->stop(0);
  tape_->meanwhile = [&] {
    sink_->timed()->commit(bytes_of(ring), 8);
    sink_->timed()->free_run(bytes_of(ring), 8, 12);
  };
  ASSERT_TRUE(sink_->configure(kMono, kRing));
  EXPECT_EQ(tape_->tape, Frames{});
  sink_->timed()->commit(bytes_of(ring), 8);
  EXPECT_EQ(tape_->tape, Frames(8));
  sink_->timed()->free_run(bytes_of(ring), 8, 12);
  EXPECT_EQ(tape_->tape, Frames(12));
}

/// If a start is stopped before its transfer is issued, no call ends it.
TEST_F(VolumeSinks, LetNothingThroughBetweenTwoStarts) {
  const Frames ring = ramp(1000, kRing);
  sink_->timed()->commit(bytes_of(ring), 8);
  set(kPlaybackSwitch, 0);
  tape_->meanwhile = [&] { sink_->timed()->commit(bytes_of(ring), 8); };
  ASSERT_TRUE(sink_->configure(kMono, kRing));
  EXPECT_EQ(tape_->tape, Frames{});
  sink_->timed()->commit(bytes_of(ring), 8);
  EXPECT_EQ(tape_->tape, Frames(8));
}

TEST_F(VolumeSinks, NotifyAWatchOfBeginningAndEnd) {
  const auto path = runtime_.files() / "card.mixer";
  ASSERT_TRUE(MixerFile::create("card"));
  const UniqueFd watch(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_GE(inotify_add_watch(watch.get(), path.c_str(), IN_ATTRIB), 0);
  const auto notified = [&] {
    inotify_event event{};
    return read(watch.get(), &event, sizeof event) > 0;
  };
  EXPECT_FALSE(notified());
  sink_->timed()->run(FrameTime(48000, 0), 0, 0);
  EXPECT_TRUE(notified());
  sink_->timed()->pause(8);
  EXPECT_TRUE(notified());
  sink_->timed()->stop(8);
  EXPECT_TRUE(notified());
  EXPECT_FALSE(notified());
  sink_.reset();
  EXPECT_TRUE(notified());
}

/// Half a volume and a mute, each on the way into a ring and on the way that copies.
TEST_F(VolumeSinks, LeaveDsdAsItIs) {
  constexpr PcmFormat kDsd{.sample = SampleFormat::dsd_u16_le, .channels = 1, .rate_hz = 48000};
  const Frames ring = ramp(1000, kRing);
  for (const bool changes_later : {false, true}) {
    set(kPlaybackSwitch, changes_later ? 1 : 0);
    set_volume(changes_later ? kMixerVolume0dB : kMinus20dB);
    ASSERT_TRUE(sink_->configure(kDsd, kRing));
    if (changes_later) {
      set_volume(kMinus20dB);
      set(kPlaybackSwitch, 0);
    }
    tape_->written.clear();
    sink_->write(bytes_of(ring), true);
    EXPECT_EQ(tape_->written, ring);
    sink_->timed()->commit(bytes_of(ring), kRing);
    EXPECT_EQ(tape_->tape, ring);
    EXPECT_TRUE(sink_->stats().least_gain.unity());
  }
}

TEST(VolumeSources, LeaveDsdAsItIs) {
  const RuntimeDirectory runtime;
  const auto clock = std::make_shared<ManualClock>(1'000'000'000);
  constexpr PcmFormat kDsd{.sample = SampleFormat::dsd_u16_be, .channels = 2, .rate_hz = 48000};
  const auto plain = make_counter_source();
  const auto mixed = make_volume_source(make_counter_source(), {.card = "card", .clock = clock});
  const auto read = [](Source& source) {
    Frames frames(64);
    source.read(std::as_writable_bytes(std::span(frames)));
    return frames;
  };
  ASSERT_TRUE(*MixerFile::create("card")->set(kCaptureVolume, 0));
  ASSERT_TRUE(plain->configure(kDsd, 64));
  ASSERT_TRUE(mixed->configure(kDsd, 64));
  EXPECT_EQ(read(*mixed), read(*plain));
  ASSERT_TRUE(*MixerFile::create("card")->set(kCaptureSwitch, 0));
  clock->advance_ns(20 * kMs);
  EXPECT_EQ(read(*mixed), read(*plain));
}

TEST(VolumeSources, LowerWhatIsCapturedFromThenOn) {
  const RuntimeDirectory runtime;
  const auto clock = std::make_shared<ManualClock>(1'000'000'000);
  const auto plain = make_counter_source();
  const auto mixed = make_volume_source(make_counter_source(), {.card = "card", .clock = clock});
  const auto read = [](Source& source) {
    Frames frames(64);
    source.read(std::as_writable_bytes(std::span(frames)));
    return frames;
  };
  ASSERT_TRUE(plain->configure(kMono, 64));
  ASSERT_TRUE(mixed->configure(kMono, 64));
  EXPECT_EQ(read(*mixed), read(*plain));
  const uint32_t lower = pack_volume({.left = kMinus20dB, .right = kMinus20dB});
  ASSERT_TRUE(*MixerFile::create("card")->set(kCaptureVolume, lower));
  clock->advance_ns(20 * kMs);
  const Frames captured = read(*mixed);
  const Frames sampled = read(*plain);
  for (size_t i = 0; i < captured.size(); ++i)
    ASSERT_NEAR(captured[i], sampled[i] / 10.0, 0.51) << i;
  ASSERT_TRUE(*MixerFile::create("card")->set(kCaptureSwitch, 0));
  clock->advance_ns(20 * kMs);
  EXPECT_EQ(read(*mixed), Frames(64));
}

}  // namespace
}  // namespace dmasim
