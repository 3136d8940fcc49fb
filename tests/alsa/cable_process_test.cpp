// SPDX-License-Identifier: LGPL-2.1-or-later
/// Captures that record the playback of another process, when one of the two is stopped or killed.
#include "tests/alsa/cable_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <iostream>

#include "tests/alsa/cable_setup.h"

namespace dmasim::test {
namespace {

class CableProcesses : public ::testing::Test {
 protected:
  static std::string pcm() { return pcm_name({{"CABLE", "test"}}); }

  void listen() {
    in_ = open_capture({{"CABLE", "test"}});
    ASSERT_TRUE(in_);
    ASSERT_NO_FATAL_FAILURE(configure(in_.get(), cable_capture_setup()));
    start();
  }
  void start() {
    read_since_start_ = 0;
    start_ns_ = now_ns();
    ASSERT_EQ(snd_pcm_start(in_.get()), 0);
  }
  /// Captures `frames` more frames and checks their order. An overrun is accepted if this test was
  /// so late that it can have caused one.
  void capture(size_t frames) {
    std::vector<CableFrame> part(1200);
    while (frames > 0) {
      const auto got = snd_pcm_readi(in_.get(), part.data(), std::min(frames, part.size()));
      if (got == -EPIPE) {
        const PcmSetup setup = cable_capture_setup();
        static_cast<void>(late_by_xrun(setup, start_ns_, read_since_start_ + setup.buffer_size));
        std::cout << "  an overrun: this machine was late\n";
        ASSERT_FALSE(HasFailure());
        order_.lose();
        ASSERT_EQ(snd_pcm_prepare(in_.get()), 0);
        ASSERT_NO_FATAL_FAILURE(start());
        continue;
      }
      ASSERT_GT(got, 0);
      for (size_t i = 0; i < static_cast<size_t>(got); ++i) {
        ASSERT_EQ(order_.next(part[i]), "");
      }
      frames -= static_cast<size_t>(got);
      read_since_start_ += static_cast<size_t>(got);
    }
  }
  /// Captures until `condition` is true for the newest frame. A failed expectation after ten
  /// seconds of frames.
  template <typename Condition>
  void capture_until(Condition condition) {
    for (int i = 0; i < 400; ++i) {
      ASSERT_NO_FATAL_FAILURE(capture(1200));
      if (condition()) return;
    }
    FAIL() << "last was " << order_.last().tag << ':' << order_.last().index;
  }
  void capture_player(int32_t tag) {
    const uint64_t from = order_.captured() + 4800;
    capture_until([=, this] { return order_.last().tag == tag && order_.captured() >= from; });
  }
  /// Captures the frames that an ended player had committed, and then silence. Earlier silence may
  /// come from an underrun of the player.
  void capture_the_end() {
    const snd_pcm_sframes_t captured = std::max<snd_pcm_sframes_t>(snd_pcm_avail(in_.get()), 0);
    capture(static_cast<size_t>(captured) + cable_setup().buffer_size + 1200);
    ASSERT_TRUE(order_.silent());
  }

  CableRuntime runtime_;
  Pcm in_;
  OrderCheck order_;
  int64_t start_ns_ = 0;
  size_t read_since_start_ = 0;
};

TEST_F(CableProcesses, IsCapturedAcrossProcesses) {
  ASSERT_NO_FATAL_FAILURE(listen());
  const Partner player({"play", pcm(), "1"});
  ASSERT_NO_FATAL_FAILURE(capture_player(1));
}

TEST_F(CableProcesses, AKilledPlayerFallsSilentAndTheNextIsCaptured) {
  ASSERT_NO_FATAL_FAILURE(listen());
  for (int32_t tag = 1; tag <= 5; ++tag) {
    Partner player({"play", pcm(), std::to_string(tag)});
    ASSERT_NO_FATAL_FAILURE(capture_player(tag));
    ASSERT_TRUE(player.kill());
    ASSERT_NO_FATAL_FAILURE(capture_the_end());
    const CableFrame last = order_.last();
    ASSERT_NO_FATAL_FAILURE(capture(4800));
    EXPECT_EQ(order_.last(), last) << "and stays so";
  }
}

/// The frames that the stopped player has committed are captured, then silence. When the player
/// goes on, it is captured again.
TEST_F(CableProcesses, AStoppedPlayerIsCapturedAsFarAsItHadCommitted) {
  ASSERT_NO_FATAL_FAILURE(listen());
  const Partner player({"play", pcm(), "1"});
  ASSERT_NO_FATAL_FAILURE(capture_player(1));
  player.signal(SIGSTOP);
  const CableFrame stopped = order_.last();
  ASSERT_NO_FATAL_FAILURE(capture_the_end());
  EXPECT_GT(order_.last().index, stopped.index + static_cast<int32_t>(cable_setup().period_size));
  const CableFrame last = order_.last();
  ASSERT_NO_FATAL_FAILURE(capture(9600));
  EXPECT_EQ(order_.last(), last);
  player.signal(SIGCONT);
  ASSERT_NO_FATAL_FAILURE(capture_player(1));
}

TEST_F(CableProcesses, AStoppedPlayerKeepsItsCable) {
  const Partner player({"play", pcm(), "1"});
  player.signal(SIGSTOP);
  const Pcm out = open_playback({{"CABLE", "test"}});
  ASSERT_TRUE(out);
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
  ASSERT_EQ(snd_pcm_writei(out.get(), tagged_frames(2, 1, 4800).data(), 4800), 4800);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_start(out.get()), -EBUSY);
  EXPECT_NE(log.text().find(std::to_string(player.pid())), std::string::npos) << log.text();
}

TEST_F(CableProcesses, ReadersComeAndGo) {
  const Partner player({"play", pcm(), "1"});
  for (int i = 0; i < 5; ++i) {
    Partner other({"listen", pcm()});
    ASSERT_NO_FATAL_FAILURE(listen());
    ASSERT_NO_FATAL_FAILURE(capture_player(1));
    ASSERT_TRUE(other.kill());
    order_.lose();
    in_.reset();
  }
}

}  // namespace
}  // namespace dmasim::test
