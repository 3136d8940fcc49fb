// SPDX-License-Identifier: LGPL-2.1-or-later
/// The handlers of a child of fork(): their order, and where they run.
#include "engine/base/at_fork.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dmasim {
namespace {

/// Runs `body` in a forked child and answers what it answers.
template <typename Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// The digits of the handlers that have run in this process, in their order.
int g_ran = 0;

template <int kDigit>
void note() noexcept {
  g_ran = g_ran * 10 + kDigit;
}

/// The handlers belong to a child of the test, so that no other test runs them.
TEST(AtFork, AChildRunsTheHandlersInTheStatedOrder) {
  const int ran = in_child([] {
    at_fork(ForkTurn::dma_devices, note<3>);
    at_fork(ForkTurn::exit_flush, note<2>);
    at_fork(ForkTurn::guards, note<1>);
    return in_child([] { return g_ran; });
  });
  EXPECT_EQ(ran, 123);
}

TEST(AtFork, TheParentRunsNone) {
  const int ran = in_child([] {
    at_fork(ForkTurn::dma_devices, note<3>);
    static_cast<void>(in_child([] { return 0; }));
    return g_ran;
  });
  EXPECT_EQ(ran, 0);
}

TEST(AtFork, ALaterHandlerReplacesTheOneBefore) {
  const int ran = in_child([] {
    at_fork(ForkTurn::dma_devices, note<3>);
    at_fork(ForkTurn::dma_devices, note<4>);
    return in_child([] { return g_ran; });
  });
  EXPECT_EQ(ran, 4);
}

/// A watch must not take the fork of which this process is the child for one in progress.
TEST(AtFork, AChildSeesNoForkInProgress) {
  EXPECT_EQ(in_child([] {
              ForkWatch watch;
              watch.begin();
              const bool good = watch.good();
              static_cast<void>(in_child([] { return 0; }));
              return good && !watch.good() ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace dmasim
