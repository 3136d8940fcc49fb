// SPDX-License-Identifier: LGPL-2.1-or-later
/// Descriptors, threads and files of a PCM: when it makes them, and that it leaves none behind.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/process_view.h"
#include "tests/alsa/report_file.h"

namespace dmasim::test {
namespace {

class Traces : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(open_playback({}));  // the module is loaded now and stays
    before_ = first_footprint();
  }
  void expect_nothing_left() { EXPECT_EQ(settled_footprint(before_), before_); }

  const TemporaryDirectory directory_;
  Footprint before_;
};

TEST_F(Traces, ProbingMakesNoFileAndNoThread) {
  const std::string path = directory_.file("played.wav");
  {
    const Pcm pcm = open_playback({{"FILE", path}});
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
    ASSERT_EQ(snd_pcm_prepare(pcm.get()), 0);
    EXPECT_EQ(footprint().threads, before_.threads);
    ASSERT_EQ(snd_pcm_hw_free(pcm.get()), 0);
    EXPECT_EQ(footprint().threads, before_.threads);
  }
  {
    const Pcm pcm = open_capture({{"SOURCE", "counter"}});
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
    EXPECT_EQ(footprint().threads, before_.threads);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  expect_nothing_left();
}

TEST_F(Traces, ProbingLeavesAnEarlierRecordingAlone) {
  const std::string path = directory_.file("played.wav");
  std::ofstream(path) << "keep me";
  {
    const Pcm pcm = open_playback({{"FILE", path}});
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
    const std::vector<std::byte> data(400);
    ASSERT_EQ(write_frames(pcm.get(), data), 100);  // this does not start the stream
  }
  EXPECT_EQ(read_file(path).size(), 7U);
}

TEST_F(Traces, ThreadsStartWithTheStreamAndEndWithThePcm) {
  {
    const Pcm pcm = open_playback({{"FILE", directory_.file("played.wav")}});
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
    ASSERT_EQ(write_frames(pcm.get(), std::vector<std::byte>(40000)), 10000);
    EXPECT_EQ(footprint().threads, before_.threads);
    ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
    EXPECT_TRUE(eventually([] { return has_thread("dmasim-irq/0"); }));
    EXPECT_TRUE(eventually([] { return has_thread("dmasim-sink"); }));
    ASSERT_EQ(snd_pcm_drop(pcm.get()), 0);
    ASSERT_EQ(snd_pcm_hw_free(pcm.get()), 0);
  }
  expect_nothing_left();
}

TEST_F(Traces, ManyPcmsClosedInAnyOrderAndState) {
  std::vector<Pcm> pcms;
  for (int i = 0; i < 12; ++i) {
    pcms.push_back(i % 2 == 0 ? open_playback({}) : open_capture({}));
    ASSERT_TRUE(pcms.back());
    ASSERT_NO_FATAL_FAILURE(configure(pcms.back().get(), {}));
    if (i % 2 == 0) {
      ASSERT_EQ(write_frames(pcms.back().get(), std::vector<std::byte>(40000)), 10000);
    }
    if (i % 3 != 0) {
      ASSERT_EQ(snd_pcm_start(pcms.back().get()), 0);
    }
  }
  for (size_t i = 0; i < pcms.size(); ++i) pcms[i * 5 % pcms.size()].reset();
  expect_nothing_left();
}

TEST_F(Traces, OneThreadServesAllPcmsInSharedCompletion) {
  {
    std::vector<Pcm> pcms;
    for (int i = 0; i < 6; ++i) {
      pcms.push_back(open_capture({{"COMPLETION", "shared"}}));
      ASSERT_TRUE(pcms.back());
      ASSERT_NO_FATAL_FAILURE(configure(pcms.back().get(), {}));
      ASSERT_EQ(snd_pcm_start(pcms.back().get()), 0);
    }
    EXPECT_EQ(footprint().threads, before_.threads + 1);
  }
  expect_nothing_left();
}

TEST_F(Traces, EngineThreadsBlockEverySignal) {
  const Pcm pcm = open_playback({{"FILE", directory_.file("played.wav")}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  ASSERT_EQ(write_frames(pcm.get(), std::vector<std::byte>(40000)), 10000);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  ASSERT_TRUE(eventually([] { return has_thread("dmasim-irq/0") && has_thread("dmasim-sink"); }));
  int seen = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "status");
    std::stringstream text;
    text << file.rdbuf();
    if (text.str().find("Name:\tdmasim-") == std::string::npos) continue;
    ++seen;
    const size_t at = text.str().find("SigBlk:\t");
    ASSERT_NE(at, std::string::npos);
    const uint64_t blocked = std::strtoull(text.str().c_str() + at + 8, nullptr, 16);
    for (int signal = 1; signal < 32; ++signal) {
      if (signal == SIGKILL || signal == SIGSTOP) continue;
      EXPECT_TRUE((blocked >> (signal - 1) & 1) != 0) << "signal " << signal;
    }
  }
  EXPECT_EQ(seen, 2);
}

TEST_F(Traces, TheReportStatesWhatHappened) {
  const std::string report = directory_.file("report.json");
  const std::string path = directory_.file("played.raw");
  {
    const Pcm pcm = open_playback({{"FILE", path}, {"REPORT", report}});
    ASSERT_TRUE(pcm);
    PcmSetup setup;
    setup.period_size = 480;
    setup.buffer_size = 9600;
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
    ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, 4811)), 4811);
    ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
    ASSERT_EQ(snd_pcm_prepare(pcm.get()), 0);
    ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, 960)), 960);
    ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
    ASSERT_TRUE(reaches_state(pcm.get(), SND_PCM_STATE_XRUN));
  }
  const ReportLine line(report);
  EXPECT_EQ(line.text("stream"), "playback");
  EXPECT_EQ(line.text("format"), "S16_LE");
  EXPECT_EQ(line.number("channels"), 2);
  EXPECT_EQ(line.number("rate"), 48000);
  EXPECT_EQ(line.number("period_size"), 480);
  EXPECT_EQ(line.number("buffer_size"), 9600);
  EXPECT_EQ(line.number("starts"), 2);
  EXPECT_EQ(line.number("frames"), 4811 + 960);
  EXPECT_EQ(line.number("xruns"), 1);
  EXPECT_EQ(line.text("file"), path);
  EXPECT_EQ(line.number("lost_frames"), 0);
  EXPECT_EQ(line.number("callbacks_after_synchronize"), 0);
}

}  // namespace
}  // namespace dmasim::test
