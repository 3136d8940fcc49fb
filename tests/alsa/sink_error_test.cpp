// SPDX-License-Identifier: LGPL-2.1-or-later
/// Recordings that fail after the PCM was opened.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/process_view.h"
#include "tests/alsa/report_file.h"

namespace dmasim::test {
namespace {

class SinkErrors : public ::testing::Test {
 protected:
  Pcm prepared(const Arguments& arguments) {
    Pcm pcm = open_playback(arguments);
    if (!pcm) return pcm;
    configure(pcm.get(), setup_);
    EXPECT_EQ(write_frames(pcm.get(), data_), 5000);
    return pcm;
  }

  const PcmSetup setup_{};
  const std::vector<std::byte> data_ = pattern_frames(setup_.layout, 0, 5000);
  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.raw");
};

TEST_F(SinkErrors, AFullDiskFailsTheDrainAndIsCounted) {
  const std::string report = directory_.file("report.json");
  const ErrorLog log;
  {
    const Pcm pcm = prepared({{"FILE", "/dev/full"}, {"REPORT", report}});
    ASSERT_TRUE(pcm);
    ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
    EXPECT_EQ(snd_pcm_drain(pcm.get()), -EIO);
    EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_SETUP);
    EXPECT_EQ(snd_pcm_prepare(pcm.get()), 0);
  }
  const ReportLine line(report);
  EXPECT_EQ(line.number("frames"), 5000);
  EXPECT_EQ(line.number("lost_frames"), 5000);
  const std::string text = log.text();
  const std::string loss =
      "file = \"/dev/full\": No space left on device; 5000 of 5000 frames are lost, drain answers "
      "EIO";
  EXPECT_NE(text.find(loss), std::string::npos) << text;
  EXPECT_EQ(text.find("lost"), text.rfind("lost")) << "reported twice: " << text;
}

/// The drain starts the stream itself, and reports the error as any other drain.
TEST_F(SinkErrors, AFullDiskIsReportedByADrainThatStarts) {
  const Pcm pcm = prepared({{"FILE", "/dev/full"}});
  ASSERT_TRUE(pcm);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_drain(pcm.get()), -EIO);
  EXPECT_NE(log.text().find("5000 of 5000 frames are lost, drain"), std::string::npos)
      << log.text();
}

TEST_F(SinkErrors, AFullDiskIsReportedAtTheCloseOfAProgramThatDoesNotDrain) {
  Pcm pcm = prepared({{"FILE", "/dev/full"}});
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  ASSERT_TRUE(eventually([&] {
    const snd_pcm_sframes_t avail = snd_pcm_avail(pcm.get());
    return avail > 44000 || avail < 0;  // some frames have been played, or all
  }));
  const ErrorLog log;
  pcm.reset();
  EXPECT_NE(log.text().find("/dev/full\": No space left on device; "), std::string::npos)
      << log.text();
  EXPECT_NE(log.text().find("frames are lost\n"), std::string::npos) << log.text();
}

TEST_F(SinkErrors, AFileThatMayNotGrowKeepsWhatItHas) {
  const size_t kept_bytes = 2000 * setup_.layout.frame_bytes();
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  const rlimit small{.rlim_cur = kept_bytes, .rlim_max = usual.rlim_max};
  const Pcm pcm = prepared({{"FILE", path_}});
  ASSERT_TRUE(pcm);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_drain(pcm.get()), -EIO);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &usual), 0);
  EXPECT_NE(log.text().find("File too large; 3000 of 5000 frames are lost"), std::string::npos)
      << log.text();
  EXPECT_EQ(std::filesystem::file_size(path_), kept_bytes);
}

/// Two streams are prepared. The one that starts first gets the file.
TEST_F(SinkErrors, AFileThatIsTakenAfterThePrepareIsBusyAtStart) {
  Pcm first = prepared({{"FILE", path_}});
  const Pcm second = prepared({{"FILE", path_}});
  ASSERT_TRUE(first && second);
  ASSERT_EQ(snd_pcm_start(first.get()), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_start(second.get()), -EBUSY);
  EXPECT_EQ(snd_pcm_state(second.get()), SND_PCM_STATE_PREPARED);
  EXPECT_TRUE(log.text().find(path_) != std::string::npos) << log.text();
  EXPECT_TRUE(log.text().find(std::to_string(getpid())) != std::string::npos) << log.text();
  EXPECT_EQ(snd_pcm_drain(first.get()), 0);
  EXPECT_EQ(first_difference(setup_.layout, data_, read_file(path_)), "");
  first.reset();
  EXPECT_EQ(snd_pcm_start(second.get()), 0);
  EXPECT_EQ(snd_pcm_drain(second.get()), 0);
  EXPECT_EQ(first_difference(setup_.layout, data_, read_file(path_)), "");
}

/// aplay ignores the answer of drain, and a short sound starts only in drain.
TEST_F(SinkErrors, AFileThatAnotherStreamRecordsIntoIsReportedAtPrepare) {
  Pcm first = prepared({{"FILE", path_}});
  ASSERT_TRUE(first);
  ASSERT_EQ(snd_pcm_start(first.get()), 0);
  const Pcm second = open_playback({{"FILE", path_}});
  ASSERT_TRUE(second) << "an open takes nothing";
  const ErrorLog log;
  EXPECT_EQ(set_hw_params(second.get(), setup_), -EBUSY);
  EXPECT_EQ(snd_pcm_state(second.get()), SND_PCM_STATE_SETUP);
  EXPECT_TRUE(log.text().find(path_) != std::string::npos) << log.text();
  EXPECT_TRUE(log.text().find(std::to_string(getpid())) != std::string::npos) << log.text();
  EXPECT_EQ(snd_pcm_prepare(second.get()), -EBUSY);
  EXPECT_EQ(snd_pcm_drain(first.get()), 0);
  EXPECT_EQ(snd_pcm_prepare(first.get()), 0) << "its own file";
  first.reset();
  ASSERT_EQ(snd_pcm_prepare(second.get()), 0);
  ASSERT_EQ(set_sw_params(second.get(), setup_), 0);
  EXPECT_EQ(write_frames(second.get(), data_), 5000);
  EXPECT_EQ(snd_pcm_drain(second.get()), 0);
  EXPECT_EQ(first_difference(setup_.layout, data_, read_file(path_)), "");
}

TEST_F(SinkErrors, APrepareOfWhatRunsBlamesNoFile) {
  const Pcm pcm = prepared({{"FILE", path_}});
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_prepare(pcm.get()), -EBUSY);
  EXPECT_EQ(log.text(), "");
}

TEST_F(SinkErrors, ADirectoryThatVanishedIsReportedAtPrepareAndAtStart) {
  const std::string directory = directory_.file("gone");
  std::filesystem::create_directory(directory);
  const Pcm pcm = prepared({{"FILE", directory + "/played.raw"}});
  ASSERT_TRUE(pcm);
  std::filesystem::remove(directory);
  for (int (*call)(snd_pcm_t*) : {snd_pcm_start, snd_pcm_prepare}) {
    const ErrorLog log;
    EXPECT_EQ(call(pcm.get()), -ENOENT);
    EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_PREPARED);
    EXPECT_TRUE(log.text().find(directory) != std::string::npos) << "no message: " << log.text();
  }
  std::filesystem::create_directory(directory);
  EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
  EXPECT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(first_difference(setup_.layout, data_, read_file(directory + "/played.raw")), "");
}

TEST_F(SinkErrors, ADrainThatCannotStartLeavesTheStreamPrepared) {
  const Pcm first = prepared({{"FILE", path_}});
  const Pcm second = prepared({{"FILE", path_}});
  ASSERT_TRUE(first && second);
  ASSERT_EQ(snd_pcm_start(first.get()), 0);
  EXPECT_EQ(snd_pcm_drain(second.get()), -EBUSY);
  EXPECT_EQ(snd_pcm_state(second.get()), SND_PCM_STATE_PREPARED);
}

TEST_F(SinkErrors, AReportThatCannotBeWrittenIsLoggedAtClose) {
  const std::string directory = directory_.file("gone");
  ASSERT_TRUE(std::filesystem::create_directory(directory));
  Pcm pcm = prepared({{"REPORT", directory + "/report.json"}});
  ASSERT_TRUE(pcm);
  ASSERT_TRUE(std::filesystem::remove(directory));
  const ErrorLog log;
  pcm.reset();
  EXPECT_TRUE(log.text().find("report") != std::string::npos) << log.text();
}

}  // namespace
}  // namespace dmasim::test
