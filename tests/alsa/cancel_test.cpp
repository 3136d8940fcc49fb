// SPDX-License-Identifier: LGPL-2.1-or-later
/// Threads that are cancelled within alsa-lib's calls leave no lock behind, and the stream in
/// order.
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "tests/alsa/pcm_stage.h"
#include "tests/alsa/process_view.h"

namespace dmasim::test {
namespace {

/// A thread that calls again and again, until it is cancelled.
class CancelledThread {
 public:
  using Call = void (*)(snd_pcm_t* pcm);

  CancelledThread(snd_pcm_t* pcm, Call call) : pcm_(pcm), call_(call) {
    EXPECT_EQ(pthread_create(&thread_, nullptr, run, this), 0);
  }
  ~CancelledThread() { cancel(); }
  CancelledThread(const CancelledThread&) = delete;
  CancelledThread& operator=(const CancelledThread&) = delete;

  /// Returns when it is gone; a watchdog of ctest's own bites if it never goes.
  void cancel() {
    if (joined_) return;
    joined_ = true;
    pthread_cancel(thread_);
    void* answer = nullptr;
    EXPECT_EQ(pthread_join(thread_, &answer), 0);
    EXPECT_EQ(answer, PTHREAD_CANCELED);
  }
  [[nodiscard]] bool has_called() const { return calls_ > 0; }
  /// Whether it is in a call, and sleeps there.
  [[nodiscard]] bool sleeps() const { return thread_id_ > 0 && thread_sleeps(thread_id_); }

 private:
  static void* run(void* self) {
    auto& thread = *static_cast<CancelledThread*>(self);
    thread.thread_id_ = gettid();
    for (;;) {
      thread.call_(thread.pcm_);
      ++thread.calls_;
      pthread_testcancel();
    }
  }

  snd_pcm_t* const pcm_;
  const Call call_;
  pthread_t thread_{};
  std::atomic<uint64_t> calls_{0};
  std::atomic<pid_t> thread_id_{0};
  bool joined_ = false;
};

void write_more(snd_pcm_t* pcm) {
  const std::vector<std::byte> frames(4 * 4800);
  snd_pcm_writei(pcm, frames.data(), 4800);
}

void read_more(snd_pcm_t* pcm) {
  std::vector<std::byte> frames(4 * 4800);
  snd_pcm_readi(pcm, frames.data(), 4800);
}

void look(snd_pcm_t* pcm) {
  snd_pcm_sframes_t delay = 0;
  snd_pcm_delay(pcm, &delay);
  snd_pcm_avail(pcm);
  snd_pcm_state(pcm);
}

void stop_and_go(snd_pcm_t* pcm) {
  snd_pcm_drop(pcm);
  snd_pcm_prepare(pcm);
  write_more(pcm);
  snd_pcm_start(pcm);
}

/// All calls that take a lock get it.
void expect_usable(snd_pcm_t* pcm, const PcmSetup& setup) {
  ASSERT_EQ(snd_pcm_drop(pcm), 0);
  ASSERT_EQ(snd_pcm_prepare(pcm), 0);
  const bool playback = snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK;
  if (playback) write_more(pcm);
  ASSERT_EQ(snd_pcm_start(pcm), 0);
  EXPECT_TRUE(eventually([pcm] { return snd_pcm_avail(pcm) > 0; }));
  ASSERT_EQ(snd_pcm_drain(pcm), 0);
  ASSERT_NO_FATAL_FAILURE(configure(pcm, setup));
}

class Cancelled : public ::testing::Test {
 protected:
  void open(snd_pcm_stream_t stream) {
    Opened opened = stream == SND_PCM_STREAM_PLAYBACK
                        ? try_open({{"FILE", directory_.file("played.wav")}}, stream)
                        : try_open({{"SOURCE", "counter"}}, stream);
    ASSERT_EQ(opened.error, 0);
    pcm_ = std::move(opened.pcm);
  }
  void bring(snd_pcm_state_t state, snd_pcm_uframes_t frames) {
    ASSERT_TRUE(bring_to(pcm_.get(), state, frames, stage_));
  }

  const TemporaryDirectory directory_;
  Pcm pcm_;
  Stage stage_;
};

TEST_F(Cancelled, InABlockedWrite) {
  ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_PLAYBACK));
  ASSERT_NO_FATAL_FAILURE(bring(SND_PCM_STATE_RUNNING, 48000));
  {
    CancelledThread writer(pcm_.get(), write_more);
    EXPECT_TRUE(eventually([&] { return writer.sleeps(); }));
    writer.cancel();
    EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_RUNNING);
  }
  expect_usable(pcm_.get(), stage_.setup);
}

TEST_F(Cancelled, InABlockedRead) {
  ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_CAPTURE));
  ASSERT_NO_FATAL_FAILURE(bring(SND_PCM_STATE_RUNNING, 0));
  {
    CancelledThread reader(pcm_.get(), read_more);
    EXPECT_TRUE(eventually([&] { return reader.has_called() && reader.sleeps(); }));
  }
  expect_usable(pcm_.get(), stage_.setup);
}

TEST_F(Cancelled, InAWait) {
  ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_PLAYBACK));
  ASSERT_NO_FATAL_FAILURE(bring(SND_PCM_STATE_RUNNING, 48000));
  {
    CancelledThread waiter(pcm_.get(), [](snd_pcm_t* pcm) { snd_pcm_wait(pcm, -1); });
    EXPECT_TRUE(eventually([&] { return waiter.sleeps(); }));
  }
  expect_usable(pcm_.get(), stage_.setup);
}

/// As of a kernel's card: the thread goes when the drain is over, which plays all of it.
TEST_F(Cancelled, InADrainAfterItsEnd) {
  ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_PLAYBACK));
  ASSERT_NO_FATAL_FAILURE(bring(SND_PCM_STATE_RUNNING, 24001));
  {
    CancelledThread drainer(pcm_.get(), [](snd_pcm_t* pcm) { snd_pcm_drain(pcm); });
    EXPECT_TRUE(eventually([this] {
      const snd_pcm_state_t state = snd_pcm_state(pcm_.get());
      return state == SND_PCM_STATE_DRAINING || state == SND_PCM_STATE_SETUP;
    }));
    drainer.cancel();
    EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
  }
  expect_usable(pcm_.get(), stage_.setup);
}

/// Wherever it is.
TEST_F(Cancelled, AnywhereAndOften) {
  for (const CancelledThread::Call call : {write_more, look, stop_and_go}) {
    ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_PLAYBACK));
    ASSERT_NO_FATAL_FAILURE(bring(SND_PCM_STATE_RUNNING, 4800));
    for (int turn = 0; turn < 100; ++turn) {
      CancelledThread caller(pcm_.get(), call);
      EXPECT_TRUE(turn % 2 == 0 || eventually([&] { return caller.has_called(); }));
    }
    expect_usable(pcm_.get(), stage_.setup);
  }
}

}  // namespace
}  // namespace dmasim::test
