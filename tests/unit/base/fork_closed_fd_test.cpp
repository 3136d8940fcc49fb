// SPDX-License-Identifier: LGPL-2.1-or-later
/// A child does not keep its parent's locks, at whatever moment it was forked.
#include "engine/base/fork_closed_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include "tests/unit/runtime_directory.h"

namespace dmasim {
namespace {

class ForkClosedFds : public ::testing::Test {
 protected:
  ~ForkClosedFds() override {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    EXPECT_EQ(waitpid(child_, nullptr, 0), child_);
  }
  [[nodiscard]] Result<UniqueFd> open_file() const {
    UniqueFd fd(::open((directory_.path() / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return Errno{errno};
    return fd;
  }
  [[nodiscard]] bool lock(int fd) const { return flock(fd, LOCK_EX | LOCK_NB) == 0; }
  /// Forks a child, which lives until the test is over.
  void fork_child() {
    child_ = fork();
    while (child_ == 0) pause();
  }

  const RuntimeDirectory directory_;
  std::atomic<pid_t> child_{0};
};

/// The fork is as one by another thread. The test closes the descriptor, as the end of the lock's
/// owner would do.
TEST_F(ForkClosedFds, AForkBetweenOpenAndAdoptionGivesTheChildNoLock) {
  int opens = 0;
  {
    const auto owned = ForkClosedFd::open([&] {
      auto file = open_file();
      if (++opens == 1) fork_child();
      return file;
    });
    ASSERT_TRUE(owned);
    ASSERT_TRUE(lock(owned->get()));
  }
  EXPECT_EQ(opens, 2);
  EXPECT_TRUE(lock(open_file()->get())) << "while process " << child_ << " still lives";
}

TEST_F(ForkClosedFds, AForkAfterwardsGivesTheChildNoLock) {
  {
    const auto owned = ForkClosedFd::open([&] { return open_file(); });
    ASSERT_TRUE(owned);
    ASSERT_TRUE(lock(owned->get()));
    fork_child();
    EXPECT_FALSE(lock(open_file()->get()));
  }
  // The child closes its copy before it returns from fork().
  const auto again = open_file();
  EXPECT_EQ(flock(again->get(), LOCK_EX), 0);
}

TEST_F(ForkClosedFds, WhatCannotBeOpenedIsReported) {
  EXPECT_EQ(ForkClosedFd::open([]() -> Result<UniqueFd> { return Errno{ENOSPC}; }).error(), ENOSPC);
}

std::atomic<bool> g_hold_forks{false};
std::atomic<bool> g_fork_held{false};

void hold_fork() {
  g_fork_held = g_hold_forks.load();
  while (g_hold_forks) std::this_thread::yield();
}

int g_handler_refused = -1;

/// Registered before the handlers of the code under test, so that it runs after them.
__attribute__((constructor(101))) void register_handler() {
  g_handler_refused = pthread_atfork(hold_fork, nullptr, nullptr);
}

/// A fork handler of the program may wait for a mutex that the opening thread holds.
TEST_F(ForkClosedFds, AForkThatWaitsForTheOpenerIsNotWaitedForForEver) {
  ASSERT_EQ(g_handler_refused, 0);
  g_hold_forks = true;
  std::thread forker([&] { fork_child(); });
  while (!g_fork_held) std::this_thread::yield();
  {
    const auto owned = ForkClosedFd::open([&] { return open_file(); });
    ASSERT_TRUE(owned);
    ASSERT_TRUE(lock(owned->get()));
    g_hold_forks = false;
    forker.join();
  }
  const auto again = open_file();
  EXPECT_EQ(flock(again->get(), LOCK_EX), 0) << "the child has no copy";
}

}  // namespace
}  // namespace dmasim
