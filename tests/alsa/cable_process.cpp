// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/cable_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {
namespace {

bool reports_within_watchdog(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  char byte = 0;
  return poll(&entry, 1, kWatchdogMs) == 1 && read(fd, &byte, 1) == 1;
}

}  // namespace

Partner::Partner(std::vector<std::string> words) {
  words.insert(words.begin(), DMASIM_CABLE_PARTNER);
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipe";
    return;
  }
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execv(raw[0], raw.data());
    _exit(127);
  }
  close(ends[1]);
  EXPECT_TRUE(reports_within_watchdog(ends[0])) << words[1] << " does not run";
  close(ends[0]);
}

Partner::~Partner() { kill(); }

void Partner::signal(int number) const { EXPECT_EQ(::kill(pid_, number), 0); }

bool Partner::kill() {
  if (pid_ <= 0) return true;
  ::kill(pid_, SIGKILL);
  int status = 0;
  EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
  pid_ = 0;
  const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  EXPECT_TRUE(killed) << "it ended by itself, with status " << WEXITSTATUS(status);
  return killed;
}

}  // namespace dmasim::test
