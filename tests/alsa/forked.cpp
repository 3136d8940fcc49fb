// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/forked.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

void Forked::Line::notify() const noexcept {
  [[maybe_unused]] const ssize_t written = write(notify_fd_, "x", 1);
}

void Forked::Line::wait() const noexcept {
  char byte = 0;
  [[maybe_unused]] const ssize_t ended = read(wait_fd_, &byte, 1);
}

Forked::Forked(const std::function<int(const Line&)>& body) {
  int notify[2];
  int hold[2];
  EXPECT_EQ(pipe2(notify, O_CLOEXEC), 0);
  EXPECT_EQ(pipe2(hold, O_CLOEXEC), 0);
  std::fflush(nullptr);  // else a child that exits prints the buffered text again
  pid_ = fork();
  EXPECT_GE(pid_, 0);
  if (pid_ == 0) {
    close(hold[1]);
    _exit(body(Line(notify[1], hold[0])));
  }
  close(notify[1]);
  close(hold[0]);
  notified_fd_ = notify[0];
  hold_fd_ = hold[1];
}

Forked::~Forked() {
  let_go();
  if (pid_ > 0) wait();
  close(notified_fd_);
}

bool Forked::notified() const {
  pollfd entry{.fd = notified_fd_, .events = POLLIN, .revents = 0};
  char byte = 0;
  return poll(&entry, 1, kWatchdogMs) == 1 && read(notified_fd_, &byte, 1) == 1;
}

void Forked::let_go() {
  if (hold_fd_ >= 0) close(std::exchange(hold_fd_, -1));
}

void Forked::kill() {
  if (pid_ <= 0) return;
  const pid_t pid = std::exchange(pid_, -1);
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
}

int Forked::wait() {
  if (pid_ <= 0) return -1;
  let_go();
  int status = 0;
  if (!eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) {
    ADD_FAILURE() << "process " << pid_ << " hangs";
    ::kill(pid_, SIGKILL);
    waitpid(pid_, &status, 0);
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace dmasim::test
