// SPDX-License-Identifier: LGPL-2.1-or-later
/// A child of fork() has none of the card's threads: its calls fail, its close returns, and the
/// parent's stream does not notice.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

/// A number for the exit status: which of the calls was not turned away; 0: all were.
int first_that_worked(snd_pcm_t* pcm) {
  std::vector<std::byte> data(400);
  const auto refused = [](snd_pcm_sframes_t answer) {
    return answer == -ENODEV || answer == -EBADFD;
  };
  if (!refused(snd_pcm_writei(pcm, data.data(), 100))) return 1;
  if (!refused(snd_pcm_pause(pcm, 1))) return 2;
  if (!refused(snd_pcm_drain(pcm))) return 3;
  if (!refused(snd_pcm_prepare(pcm))) return 4;
  if (!refused(snd_pcm_start(pcm))) return 5;
  if (!refused(snd_pcm_wait(pcm, 1000))) return 6;
  return 0;
}

TEST(Fork, TheChildIsTurnedAwayAndTheParentPlaysOn) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("played.raw");
  const PcmSetup setup;
  const Pcm pcm = open_playback({{"FILE", path}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto data = pattern_frames(setup.layout, 0, 24001);
  ASSERT_EQ(write_frames(pcm.get(), data), 24001);
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int worked = first_that_worked(pcm.get());
    snd_pcm_close(pcm.get());
    _exit(worked);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_RUNNING);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(first_difference(setup.layout, data, read_file(path)), "");
}

TEST(Fork, TheChildOfAPreparedStreamClosesIt) {
  const Pcm pcm = open_capture({});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), {}));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int answer = snd_pcm_start(pcm.get());
    snd_pcm_close(pcm.get());
    _exit(answer == -ENODEV || answer == -EBADFD ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
}

}  // namespace
}  // namespace dmasim::test
