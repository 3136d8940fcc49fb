// SPDX-License-Identifier: LGPL-2.1-or-later
/// A thread that is cancelled within a call of alsa-lib leaves no lock taken. The stream or the
/// control is usable afterwards.
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"
#include "tests/alsa/local_config.h"
#include "tests/alsa/pcm_stage.h"
#include "tests/alsa/process_view.h"

namespace dmasim::test {
namespace {

/// A thread that makes a call again and again, until it is cancelled.
class CancelledThread {
 public:
  using Call = std::function<void()>;

  explicit CancelledThread(Call call) : call_(std::move(call)) {
    EXPECT_EQ(pthread_create(&thread_, nullptr, run, this), 0);
  }
  ~CancelledThread() { cancel(); }
  CancelledThread(const CancelledThread&) = delete;
  CancelledThread& operator=(const CancelledThread&) = delete;

  /// Returns when the thread has ended. If it never ends, ctest's time limit ends the test.
  void cancel() {
    if (joined_) return;
    joined_ = true;
    pthread_cancel(thread_);
    void* answer = nullptr;
    EXPECT_EQ(pthread_join(thread_, &answer), 0);
    EXPECT_EQ(answer, PTHREAD_CANCELED);
  }
  [[nodiscard]] bool has_called() const { return calls_ > 0; }
  /// Says whether the thread sleeps within a call.
  [[nodiscard]] bool sleeps() const { return thread_id_ > 0 && thread_sleeps(thread_id_); }

 private:
  static void* run(void* self) {
    auto& thread = *static_cast<CancelledThread*>(self);
    thread.thread_id_ = gettid();
    for (;;) {
      thread.call_();
      ++thread.calls_;
      pthread_testcancel();
    }
  }

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
    CancelledThread writer([this] { write_more(pcm_.get()); });
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
    CancelledThread reader([this] { read_more(pcm_.get()); });
    EXPECT_TRUE(eventually([&] { return reader.has_called() && reader.sleeps(); }));
  }
  expect_usable(pcm_.get(), stage_.setup);
}

TEST_F(Cancelled, InAWait) {
  ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_PLAYBACK));
  ASSERT_NO_FATAL_FAILURE(bring(SND_PCM_STATE_RUNNING, 48000));
  {
    CancelledThread waiter([this] { snd_pcm_wait(pcm_.get(), -1); });
    EXPECT_TRUE(eventually([&] { return waiter.sleeps(); }));
  }
  expect_usable(pcm_.get(), stage_.setup);
}

/// As on a kernel's card, the thread ends when the drain is over. The drain plays all frames.
TEST_F(Cancelled, InADrainAfterItsEnd) {
  ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_PLAYBACK));
  ASSERT_NO_FATAL_FAILURE(bring(SND_PCM_STATE_RUNNING, 24001));
  {
    CancelledThread drainer([this] { snd_pcm_drain(pcm_.get()); });
    EXPECT_TRUE(eventually([this] {
      const snd_pcm_state_t state = snd_pcm_state(pcm_.get());
      return state == SND_PCM_STATE_DRAINING || state == SND_PCM_STATE_SETUP;
    }));
    drainer.cancel();
    EXPECT_EQ(snd_pcm_state(pcm_.get()), SND_PCM_STATE_SETUP);
  }
  expect_usable(pcm_.get(), stage_.setup);
}

/// Cancels the thread at any place of its calls.
TEST_F(Cancelled, AnywhereAndOften) {
  for (const auto call : {write_more, look, stop_and_go}) {
    ASSERT_NO_FATAL_FAILURE(open(SND_PCM_STREAM_PLAYBACK));
    ASSERT_NO_FATAL_FAILURE(bring(SND_PCM_STATE_RUNNING, 4800));
    for (int turn = 0; turn < 100; ++turn) {
      CancelledThread caller([&] { call(pcm_.get()); });
      EXPECT_TRUE(turn % 2 == 0 || eventually([&] { return caller.has_called(); }));
    }
    expect_usable(pcm_.get(), stage_.setup);
  }
}

constexpr int kUnanswered = 1;

/// The answer of `call` on a thread whose cancellation is pending when the call begins. The thread
/// ends after the call.
int answer_while_cancelled(const std::function<int()>& call) {
  struct Visit {
    const std::function<int()>& call;
    int answer;
  } visit{call, kUnanswered};
  pthread_t thread{};
  const auto run = [](void* data) -> void* {
    auto& own = *static_cast<Visit*>(data);
    pthread_cancel(pthread_self());
    own.answer = own.call();
    pthread_testcancel();
    return nullptr;
  };
  EXPECT_EQ(pthread_create(&thread, nullptr, run, &visit), 0);
  void* answer = nullptr;
  EXPECT_EQ(pthread_join(thread, &answer), 0);
  EXPECT_EQ(answer, PTHREAD_CANCELED);
  return visit.answer;
}

struct CardUnderTest {
  const char* name;
  Arguments arguments;
  snd_pcm_stream_t stream = SND_PCM_STREAM_PLAYBACK;
};

void PrintTo(const CardUnderTest& card, std::ostream* out) { *out << card.name; }

/// The hooks that come several times in a period, on a thread whose cancellation is pending. The
/// callback is slow, so that the hooks find the ends of periods, and set the level for poll().
class CancelledInAPeriod : public ::testing::TestWithParam<CardUnderTest> {
 protected:
  static constexpr int kTurns = 60;  // of 2 ms: longer than the volume waits between two looks

  void make_calls(snd_pcm_t* pcm) {
    snd_pcm_sframes_t delay = 0;
    EXPECT_EQ(answer_while_cancelled([&] { return snd_pcm_delay(pcm, &delay); }), 0);
    EXPECT_GE(answer_while_cancelled([&] { return int(snd_pcm_avail(pcm)); }), 0);
    pollfd descriptor{};
    ASSERT_EQ(snd_pcm_poll_descriptors(pcm, &descriptor, 1), 1);
    EXPECT_EQ(answer_while_cancelled([&] { return events_of(pcm, descriptor); }), 0);
    const snd_pcm_sframes_t moved = answer_while_cancelled([&] { return move_all(pcm); });
    EXPECT_TRUE(moved > 0 || moved == -EAGAIN) << moved;
  }
  static int events_of(snd_pcm_t* pcm, pollfd& descriptor) {
    unsigned short events = 0;
    return snd_pcm_poll_descriptors_revents(pcm, &descriptor, 1, &events);
  }
  /// As many frames as possible, without waiting.
  static int move_all(snd_pcm_t* pcm) {
    std::vector<std::byte> frames(4 * kBufferFrames);
    return snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK
               ? int(snd_pcm_writei(pcm, frames.data(), kBufferFrames))
               : int(snd_pcm_readi(pcm, frames.data(), kBufferFrames));
  }

  static constexpr snd_pcm_uframes_t kBufferFrames = 48000;
  const CableRuntime runtime_;
  const TemporaryDirectory directory_;
};

TEST_P(CancelledInAPeriod, EndsAfterTheCall) {
  Arguments arguments = GetParam().arguments;
  arguments.emplace_back("FAULTS", "slow_callback=50ms");
  if (GetParam().name == std::string("File")) {
    arguments.emplace_back("FILE", directory_.file("played.wav"));
  }
  const Opened opened = try_open(arguments, GetParam().stream);
  ASSERT_EQ(opened.error, 0);
  const PcmSetup setup{.period_size = 1600, .buffer_size = kBufferFrames};
  ASSERT_NO_FATAL_FAILURE(configure(opened.pcm.get(), setup));
  ASSERT_EQ(snd_pcm_nonblock(opened.pcm.get(), 1), 0);
  if (GetParam().stream == SND_PCM_STREAM_PLAYBACK) {
    ASSERT_GT(move_all(opened.pcm.get()), 0);
  }
  ASSERT_EQ(snd_pcm_start(opened.pcm.get()), 0);
  for (int turn = 0; turn < kTurns; ++turn) {
    ASSERT_NO_FATAL_FAILURE(make_calls(opened.pcm.get()));
    usleep(2000);  // the card plays meanwhile
  }
}

INSTANTIATE_TEST_SUITE_P(
    Every, CancelledInAPeriod,
    ::testing::Values(CardUnderTest{"Null", {}}, CardUnderTest{"File", {}},
                      CardUnderTest{"Cable", {{"CABLE", "cancelled"}}},
                      CardUnderTest{"Source", {{"SOURCE", "counter"}}, SND_PCM_STREAM_CAPTURE},
                      CardUnderTest{
                          "CableSource", {{"CABLE", "cancelled"}}, SND_PCM_STREAM_CAPTURE}),
    [](const auto& card) { return std::string(card.param.name); });

class CancelledControl : public ::testing::Test {
 protected:
  /// All calls that take a lock get it, and events arrive.
  void expect_usable() const {
    ctl_.subscribe();
    const long before = other_.read(switch_).front();
    while (ctl_.event()) {
    }
    for (const long value : {1 - before, before}) {
      EXPECT_EQ(other_.write(switch_, {value}), 1);
      EXPECT_EQ(ctl_.event(), switch_.numid);
      EXPECT_EQ(ctl_.read(switch_), Values{value});
    }
    EXPECT_EQ(ctl_.write(switch_, {1 - before}), 1);
    EXPECT_EQ(other_.read(switch_), Values{1 - before});
  }

  const CableRuntime runtime_;
  const Ctl ctl_{"dmasim", 0};
  const Ctl other_;
  const Element switch_ = other_.find("Master Playback Switch");
};

TEST_F(CancelledControl, InABlockedReadOfEvents) {
  ctl_.subscribe();
  const Footprint before = first_footprint();
  snd_ctl_event_t* event = nullptr;
  snd_ctl_event_alloca(&event);
  for (int turn = 0; turn < 10; ++turn) {
    CancelledThread reader([&] { snd_ctl_read(ctl_.get(), event); });
    EXPECT_TRUE(eventually([&] { return reader.sleeps(); }));
    reader.cancel();
  }
  EXPECT_EQ(settled_footprint(before), before);
  expect_usable();
}

TEST_F(CancelledControl, InAReadThatWouldHaveToWait) {
  ctl_.subscribe();
  const auto read = [this] {
    snd_ctl_event_t* event = nullptr;
    snd_ctl_event_alloca(&event);
    return snd_ctl_read(ctl_.get(), event);
  };
  EXPECT_EQ(answer_while_cancelled(read), kUnanswered);
  expect_usable();
}

TEST_F(CancelledControl, AfterACallThatNeedNotWait) {
  const auto list = [this] { return static_cast<int>(ctl_.elements().size()); };
  EXPECT_EQ(answer_while_cancelled(list), static_cast<int>(other_.elements().size()));
  EXPECT_EQ(answer_while_cancelled([this] { return -ctl_.write(switch_, {0}); }), -1);
  const auto read = [this] { return static_cast<int>(ctl_.read(switch_).front()); };
  EXPECT_EQ(answer_while_cancelled(read), 0);
  for (const int on : {1, 0}) {
    EXPECT_EQ(answer_while_cancelled([&] { return snd_ctl_subscribe_events(ctl_.get(), on); }), 0);
  }
  expect_usable();
}

/// The configuration is loaded before: alsa-lib itself can be cancelled while it reads files.
TEST_F(CancelledControl, AfterAnOpenAndAfterAClose) {
  LocalConfig config = LocalConfig::beside_global("");
  const Footprint before = first_footprint();
  snd_ctl_t* opened = nullptr;
  const auto open = [&] { return snd_ctl_open_lconf(&opened, "dmasim", 0, config.top()); };
  ASSERT_EQ(answer_while_cancelled(open), 0);
  EXPECT_EQ(answer_while_cancelled([&] { return snd_ctl_subscribe_events(opened, 1); }), 0);
  EXPECT_EQ(answer_while_cancelled([&] { return snd_ctl_close(opened); }), 0);
  EXPECT_EQ(settled_footprint(before), before);
  expect_usable();
}

}  // namespace
}  // namespace dmasim::test
