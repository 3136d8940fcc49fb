// SPDX-License-Identifier: LGPL-2.1-or-later
/// Several threads use one PCM, as alsa-lib allows: one moves frames, one waits, one reads
/// positions, one stops and starts. One lane of the CI runs this under the thread sanitizer.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <set>
#include <thread>

#include "tests/alsa/cable_setup.h"

namespace dmasim::test {
namespace {

constexpr int64_t kTogetherNs = 2'000'000'000;
constexpr long kDropped = -EIO;  // alsa-lib's answer to a thread that a drop has woken

/// Threads that each repeat a call until the time is over.
class Crowd {
 public:
  void add(std::function<void()> body) {
    threads_.emplace_back([this, body = std::move(body)] {
      while (!over_) body();
    });
  }
  /// Calls `wake` at the end, so that no thread stays blocked.
  void run(const std::function<void()>& wake) {
    const int64_t until_ns = now_ns() + kTogetherNs;
    static_cast<void>(eventually([=] { return now_ns() > until_ns; }));
    over_ = true;
    std::atomic<bool> gone{false};
    std::thread waker([&] {
      while (!gone) wake();
    });
    for (std::thread& thread : threads_) thread.join();
    gone = true;
    waker.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::vector<std::thread> threads_;
};

/// Expects that `answer` is positive or 0, or one of `fine`, whatever the other threads do.
void check(const char* call, long answer, const std::set<long>& fine) {
  EXPECT_TRUE(answer >= 0 || fine.contains(answer)) << call << ": " << answer;
}

class Threads : public ::testing::Test {
 protected:
  void open(snd_pcm_stream_t stream) {
    Opened opened = stream == SND_PCM_STREAM_PLAYBACK ? try_open({{"FILE", path_}}, stream)
                                                      : try_open({{"SOURCE", "counter"}}, stream);
    ASSERT_EQ(opened.error, 0);
    pcm_ = std::move(opened.pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm_.get(), setup_));
  }

  void write() {
    const auto frames = tagged_frames(1, next_, 700);
    const snd_pcm_sframes_t done = snd_pcm_writei(pcm_.get(), frames.data(), frames.size());
    check("writei", done, {-EPIPE, -EBADFD, kDropped});
    if (done > 0) next_ += static_cast<int32_t>(done);
  }
  void read() {
    std::vector<CableFrame> frames(700);
    const snd_pcm_sframes_t done = snd_pcm_readi(pcm_.get(), frames.data(), frames.size());
    check("readi", done, {-EPIPE, -EBADFD, kDropped});
  }
  void wait() {
    check("wait", snd_pcm_wait(pcm_.get(), 20), {-EPIPE, kDropped});
    pollfd descriptor{};
    unsigned short events = 0;
    ASSERT_EQ(snd_pcm_poll_descriptors(pcm_.get(), &descriptor, 1), 1);
    ASSERT_GE(::poll(&descriptor, 1, 5), 0);
    check("revents", snd_pcm_poll_descriptors_revents(pcm_.get(), &descriptor, 1, &events), {});
  }
  void ask() {
    snd_pcm_status_t* status = nullptr;
    snd_pcm_status_alloca(&status);
    check("status", snd_pcm_status(pcm_.get(), status), {});
    snd_pcm_sframes_t delay = 0;
    check("delay", snd_pcm_delay(pcm_.get(), &delay), {-EPIPE, -EBADFD});
    check("avail", snd_pcm_avail(pcm_.get()), {-EPIPE, -EBADFD});
    snd_pcm_uframes_t avail = 0;
    snd_htimestamp_t time{};
    check("htimestamp", snd_pcm_htimestamp(pcm_.get(), &avail, &time), {-EPIPE});
    const snd_pcm_state_t state = snd_pcm_state(pcm_.get());
    EXPECT_TRUE(state >= SND_PCM_STATE_SETUP && state <= SND_PCM_STATE_PAUSED) << state;
  }
  void stop_and_start() {
    snd_pcm_t* pcm = pcm_.get();
    check("prepare", snd_pcm_prepare(pcm), {-EBUSY});  // refused while the stream runs
    check("pause", snd_pcm_pause(pcm, 1), {-EBADFD});
    check("release", snd_pcm_pause(pcm, 0), {-EBADFD});
    check("drop", snd_pcm_drop(pcm), {});
    check("prepare", snd_pcm_prepare(pcm), {-EBUSY});
    check("start", snd_pcm_start(pcm), {-EPIPE, -EBADFD});
    const timespec a_while{.tv_sec = 0, .tv_nsec = 3'000'000};  // so that some frames are played
    nanosleep(&a_while, nullptr);
  }
  void run_together(const std::function<void()>& move) {
    Crowd crowd;
    crowd.add(move);
    crowd.add([this] { wait(); });
    crowd.add([this] { ask(); });
    crowd.add([this] { stop_and_start(); });
    crowd.run([this] { snd_pcm_drop(pcm_.get()); });
    EXPECT_EQ(snd_pcm_drop(pcm_.get()), 0);
    EXPECT_EQ(snd_pcm_prepare(pcm_.get()), 0);
  }
  [[nodiscard]] std::vector<CableFrame> recorded() const {
    const std::vector<std::byte> bytes = read_file(path_);
    std::vector<CableFrame> frames(bytes.size() / sizeof(CableFrame));
    std::memcpy(frames.data(), bytes.data(), frames.size() * sizeof(CableFrame));
    return frames;
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.raw");
  const PcmSetup setup_ = cable_setup();
  Pcm pcm_;
  int32_t next_ = 1;
};

/// The frames were played in the order in which they were written, and none twice.
TEST_F(Threads, AtOnePlayback) {
  ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_PLAYBACK));
  write();
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  ASSERT_TRUE(eventually([&] { return snd_pcm_state(pcm_.get()) == SND_PCM_STATE_XRUN; }));
  run_together([this] { write(); });
  const int32_t first_of_the_last = next_;
  const auto last = tagged_frames(1, first_of_the_last, 6000);
  ASSERT_EQ(snd_pcm_writei(pcm_.get(), last.data(), last.size()), 6000);
  ASSERT_EQ(snd_pcm_drain(pcm_.get()), 0);
  pcm_.reset();
  const auto frames = recorded();
  ASSERT_GT(frames.size(), 6000U);
  EXPECT_TRUE(std::equal(last.begin(), last.end(), frames.end() - 6000));
  for (size_t i = 1; i < frames.size(); ++i) {
    ASSERT_GT(frames[i].index, frames[i - 1].index) << "frame " << i;
  }
}

TEST_F(Threads, AtOneCapture) {
  ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_CAPTURE));
  run_together([this] { read(); });
  ASSERT_EQ(snd_pcm_start(pcm_.get()), 0);
  std::vector<CableFrame> frames(3000);
  EXPECT_EQ(snd_pcm_readi(pcm_.get(), frames.data(), frames.size()), 3000);
}

}  // namespace
}  // namespace dmasim::test
