// SPDX-License-Identifier: LGPL-2.1-or-later
/// When a PCM may use a cable, and what the plugin says if it may not.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/alsa/cable_loop_fixture.h"

namespace dmasim::test {
namespace {

TEST_F(CableLoop, ASecondPlaybackIsRefusedAtStartAndTheOwnerReported) {
  const Pcm first = playback();
  const Pcm second = playback();
  ASSERT_TRUE(first && second);
  for (const Pcm* each : {&first, &second}) {
    ASSERT_NO_FATAL_FAILURE(configure(each->get(), cable_capture_setup()));
    ASSERT_EQ(write_tagged(each->get(), tagged_frames(1, 1, 96000)), 96000);
  }
  ASSERT_EQ(snd_pcm_start(first.get()), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_start(second.get()), -EBUSY);
  EXPECT_NE(log.text().find("process " + std::to_string(getpid())), std::string::npos)
      << log.text();
  EXPECT_EQ(snd_pcm_state(first.get()), SND_PCM_STATE_RUNNING);
}

TEST_F(CableLoop, ACableThatCannotBeMadeIsReportedAtPrepare) {
  std::ofstream(runtime_.path() / "dmasim") << "no directory";
  for (const Pcm& pcm : {playback(), capture()}) {
    ASSERT_TRUE(pcm);
    const ErrorLog log;
    EXPECT_EQ(set_hw_params(pcm.get(), cable_setup()), -EACCES);
    EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_SETUP);
    EXPECT_NE(log.text().find("cable = \"test\""), std::string::npos) << log.text();
  }
}

TEST_F(CableLoop, WhoOpensAUsedCableIsOfferedItsFormatOnly) {
  const Pcm in = capture();
  ASSERT_TRUE(in);
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
  ASSERT_EQ(snd_pcm_start(in.get()), 0);
  const Pcm out = playback();
  ASSERT_TRUE(out);
  PcmSetup other = cable_setup();
  other.rate_hz = 44100;
  EXPECT_EQ(set_hw_params(out.get(), other), -EINVAL);
  other = cable_setup();
  other.layout.format = SND_PCM_FORMAT_S16_LE;
  EXPECT_EQ(set_hw_params(out.get(), other), -EINVAL);
  EXPECT_EQ(set_hw_params(out.get(), cable_setup()), 0);
  const ErrorLog log;
  EXPECT_EQ(try_open(with_cable({{"RATE", "44100"}}), SND_PCM_STREAM_PLAYBACK).error, -EINVAL);
  EXPECT_NE(log.text().find("carries S32_LE, 2 channels, 48000 Hz"), std::string::npos)
      << log.text();
}

TEST_F(CableLoop, AnotherFormatIsRefusedAtStartWhenBothWereOpen) {
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  PcmSetup other = cable_setup();
  other.rate_hz = 44100;
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), other));
  ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, 4800)), 4800);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_start(in.get()), -EINVAL);
  EXPECT_NE(log.text().find("carries S32_LE, 2 channels, 48000 Hz"), std::string::npos)
      << log.text();
  ASSERT_EQ(snd_pcm_hw_free(in.get()), 0);
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
  EXPECT_EQ(snd_pcm_start(in.get()), 0) << "it may do better";
}

TEST_F(CableLoop, NamesAndSourcesThatCannotBeAreRefused) {
  const ErrorLog log;
  EXPECT_EQ(try_open({{"CABLE", "../up"}}, SND_PCM_STREAM_PLAYBACK).error, -EINVAL);
  EXPECT_NE(log.text().find("cable = \"../up\""), std::string::npos) << log.text();
  EXPECT_EQ(try_open(with_cable({{"SOURCE", "counter"}}), SND_PCM_STREAM_CAPTURE).error, -EINVAL);
  EXPECT_NE(log.text().find("accepted: one of them"), std::string::npos) << log.text();
}

TEST_F(CableLoop, ProbingMakesNoFile) {
  {
    const Pcm in = capture();
    const Pcm out = playback();
    ASSERT_TRUE(in && out);
    ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
    ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, 100)), 100);
  }
  EXPECT_FALSE(std::filesystem::exists(runtime_.files() / "test.cable"));
}

TEST_F(CableLoop, AForkedChildDoesNotKeepTheCable) {
  Pcm out = playback();
  ASSERT_TRUE(out);
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
  ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, 4800)), 4800);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(ends[1]);
    char byte = 0;
    _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
  }
  out.reset();
  out = playback();
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
  ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, 4800)), 4800);
  EXPECT_EQ(snd_pcm_start(out.get()), 0);
  close(ends[1]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace dmasim::test
