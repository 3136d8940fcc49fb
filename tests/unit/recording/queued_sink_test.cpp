// SPDX-License-Identifier: LGPL-2.1-or-later
/// The queue between the hardware and the disk. The test decides when the disk answers.
#include "engine/recording/queued_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/sync.h"
#include "engine/recording/file_sink.h"

namespace dmasim {
namespace {

/// The bytes that the disk gets, and how it behaves. It must outlive the sink.
class Disk {
 public:
  /// With false each append() waits, until this is called again with true.
  void answer(bool answers) {
    MutexLock guard(lock_);
    answers_ = answers;
    changed_.notify_all();
  }
  void refuse(int error) {
    MutexLock guard(lock_);
    error_ = error;
  }
  /// Waits until an append() waits.
  void await_held() {
    MutexLock guard(lock_);
    while (!held_) changed_.wait(lock_);
  }
  [[nodiscard]] std::string log() {
    MutexLock guard(lock_);
    return log_;
  }
  [[nodiscard]] std::vector<std::byte> bytes() {
    MutexLock guard(lock_);
    return bytes_;
  }

  void note(const std::string& what) {
    MutexLock guard(lock_);
    log_ += what + "\n";
  }
  int take(std::span<const std::byte> bytes) {
    MutexLock guard(lock_);
    held_ = !answers_;
    changed_.notify_all();
    while (!answers_) changed_.wait(lock_);
    held_ = false;
    if (error_ == 0) bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return error_;
  }

 private:
  Mutex lock_;
  CondVar changed_;
  bool answers_ DMASIM_GUARDED_BY(lock_) = true;
  bool held_ DMASIM_GUARDED_BY(lock_) = false;
  int error_ DMASIM_GUARDED_BY(lock_) = 0;
  std::string log_ DMASIM_GUARDED_BY(lock_);
  std::vector<std::byte> bytes_ DMASIM_GUARDED_BY(lock_);
};

class DiskRecording final : public Recording {
 public:
  DiskRecording(Disk& disk, size_t frame_bytes) : disk_(disk), frame_bytes_(frame_bytes) {}
  Kept append(std::span<const std::byte> frames) noexcept override {
    const int error = disk_.take(frames);
    return {error == 0 ? frames.size() / frame_bytes_ : 0, error};
  }
  Result<void> sync() noexcept override { return {}; }
  Result<void> finish() noexcept override {
    disk_.note("finish");
    return {};
  }

 private:
  Disk& disk_;
  const size_t frame_bytes_;
};

class DiskRecorder final : public Recorder {
 public:
  explicit DiskRecorder(Disk& disk) : disk_(disk) {}
  Result<std::unique_ptr<Recording>> begin(const PcmFormat& format) override {
    disk_.note("begin " + std::to_string(format.rate_hz));
    return std::unique_ptr<Recording>(std::make_unique<DiskRecording>(disk_, format.frame_bytes()));
  }
  [[nodiscard]] bool holds_rates(const PcmFormat&, uint32_t) const noexcept override {
    return true;
  }

 private:
  Disk& disk_;
};

constexpr PcmFormat kFormat{SampleFormat::s16_le, 2, 48000};
constexpr size_t kFrame = 4;
constexpr FileSinkOptions kHasty{.queue_ns = 500'000'000, .flush_ns = 1'000'000};
constexpr FileSinkOptions kPatient{.queue_ns = 500'000'000, .flush_ns = kNever};
constexpr uint64_t kBurst = 1000;
constexpr uint64_t kCapacity = kBurst + 24000 + 1;

std::vector<std::byte> frames(size_t count, size_t first = 0) {
  std::vector<std::byte> bytes(count * kFrame);
  for (size_t i = 0; i < count; ++i) {
    const auto number = static_cast<uint32_t>(first + i);
    std::memcpy(&bytes[i * kFrame], &number, kFrame);
  }
  return bytes;
}

std::unique_ptr<QueuedSink> make_sink(Disk& disk, const FileSinkOptions& options) {
  return std::make_unique<QueuedSink>(std::make_unique<DiskRecorder>(disk), options);
}

TEST(QueuedSink, BringsEveryFrameOutInOrder) {
  Disk disk;
  const auto sink = make_sink(disk, kPatient);
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  size_t index = 0;
  for (size_t count = 1; index < 100'000; count = count * 7 % 997 + 1) {
    sink->write(frames(count, index), true);
    index += count;
    if (index / 20'000 != (index - count) / 20'000) {
      ASSERT_TRUE(sink->flush());
    }
  }
  ASSERT_TRUE(sink->flush());
  EXPECT_EQ(disk.bytes(), frames(index));
  EXPECT_EQ(sink->stats().written_frames, index);
  EXPECT_EQ(sink->stats().lost_frames, 0U);
}

TEST(QueuedSink, CountsWhatDoesNotFitAsLost) {
  Disk disk;
  const auto sink = make_sink(disk, kPatient);
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  sink->write(frames(kCapacity + 100), true);
  EXPECT_EQ(sink->stats().written_frames, kCapacity + 100);
  EXPECT_EQ(sink->stats().lost_frames, 100U);
  EXPECT_EQ(sink->stats().last_error, ENOBUFS);
  EXPECT_EQ(sink->flush().error(), EIO);
  EXPECT_TRUE(sink->flush()) << "reported once";
  EXPECT_EQ(disk.bytes(), frames(kCapacity));
}

TEST(QueuedSink, SaysHowMuchRoomThereIs) {
  Disk disk;
  disk.answer(false);
  const auto sink = make_sink(disk, kPatient);
  EXPECT_EQ(sink->room_frames(7), 7U) << "before the first format";
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  sink->write(frames(1), true);
  sink->flush_async();
  disk.await_held();
  EXPECT_EQ(sink->room_frames(kCapacity + 1), kCapacity);
  sink->write(frames(100), true);
  EXPECT_EQ(sink->room_frames(kCapacity), kCapacity - 100);
  EXPECT_EQ(sink->room_frames(1), 1U);
  disk.answer(true);
}

TEST(QueuedSink, HoldsAsMuchTimeOfFramesThatComeFaster) {
  Disk disk;
  disk.answer(false);
  const auto sink = make_sink(disk, {.queue_ns = 500'000'000, .speed = 4, .flush_ns = kNever});
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  EXPECT_EQ(sink->room_frames(UINT64_MAX), kBurst + 4 * 24000 + 1);
  disk.answer(true);
}

TEST(QueuedSink, TellsAClientThatWaitsOfRoom) {
  Disk disk;
  const auto sink = make_sink(disk, kPatient);
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  Mutex lock;
  CondVar changed;
  int calls = 0;
  sink->on_room([&] {
    MutexLock guard(lock);
    ++calls;
    changed.notify_all();
  });
  for (int round = 1; round <= 3; ++round) {
    disk.answer(false);
    sink->write(frames(kCapacity), true);
    ASSERT_LT(sink->room_frames(kCapacity), kCapacity);
    disk.answer(true);
    const int64_t patience_ns = RealtimeClock().now_ns() + 5'000'000'000;
    MutexLock guard(lock);
    while (calls < round && changed.wait_until(lock, patience_ns)) {
    }
    ASSERT_EQ(calls, round);
    guard.unlock();
    ASSERT_TRUE(sink->flush());
  }
  sink->on_room({});
  EXPECT_EQ(calls, 3) << "one call for each wait";
  EXPECT_EQ(sink->stats().lost_frames, 0U);
}

TEST(QueuedSink, NeverWaitsForADiskThatDoesNotAnswer) {
  Disk disk;
  disk.answer(false);
  const auto sink = make_sink(disk, kPatient);
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  sink->write(frames(10), true);
  sink->flush_async();
  disk.await_held();
  sink->write(frames(kCapacity, 10), true);
  EXPECT_EQ(sink->stats().lost_frames, 0U) << "the ten are out of the queue";
  sink->write(frames(1), true);
  EXPECT_EQ(sink->stats().lost_frames, 1U);
  disk.answer(true);
  EXPECT_EQ(sink->flush().error(), EIO);
  EXPECT_EQ(disk.bytes(), frames(10 + kCapacity));
}

TEST(QueuedSink, FlushGivesUpWithoutProgressAndCountsTheRestAsLost) {
  Disk disk;
  disk.answer(false);
  const auto sink = make_sink(disk, kHasty);
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  sink->write(frames(10), true);
  sink->flush_async();
  disk.await_held();
  sink->write(frames(20, 10), true);
  EXPECT_EQ(sink->flush().error(), EIO);
  EXPECT_EQ(sink->stats().lost_frames, 30U);
  EXPECT_EQ(sink->stats().last_error, ETIMEDOUT);
  disk.answer(true);
}

TEST(QueuedSink, WhatWasGivenUpIsNotWrittenLater) {
  Disk disk;
  disk.answer(false);
  auto sink = make_sink(disk, kHasty);
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  sink->write(frames(10), true);
  sink->flush_async();
  disk.await_held();
  sink->write(frames(20, 10), true);
  ASSERT_EQ(sink->flush().error(), EIO);
  disk.answer(true);
  sink.reset();
  EXPECT_EQ(disk.bytes(), frames(10)) << "what the disk had at hand, and no more";
}

TEST(QueuedSink, FlushAsyncBringsFramesOutWithoutAWait) {
  Disk disk;
  disk.answer(false);
  const auto sink = make_sink(disk, {.queue_ns = 3'600'000'000'000, .flush_ns = kNever});
  ASSERT_TRUE(sink->configure({SampleFormat::s16_le, 2, 1}, 1));
  sink->write(frames(5), true);
  sink->flush_async();
  disk.await_held();  // without flush_async() this would take a quarter of an hour
  disk.answer(true);
}

TEST(QueuedSink, CountsWhatTheDiskRefusesAsLost) {
  Disk disk;
  disk.refuse(EDQUOT);
  const auto sink = make_sink(disk, kPatient);
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  sink->write(frames(10), true);
  EXPECT_EQ(sink->flush().error(), EIO);
  EXPECT_EQ(sink->stats().lost_frames, 10U);
  EXPECT_EQ(sink->stats().last_error, EDQUOT);
  disk.refuse(0);
  sink->write(frames(10), true);
  EXPECT_TRUE(sink->flush()) << "tried again";
  EXPECT_EQ(disk.bytes(), frames(10));
}

TEST(QueuedSink, FinishesOneFormatBeforeTheNext) {
  Disk disk;
  {
    const auto sink = make_sink(disk, kPatient);
    ASSERT_TRUE(sink->configure(kFormat, kBurst));
    sink->write(frames(10), true);
    ASSERT_TRUE(sink->configure(kFormat, 10 * kBurst));
    sink->write(frames(10, 10), true);
    ASSERT_TRUE(sink->configure({SampleFormat::s16_le, 2, 44100}, kBurst));
    sink->write(frames(10, 20), true);
    ASSERT_TRUE(sink->configure(kFormat, kBurst));
    sink->write(frames(10, 30), true);
    ASSERT_TRUE(sink->flush());
    EXPECT_EQ(disk.bytes(), frames(40));
    EXPECT_EQ(sink->stats().written_frames, 40U);
  }
  const std::string log = disk.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), 'b'), 3) << log;
  EXPECT_EQ(std::count(log.begin(), log.end(), 'f'), 3) << log;
}

TEST(QueuedSink, GrowsForALargerBurst) {
  Disk disk;
  disk.answer(false);
  const auto sink = make_sink(disk, kPatient);
  ASSERT_TRUE(sink->configure(kFormat, kBurst));
  sink->write(frames(kCapacity), true);
  ASSERT_TRUE(sink->configure(kFormat, kBurst + 5000));
  sink->write(frames(5000, kCapacity), true);
  EXPECT_EQ(sink->stats().lost_frames, 0U);
  disk.answer(true);
  ASSERT_TRUE(sink->flush());
  EXPECT_EQ(disk.bytes(), frames(kCapacity + 5000));
}

TEST(QueuedSink, KeepsWhatIsQueuedWhenItEnds) {
  Disk disk;
  {
    const auto sink = make_sink(disk, kPatient);
    ASSERT_TRUE(sink->configure(kFormat, kBurst));
    sink->write(frames(100), true);
  }
  EXPECT_EQ(disk.bytes(), frames(100));
  EXPECT_EQ(disk.log(), "begin 48000\nfinish\n");
}

TEST(QueuedSink, ReportsABurstThatNoMemoryHolds) {
  Disk disk;
  const auto sink = make_sink(disk, kPatient);
  EXPECT_EQ(sink->configure(kFormat, UINT64_MAX / 2).error(), ENOMEM);
  EXPECT_EQ(disk.log(), "");
  EXPECT_TRUE(sink->flush());
}

}  // namespace
}  // namespace dmasim
