// SPDX-License-Identifier: LGPL-2.1-or-later
/// Subdevices as programs see them: which opens succeed, which are busy, and what the log says.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <thread>

#include "engine/base/unique_fd.h"
#include "tests/alsa/cable_setup.h"
#include "tests/alsa/forked.h"
#include "tests/alsa/report_file.h"

namespace dmasim::test {
namespace {

constexpr auto kPlayback = SND_PCM_STREAM_PLAYBACK;
constexpr auto kCapture = SND_PCM_STREAM_CAPTURE;

Opened open_name(const std::string& name, snd_pcm_stream_t stream, int mode = 0) {
  snd_pcm_t* pcm = nullptr;
  const int error = snd_pcm_open(&pcm, name.c_str(), stream, mode);
  return {.error = error, .pcm = Pcm(error < 0 ? nullptr : pcm)};
}

class Subdevices : public ::testing::Test {
 protected:
  CableRuntime runtime_;
};

TEST_F(Subdevices, ANamedOneIsBusyAtOnceBlockingOrNot) {
  for (const snd_pcm_stream_t stream : {kPlayback, kCapture}) {
    {
      const Opened first = try_open({{"SUBDEV", "2"}}, stream);
      ASSERT_EQ(first.error, 0);
      EXPECT_EQ(try_open({{"SUBDEV", "2"}}, stream).error, -EBUSY);
      EXPECT_EQ(try_open({{"SUBDEV", "2"}}, stream, SND_PCM_NONBLOCK).error, -EBUSY);
      int in_thread = 0;
      std::thread([&] { in_thread = try_open({{"SUBDEV", "2"}}, stream).error; }).join();
      EXPECT_EQ(in_thread, -EBUSY);
      EXPECT_EQ(try_open({{"SUBDEV", "3"}}, stream).error, 0);
      EXPECT_EQ(try_open({{"SUBDEV", "2"}, {"DEV", "1"}}, stream).error, 0);
      EXPECT_EQ(try_open({{"SUBDEV", "2"}, {"CARD", "other"}}, stream).error, 0);
      const auto opposite = stream == kPlayback ? kCapture : kPlayback;
      EXPECT_EQ(try_open({{"SUBDEV", "2"}}, opposite).error, 0);
    }
    EXPECT_EQ(try_open({{"SUBDEV", "2"}}, stream).error, 0);
  }
}

TEST_F(Subdevices, TheEnvironmentNamesOneAsWell) {
  setenv("DMASIM_SUBDEV", "4", 1);
  setenv("DMASIM_CARD", "desk", 1);
  const Opened first = try_open({}, kPlayback);
  const ErrorLog log;
  EXPECT_EQ(try_open({}, kPlayback).error, -EBUSY);
  unsetenv("DMASIM_SUBDEV");
  unsetenv("DMASIM_CARD");
  EXPECT_NE(log.text().find("card = \"desk\", dev = 0, subdev = 4"), std::string::npos)
      << log.text();
}

TEST_F(Subdevices, AnotherProcessLearnsWhoHasIt) {
  const Opened mine = try_open({{"SUBDEV", "0"}}, kPlayback);
  ASSERT_EQ(mine.error, 0);
  const std::string me = std::to_string(getpid());
  Forked other([&] {
    const ErrorLog log;
    if (try_open({{"SUBDEV", "0"}}, kPlayback).error != -EBUSY) return 1;
    const bool named = log.text().find("by process " + me) != std::string::npos;
    return named || log.text().find("by another process") != std::string::npos ? 0 : 2;
  });
  EXPECT_EQ(other.wait(), 0);
}

/// Older versions locked a file for each subdevice.
TEST_F(Subdevices, OneThatAnotherVersionOwnsIsBusy) {
  ASSERT_EQ(try_open({}, kPlayback).error, 0);  // makes the directory
  const std::string lock = runtime_.path() / "dmasim" / "dmasim.0.1.playback";
  const UniqueFd owner(open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(flock(owner.get(), LOCK_EX | LOCK_NB), 0);
  const ErrorLog log;
  EXPECT_EQ(try_open({{"SUBDEV", "1"}}, kPlayback).error, -EBUSY);
  EXPECT_NE(log.text().find("by another version of dmasim, which holds the lock " + lock),
            std::string::npos)
      << log.text();
  EXPECT_EQ(try_open({{"SUBDEV", "1"}}, kCapture).error, 0);
}

TEST_F(Subdevices, OneIsFreeAgainWhenItsOwnerWasKilled) {
  Forked owner([](const Forked::Line& line) {
    const Opened mine = try_open({{"SUBDEV", "0"}}, kCapture);
    if (mine.error == 0) line.notify();
    line.wait();
    return 0;
  });
  ASSERT_TRUE(owner.notified());
  EXPECT_EQ(try_open({{"SUBDEV", "0"}}, kCapture).error, -EBUSY);
  owner.kill();
  EXPECT_EQ(try_open({{"SUBDEV", "0"}}, kCapture).error, 0);
}

TEST_F(Subdevices, AllBusyIsReportedAndTheFirstFreeOneAcquired) {
  const Arguments two{{"SUBDEVICES", "2"}};
  Opened first = try_open(two, kPlayback);
  const Opened second = try_open(two, kPlayback);
  ASSERT_TRUE(first.error == 0 && second.error == 0);
  const ErrorLog log;
  EXPECT_EQ(try_open(two, kPlayback).error, -EBUSY);
  EXPECT_NE(log.text().find("subdevices = 2"), std::string::npos) << log.text();
  EXPECT_EQ(try_open(two, kCapture).error, 0);
  first.pcm.reset();
  const Opened again = try_open(two, kPlayback);
  EXPECT_EQ(again.error, 0);
  EXPECT_EQ(try_open({{"SUBDEV", "0"}}, kPlayback).error, -EBUSY) << "it is the first";
}

TEST_F(Subdevices, OneThatTheCardDoesNotHaveIsBusyAsAKernelsIs) {
  const ErrorLog log;
  EXPECT_EQ(try_open({{"SUBDEV", "32"}}, kPlayback).error, -EBUSY);
  EXPECT_NE(log.text().find("subdev = 32; accepted: 0 to 31"), std::string::npos) << log.text();
  EXPECT_EQ(try_open({{"SUBDEV", "8"}, {"PROFILE", "dummy"}}, kPlayback).error, -EBUSY);
  EXPECT_EQ(try_open({{"SUBDEV", "7"}, {"PROFILE", "dummy"}}, kPlayback).error, 0);
  EXPECT_EQ(try_open({{"SUBDEV", "99"}, {"SUBDEVICES", "100"}}, kPlayback).error, 0);
}

TEST_F(Subdevices, ALoopHasOnePlaybackAndOneCaptureAndAnyListeners) {
  const Opened playback = open_name("dmasim_loop", kPlayback);
  const Opened capture = open_name("dmasim_loop", kCapture);
  ASSERT_TRUE(playback.error == 0 && capture.error == 0);
  EXPECT_EQ(open_name("dmasim_loop", kPlayback).error, -EBUSY);
  EXPECT_EQ(open_name("dmasim_loop:SUBDEV=0", kPlayback, SND_PCM_NONBLOCK).error, -EBUSY);
  {
    const ErrorLog log;
    EXPECT_EQ(open_name("dmasim_loop", kCapture).error, -EBUSY);
    EXPECT_NE(log.text().find("to listen along: CABLE=dmasim.0.0"), std::string::npos)
        << log.text();
  }
  EXPECT_EQ(open_name("dmasim_loop:SUBDEV=1", kCapture).error, 0);
  std::vector<Opened> listeners;
  for (int i = 0; i < 20; ++i) {
    listeners.push_back(open_name("dmasim_loop:PROFILE=aloop,CABLE=dmasim.0.0", kCapture));
    EXPECT_EQ(listeners.back().error, 0);
  }
}

/// Programs that play on the card must not make an unused loop busy.
TEST_F(Subdevices, ALoopIsFreeHoweverManyPlayOnTheCard) {
  std::vector<Opened> others;
  for (int i = 0; i < 20; ++i) others.push_back(try_open({}, kPlayback));
  others.push_back(open_name("dmasim_loop:CABLE=elsewhere", kPlayback));
  EXPECT_EQ(others.back().error, 0);
  EXPECT_EQ(open_name("dmasim_loop", kPlayback).error, 0);
}

TEST_F(Subdevices, AFailedOpenLeavesItFree) {
  const ErrorLog log;
  EXPECT_EQ(try_open({{"SUBDEV", "0"}, {"FILE", "/nowhere/x.wav"}}, kPlayback).error, -ENOENT);
  EXPECT_EQ(try_open({{"SUBDEV", "0"}}, kPlayback).error, 0);
}

TEST_F(Subdevices, WithoutADirectoryAPcmOpensUnlessOneIsNamed) {
  std::ofstream(runtime_.path() / "dmasim") << "no directory";
  EXPECT_EQ(try_open({}, kPlayback).error, 0);
  const ErrorLog log;
  EXPECT_EQ(try_open({{"SUBDEV", "0"}}, kPlayback).error, -EACCES);
  EXPECT_NE(log.text().find("subdev = 0"), std::string::npos) << log.text();
  EXPECT_NE(log.text().find("accepted"), std::string::npos) << log.text();
}

TEST_F(Subdevices, APcmIsRefusedInADirectoryOfSomebodyElse) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  const std::filesystem::path directory = runtime_.path() / "dmasim";
  ASSERT_EQ(try_open({}, kPlayback).error, 0);  // makes the directory
  ASSERT_EQ(chown(directory.c_str(), 65534, 65534), 0);
  for (const Arguments& arguments : {Arguments{}, Arguments{{"SUBDEV", "0"}}}) {
    const ErrorLog log;
    EXPECT_EQ(try_open(arguments, kPlayback).error, -EACCES);
    EXPECT_NE(log.text().find(directory.string() + " belongs to user 65534"), std::string::npos)
        << log.text();
  }
}

TEST_F(Subdevices, ARuntimeDirectoryThatIsNotUsedIsReportedOnce) {
  setenv("XDG_RUNTIME_DIR", "relative/path", 1);
  const ErrorLog log;
  EXPECT_EQ(try_open({{"CARD", "not-used"}}, kPlayback).error, 0);
  const std::string logged = log.text();
  EXPECT_NE(logged.find("XDG_RUNTIME_DIR = \"relative/path\""), std::string::npos) << logged;
  EXPECT_EQ(try_open({{"CARD", "not-used"}}, kPlayback).error, 0);
  EXPECT_EQ(log.text(), logged);
}

TEST_F(Subdevices, ALockFileThatIsNoPlainFileIsReported) {
  const std::filesystem::path lock_file = runtime_.files() / "bad.lock";
  ASSERT_EQ(try_open({{"CARD", "bad"}}, kPlayback).error, 0);  // makes the directory
  ASSERT_TRUE(std::filesystem::remove(lock_file));
  std::filesystem::create_directory(lock_file);
  for (const Arguments& arguments :
       {Arguments{{"CARD", "bad"}}, Arguments{{"CARD", "bad"}, {"SUBDEV", "0"}}}) {
    const ErrorLog log;
    EXPECT_EQ(try_open(arguments, kPlayback).error, -EACCES);
    EXPECT_NE(log.text().find(lock_file.string()), std::string::npos) << log.text();
    EXPECT_NE(log.text().find("accepted: a plain file"), std::string::npos) << log.text();
  }
  EXPECT_EQ(try_open({{"CARD", "good"}}, kPlayback).error, 0);
}

std::string dump(snd_pcm_t* pcm) {
  snd_output_t* output = nullptr;
  EXPECT_EQ(snd_output_buffer_open(&output), 0);
  EXPECT_GE(snd_pcm_dump(pcm, output), 0);
  char* text = nullptr;
  const size_t size = snd_output_buffer_string(output, &text);
  std::string copy(text, size);
  snd_output_close(output);
  return copy;
}

TEST_F(Subdevices, DumpAndReportShowWhichOneItIs) {
  const std::string report = runtime_.path() / "report.json";
  {
    const Opened first = try_open({{"DEV", "1"}}, kPlayback);
    const Opened opened = try_open({{"DEV", "1"}, {"REPORT", report}}, kPlayback);
    ASSERT_TRUE(first.error == 0 && opened.error == 0);
    ASSERT_NO_FATAL_FAILURE(configure(opened.pcm.get(), {}));
    const std::string text = dump(opened.pcm.get());
    EXPECT_NE(text.find("card 'dmasim' device 1 subdevice 1"), std::string::npos) << text;
  }
  const ReportLine line(report);
  EXPECT_EQ(line.text("card"), "dmasim");
  EXPECT_EQ(line.number("device"), 1);
  EXPECT_EQ(line.number("subdevice"), 1);
}

}  // namespace
}  // namespace dmasim::test
