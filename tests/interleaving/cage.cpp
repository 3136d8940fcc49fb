// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/interleaving/cage.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/interleaving/die.h"

namespace dmasim::sim {
namespace {

constexpr size_t kMaxErrorOutput = 8192;

[[noreturn]] void live_in_cage(const Cage::Work& work, Progress& progress, int fd, int errors) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (errors >= 0) dup2(errors, STDERR_FILENO);
  const Speaker speaker(fd);
  work(progress, speaker);
  speaker.say(Topic::done, "");
  std::fflush(nullptr);
  _exit(0);
}

std::string how_it_ended(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) die("waitpid");
  }
  if (WIFSIGNALED(status)) {
    return std::string("a signal ended the program: ") + strsignal(WTERMSIG(status));
  }
  return "the program ended with exit(" + std::to_string(WEXITSTATUS(status)) + ")";
}

std::string content_of(int fd) {
  std::string text(kMaxErrorOutput, '\0');
  const ssize_t bytes = pread(fd, text.data(), text.size(), 0);
  text.resize(bytes > 0 ? static_cast<size_t>(bytes) : 0);
  return text;
}

}  // namespace

void Speaker::say(Topic topic, const std::string& text) const {
  const auto bytes = static_cast<uint32_t>(text.size());
  std::string message(1 + sizeof bytes, '\0');
  message[0] = static_cast<char>(topic);
  std::memcpy(message.data() + 1, &bytes, sizeof bytes);
  message += text;
  for (size_t sent = 0; sent < message.size();) {
    const ssize_t n = write(fd_, message.data() + sent, message.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) _exit(1);  // the parent reads no more
    sent += static_cast<size_t>(n);
  }
}

Cage::Cage() {
  void* shared =
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) die("the progress page");
  progress_ = static_cast<Progress*>(shared);
}

Cage::~Cage() { munmap(progress_, sizeof(Progress)); }

std::string Cage::run(const Work& work, const Listener& listener, int watchdog_s,
                      bool keep_errors) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) die("pipe");
  const int errors = keep_errors ? memfd_create("stderr", MFD_CLOEXEC) : -1;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    close(ends[0]);
    live_in_cage(work, *progress_, ends[1], errors);
  }
  close(ends[1]);
  bool done = false;
  const auto receive = [&](Topic topic, const std::string& text) {
    if (topic == Topic::done) done = true;
    listener(topic, text);
  };
  const bool hung = !listen(ends[0], receive, watchdog_s);
  if (hung) kill(child, SIGKILL);
  std::string end = how_it_ended(child);
  close(ends[0]);
  if (errors >= 0) {
    listener(Topic::error_output, content_of(errors));
    close(errors);
  }
  if (hung) return "the program hangs between two choice points";
  return done ? "" : end;
}

/// False if the child makes no progress.
bool Cage::listen(int fd, const Listener& listener, int watchdog_s) {
  received_.clear();
  idle_s_ = 0;
  for (;;) {
    pollfd wait{fd, POLLIN, 0};
    const int ready = poll(&wait, 1, 1000);
    if (ready < 0 && errno != EINTR) die("poll");
    if (ready <= 0) {
      if (hangs(watchdog_s)) return false;
      continue;
    }
    std::array<char, 4096> chunk;
    const ssize_t bytes = read(fd, chunk.data(), chunk.size());
    if (bytes <= 0) return true;
    received_.append(chunk.data(), static_cast<size_t>(bytes));
    uint32_t length = 0;
    constexpr size_t kHead = 1 + sizeof length;
    while (received_.size() >= kHead) {
      std::memcpy(&length, received_.data() + 1, sizeof length);
      if (received_.size() < kHead + length) break;
      listener(static_cast<Topic>(received_[0]), received_.substr(kHead, length));
      received_.erase(0, kHead + length);
    }
  }
}

bool Cage::hangs(int watchdog_s) {
  const uint64_t steps = progress_->steps;
  idle_s_ = steps == steps_seen_ ? idle_s_ + 1 : 0;
  steps_seen_ = steps;
  return idle_s_ >= watchdog_s;
}

}  // namespace dmasim::sim
