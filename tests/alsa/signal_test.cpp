// SPDX-License-Identifier: LGPL-2.1-or-later
/// Signal handlers of a program run on its own threads and never on a thread of the card, in each
/// state of the card.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/alsa/pcm_stage.h"
#include "tests/alsa/process_view.h"

namespace dmasim::test {
namespace {

constexpr std::array kSignals{SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGIO, SIGTERM};

thread_local bool t_own = false;
std::atomic<uint64_t> g_handled{0};
std::atomic<uint64_t> g_on_foreign_thread{0};

void note_thread(int) {
  ++g_handled;
  if (!t_own) ++g_on_foreign_thread;
}

/// Installs handlers for kSignals within its scope.
class Handlers {
 public:
  explicit Handlers(int flags) {
    t_own = true;
    g_handled = g_on_foreign_thread = 0;
    struct sigaction action {};
    action.sa_handler = note_thread;
    action.sa_flags = flags;
    for (size_t i = 0; i < kSignals.size(); ++i) {
      EXPECT_EQ(sigaction(kSignals[i], &action, &before_[i]), 0);
    }
  }
  ~Handlers() {
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  Handlers(const Handlers&) = delete;
  Handlers& operator=(const Handlers&) = delete;

 private:
  std::array<struct sigaction, kSignals.size()> before_{};
};

void mask_signals(int how) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kSignals) sigaddset(&set, signal);
  ASSERT_EQ(pthread_sigmask(how, &set, nullptr), 0);
}

void signal_process() {
  for (const int signal : kSignals) ASSERT_EQ(kill(getpid(), signal), 0);
}

class SignalStorm : public ::testing::TestWithParam<snd_pcm_stream_t> {
 protected:
  SignalStorm() { expect_a_look(); }
  [[nodiscard]] Opened open() const {
    const bool playback = GetParam() == SND_PCM_STREAM_PLAYBACK;
    return try_open(playback ? Arguments{{"FILE", directory_.file("played.wav")}} : Arguments{},
                    GetParam());
  }
  const TemporaryDirectory directory_;
};

/// The program unblocks the signals while the card starts its threads, and blocks them later. Then
/// the card's threads must not take them.
TEST_P(SignalStorm, WhatTheProgramBlocksStaysPending) {
  const Handlers handlers(SA_RESTART);
  for (const snd_pcm_state_t state : kStates) {
    look_in_time([&] {
      const Opened opened = open();
      EXPECT_EQ(opened.error, 0);
      Stage stage;
      if (!bring_to(opened.pcm.get(), state, 24000, stage)) return Look::too_late;
      mask_signals(SIG_BLOCK);
      const uint64_t before = g_handled;
      signal_process();
      const int64_t until_ns = now_ns() + stage.setup.time_of(2 * stage.setup.period_size);
      static_cast<void>(
          eventually([&] { return now_ns() > until_ns; }));  // the card goes on running
      EXPECT_EQ(g_handled, before) << snd_pcm_state_name(state);
      mask_signals(SIG_UNBLOCK);
      EXPECT_EQ(g_handled, before + kSignals.size()) << snd_pcm_state_name(state);
      return Look::in_time;
    });
  }
  EXPECT_EQ(g_on_foreign_thread, 0U);
}

/// Streams start, play to their ends and are closed, while many signals arrive.
TEST_P(SignalStorm, NoHandlerRunsOnAThreadOfTheCard) {
  const Handlers handlers(SA_RESTART);
  std::atomic<bool> over{false};
  std::thread rain([&] {
    t_own = true;
    while (!over) signal_process();
  });
  for (int turn = 0; turn < 3; ++turn) {
    for (const snd_pcm_state_t state : kStates) {
      look_in_time([&] {
        const Opened opened = open();
        EXPECT_EQ(opened.error, 0);
        Stage stage;
        if (!bring_to(opened.pcm.get(), state, 9600, stage)) return Look::too_late;
        if (state != SND_PCM_STATE_RUNNING) return Look::in_time;
        const int answer = snd_pcm_drain(opened.pcm.get());
        if (answer == -EPIPE) return stage.late_by_xrun();
        EXPECT_EQ(answer, 0);
        return Look::in_time;
      });
    }
  }
  over = true;
  rain.join();
  EXPECT_GT(g_handled, 1000U);
  EXPECT_EQ(g_on_foreign_thread, 0U);
}

INSTANTIATE_TEST_SUITE_P(Alsa, SignalStorm,
                         ::testing::Values(SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE),
                         [](const auto& each) {
                           return std::string(snd_pcm_stream_name(each.param));
                         });

}  // namespace
}  // namespace dmasim::test
