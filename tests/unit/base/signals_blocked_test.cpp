// SPDX-License-Identifier: LGPL-2.1-or-later
/// A program goes on at the limit of a file's size, and when signals interrupt it often.
#include "engine/base/signals_blocked.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/card/mixer_file.h"
#include "engine/card/subdevice.h"
#include "tests/unit/cable/cable_fixture.h"

namespace dmasim {
namespace {

/// Runs `body` in a process of its own, which may not write a byte into a file. Answers what `body`
/// answers, or minus the number of the signal that has ended the process.
template <typename Body>
int with_no_file_size(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    signal(SIGXFSZ, SIG_DFL);
    _exit(setrlimit(RLIMIT_FSIZE, &none) == 0 ? body() : 255);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

class FileGrowthTest : public ::testing::Test {
 protected:
  const RuntimeDirectory directory_;
};

TEST_F(FileGrowthTest, ASubdeviceIsAcquiredWithoutAName) {
  const auto acquire = [] {
    const PcmDevice device{.card = "test"};
    const auto acquired = Subdevice::acquire(device, 0);
    return acquired && subdevice_owner(device, 0) == 0 ? 0 : 1;
  };
  EXPECT_EQ(with_no_file_size(acquire), 0);
}

TEST_F(FileGrowthTest, ACableIsRefused) {
  const auto begin = [] { return Player(std::make_shared<ManualClock>(1)).begin(1).error(); };
  EXPECT_EQ(with_no_file_size(begin), EFBIG);
}

TEST_F(FileGrowthTest, AMixerIsNotSet) {
  const auto set = [] { return MixerFile::create("test")->set(kPlaybackSwitch, 0).error(); };
  EXPECT_EQ(with_no_file_size(set), EFBIG);
}

/// How often a handler has run.
volatile sig_atomic_t g_handled = 0;

void count_signal(int) { g_handled = g_handled + 1; }

bool is_pending(int number) {
  sigset_t signals;
  return sigpending(&signals) == 0 && sigismember(&signals, number) == 1;
}

TEST_F(FileGrowthTest, HoldsOtherSignalsUpAndKeepsOneThatWasPendingBefore) {
  signal(SIGUSR1, count_signal);
  signal(SIGXFSZ, count_signal);
  g_handled = 0;
  errno = EFBIG;
  {
    const FileGrowth growth;
    ASSERT_EQ(raise(SIGUSR1), 0);
    ASSERT_EQ(raise(SIGXFSZ), 0);
    EXPECT_EQ(g_handled, 0);
  }
  EXPECT_EQ(g_handled, 1) << "SIGUSR1 alone";
  EXPECT_EQ(errno, EFBIG);
  {
    const SignalsBlocked blocked;
    ASSERT_EQ(raise(SIGXFSZ), 0);
    { const FileGrowth growth; }
    EXPECT_TRUE(is_pending(SIGXFSZ));
  }
  EXPECT_EQ(g_handled, 2);
}

}  // namespace
}  // namespace dmasim
