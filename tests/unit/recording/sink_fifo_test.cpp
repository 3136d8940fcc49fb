// SPDX-License-Identifier: LGPL-2.1-or-later
/// A recording into a FIFO holds whole frames, as many as its reader takes. The sink does not wait
/// for the reader.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/device/sink.h"
#include "engine/recording/file_sink.h"
#include "tests/unit/pcm/sample_formats.h"
#include "tests/unit/unprivileged.h"

namespace dmasim {
namespace {

constexpr PcmFormat kStereo{SampleFormat::s16_le, 2, 48000};
constexpr PcmFormat kFloat{SampleFormat::float_le, 3, 44100};
/// A frame has 12 bytes. A page of a pipe does not hold a whole number of them.
constexpr PcmFormat kThree{SampleFormat::s32_le, 3, 48000};
constexpr uint64_t kBurst = 1024;

/// Each sample of frame n has the value n.
std::vector<std::byte> numbered(int32_t first, size_t count) {
  std::vector<int32_t> samples;
  for (size_t i = 0; i < count; ++i) samples.insert(samples.end(), 3, first + int32_t(i));
  const auto bytes = std::as_bytes(std::span(samples));
  return {bytes.begin(), bytes.end()};
}

class SinkFifo : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0); }

  [[nodiscard]] std::unique_ptr<Sink> sink() const {
    auto made = make_file_sink(path_.c_str(), {.queue_ns = 0});
    EXPECT_TRUE(made) << std::strerror(made.error());
    return *std::move(made);
  }
  [[nodiscard]] UniqueFd open_end(int flags) const {
    return UniqueFd(open(path_.c_str(), flags | O_NONBLOCK | O_CLOEXEC));
  }
  /// Reads all bytes that are in the FIFO, but at most `most`.
  static std::vector<std::byte> take(const UniqueFd& reader, size_t most = SIZE_MAX) {
    std::vector<std::byte> taken;
    std::array<std::byte, 4096> piece;
    while (taken.size() < most) {
      const ssize_t got =
          read(reader.get(), piece.data(), std::min(piece.size(), most - taken.size()));
      if (got <= 0) break;
      taken.insert(taken.end(), piece.begin(), piece.begin() + got);
    }
    return taken;
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_ / "fifo.wav";
};

TEST_F(SinkFifo, IsOpenedAtTheFirstStart) {
  const auto fifo = sink();
  ASSERT_TRUE(fifo->look(kStereo));
  EXPECT_FALSE(open_end(O_WRONLY)) << "somebody has it open for reading";
  ASSERT_TRUE(fifo->configure(kStereo, kBurst));
  EXPECT_TRUE(open_end(O_WRONLY));
}

TEST_F(SinkFifo, KeepsTheFramesForAReaderThatComesLater) {
  auto fifo = sink();
  const auto bytes = random_samples(kStereo.sample, 2000);
  ASSERT_TRUE(fifo->configure(kStereo, kBurst));
  fifo->write(bytes, true);
  EXPECT_TRUE(fifo->flush());
  const UniqueFd reader = open_end(O_RDONLY);
  EXPECT_TRUE(take(reader) == bytes) << "raw, whatever the ending says";
  fifo->write(bytes, true);
  fifo.reset();
  EXPECT_TRUE(take(reader) == bytes);
  std::byte one{};
  EXPECT_EQ(read(reader.get(), &one, 1), 0) << "the end";
}

TEST_F(SinkFifo, WaitsForNoReader) {
  auto fifo = sink();
  ASSERT_TRUE(fifo->configure(kThree, kBurst));
  fifo->write(numbered(0, 100), true);
  EXPECT_TRUE(fifo->flush()) << "the pipe has them";
  EXPECT_EQ(fifo->stats().lost_frames, 0U);
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    fifo->write(numbered(i, 1000), true);
    const int error = fifo->flush().error();
    if (error == 0) continue;
    EXPECT_EQ(error, EIO);
    ++refused;
  }
  EXPECT_GT(refused, 0) << "240000 bytes do not fit";
  EXPECT_GT(fifo->stats().lost_frames, 0U);
  EXPECT_EQ(fifo->stats().last_error, EAGAIN);
  fifo.reset();
}

/// The reader stops in the middle of a frame.
TEST_F(SinkFifo, LosesWholeFramesWhereItIsFull) {
  const auto fifo = sink();
  ASSERT_TRUE(fifo->configure(kThree, kBurst));
  const UniqueFd reader = open_end(O_RDONLY);
  std::vector<std::byte> received;
  int32_t next = 0;
  for (size_t i = 0; i < 40; ++i) {
    fifo->write(numbered(next, 1000), true);
    next += 1000;
    static_cast<void>(fifo->flush());
    const auto taken = take(reader, i < 12 ? 1001 : 8009);
    received.insert(received.end(), taken.begin(), taken.end());
  }
  const auto rest = take(reader);
  received.insert(received.end(), rest.begin(), rest.end());
  const SinkStats stats = fifo->stats();
  EXPECT_GT(stats.lost_frames, 0U);
  ASSERT_EQ(received.size(), (stats.written_frames - stats.lost_frames) * kThree.frame_bytes());
  int32_t last = -1;
  for (size_t at = 0; at < received.size(); at += kThree.frame_bytes()) {
    std::array<int32_t, 3> frame{};
    std::memcpy(frame.data(), &received[at], sizeof frame);
    ASSERT_TRUE(frame[0] == frame[1] && frame[1] == frame[2]) << "of two frames, at byte " << at;
    ASSERT_GT(frame[0], last);
    last = frame[0];
  }
}

TEST_F(SinkFifo, GetsEachFormatBehindTheOther) {
  const auto fifo = sink();
  std::vector<std::byte> all;
  for (const PcmFormat& format : {kStereo, kFloat, kStereo}) {
    const auto bytes = random_samples(format.sample, 300 * format.channels);
    ASSERT_TRUE(fifo->configure(format, kBurst));
    fifo->write(bytes, true);
    ASSERT_TRUE(fifo->flush());
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  EXPECT_TRUE(take(open_end(O_RDONLY)) == all);
}

TEST_F(SinkFifo, BelongsToOneStream) {
  auto owner = sink();
  const auto other = sink();
  ASSERT_TRUE(owner->configure(kStereo, kBurst));
  EXPECT_EQ(other->configure(kStereo, kBurst).error(), EBUSY);
  if (file_lock_owner(path_.c_str()) != 0) {
    EXPECT_EQ(other->look(kStereo).error(), EBUSY);
  }
  EXPECT_TRUE(owner->look(kFloat)) << "its own";
  owner.reset();
  EXPECT_TRUE(other->look(kStereo));
  EXPECT_TRUE(other->configure(kStereo, kBurst));
}

TEST_F(SinkFifo, TakesEveryFormatUnderEveryName) {
  for (const char* name : {"fifo", "fifo.flac"}) {
    const std::string path = directory_ / name;
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    const auto sink = make_file_sink(path.c_str(), {});
    EXPECT_TRUE(sink && (*sink)->holds(kFloat));
  }
}

TEST_F(SinkFifo, HoldsWhatTheQueueMayBringAtATime) {
  constexpr int kQueueBytes = 40'000 * 4;
  const UniqueFd wide = open_end(O_RDWR);
  if (fcntl(wide.get(), F_SETPIPE_SZ, kQueueBytes) < 0) GTEST_SKIP() << "no pipe may be so large";
  ASSERT_GE(fcntl(wide.get(), F_SETPIPE_SZ, 65536), 0);
  const auto fifo = sink();
  ASSERT_TRUE(fifo->configure(kStereo, 40'000));
  EXPECT_GE(fcntl(wide.get(), F_GETPIPE_SZ), kQueueBytes);
  fifo->write(random_samples(kStereo.sample, 80'000), true);
  EXPECT_TRUE(fifo->flush());
}

TEST_F(SinkFifo, HasToBeReadAndWritten) {
  if (!unprivileged_has_files()) GTEST_SKIP() << "only root can use files here";
  ASSERT_EQ(chmod((directory_ / "").c_str(), 0755), 0);
  for (const auto& [mode, error] :
       {std::pair<mode_t, int>{0622, EACCES}, {0644, EACCES}, {0666, 0}}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    const Unprivileged somebody;
    if (geteuid() != 65534) GTEST_SKIP() << "it is the owner's";
    EXPECT_EQ(make_file_sink(path_.c_str(), {}).error(), error) << mode;
  }
}

TEST_F(SinkFifo, ThatIsGoneIsNotMadeAnew) {
  const auto fifo = sink();
  ASSERT_EQ(unlink(path_.c_str()), 0);
  EXPECT_EQ(fifo->look(kStereo).error(), ENOENT);
  EXPECT_EQ(fifo->configure(kStereo, kBurst).error(), ENOENT);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

/// More than any pipe holds.
constexpr size_t kThreeSeconds = size_t{3} * 48000;

class SinkOfAPatientClient : public SinkFifo {
 protected:
  [[nodiscard]] std::unique_ptr<Sink> patient_sink(int64_t flush_ns) const {
    auto made = make_file_sink(
        path_.c_str(), {.queue_ns = 3'000'000'000, .flush_ns = flush_ns, .client_waits = true});
    EXPECT_TRUE(made);
    EXPECT_TRUE((*made)->configure(kThree, kBurst));
    return *std::move(made);
  }
};

TEST_F(SinkOfAPatientClient, WaitsForAFullFifo) {
  const UniqueFd reader = open_end(O_RDONLY);
  const std::unique_ptr<Sink> sink = patient_sink(5'000'000'000);
  const auto frames = numbered(0, kThreeSeconds);
  sink->write(frames, true);
  sink->flush_async();
  std::vector<std::byte> got;
  pollfd readable{.fd = reader.get(), .events = POLLIN, .revents = 0};
  while (got.size() < frames.size() && poll(&readable, 1, 5000) == 1) {
    const auto more = take(reader, 1000);
    got.insert(got.end(), more.begin(), more.end());
  }
  EXPECT_TRUE(sink->flush());
  EXPECT_EQ(got, frames);
  EXPECT_EQ(sink->stats().lost_frames, 0U);
}

TEST_F(SinkOfAPatientClient, DoesNotWaitForEver) {
  const UniqueFd reader = open_end(O_RDONLY);
  const std::unique_ptr<Sink> sink = patient_sink(1'000'000);
  sink->write(numbered(0, kThreeSeconds), true);
  EXPECT_EQ(sink->flush().error(), EIO);
  EXPECT_GT(sink->stats().lost_frames, 0U);
}

}  // namespace
}  // namespace dmasim
