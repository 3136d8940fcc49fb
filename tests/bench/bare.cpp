// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/bench/bare.h"

#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <ctime>

namespace dmasim::bench {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;

void sleep_until(int64_t deadline_ns) {
  const timespec deadline{.tv_sec = deadline_ns / kNsPerS, .tv_nsec = deadline_ns % kNsPerS};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
  }
}

std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

void stay_on(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

using Word = std::atomic<uint32_t>;

void change(Word& word, uint32_t value) {
  word.store(value);
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void wait_while(Word& word, uint32_t value) {
  while (word.load() == value) {
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
  }
}

}  // namespace

int64_t now_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * kNsPerS + now.tv_nsec;
}

std::vector<double> round_trips_us(unsigned count) {
  const std::vector<int> cores = usable_cores();
  if (cores.size() < 2) return {};
  Word ball = 0;
  std::vector<double> times;
  std::thread far([&] {
    stay_on(cores[1]);
    for (unsigned i = 0; i < count; ++i) {
      wait_while(ball, 0);
      change(ball, 0);
    }
  });
  std::thread near([&] {
    stay_on(cores[0]);
    for (unsigned i = 0; i < count; ++i) {
      const int64_t began_ns = now_ns();
      change(ball, 1);
      wait_while(ball, 1);
      times.push_back(static_cast<double>(now_ns() - began_ns) / 1e3);
    }
  });
  near.join();
  far.join();
  return times;
}

std::vector<double> lateness_us(const Ticks& ticks, double period_ns) {
  std::vector<double> offsets;
  for (size_t i = 0; i < ticks.number.size(); ++i) {
    const double ideal_ns = static_cast<double>(ticks.number[i] - ticks.number.front()) * period_ns;
    const auto seen_ns = static_cast<double>(ticks.seen_ns[i] - ticks.seen_ns.front());
    offsets.push_back((seen_ns - ideal_ns) / 1e3);
  }
  const double earliest = quantile(offsets, 0.01);
  for (double& offset : offsets) offset = std::max(0.0, offset - earliest);
  return offsets;
}

Chain::Chain(double period_ns)
    : period_ns_(period_ns),
      began_ns_(now_ns()),
      event_(eventfd(0, EFD_CLOEXEC)),
      writer_([this] { sleep_and_write(); }),
      reader_([this] { poll_and_look(); }) {}

Chain::~Chain() {
  stop();
  close(event_);
}

void Chain::sleep_and_write() {
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  for (int64_t tick = 1; !stopped_; ++tick) {
    sleep_until(began_ns_ + static_cast<int64_t>(static_cast<double>(tick) * period_ns_));
    const uint64_t one = 1;
    if (write(event_, &one, sizeof one) != sizeof one) return;
  }
}

void Chain::poll_and_look() {
  pollfd fd{.fd = event_, .events = POLLIN, .revents = 0};
  int64_t tick = 0;
  while (poll(&fd, 1, -1) == 1 && !stopped_) {
    const int64_t seen_ns = now_ns();
    uint64_t passed = 0;
    if (read(event_, &passed, sizeof passed) != sizeof passed) return;
    for (uint64_t i = 0; i < passed; ++i) {
      ticks_.number.push_back(++tick);
      ticks_.seen_ns.push_back(seen_ns);
    }
  }
}

Ticks Chain::stop() {
  stopped_ = true;
  if (writer_.joinable()) {
    writer_.join();
    const uint64_t one = 1;  // the reader may have been in poll() when the flag was set
    static_cast<void>(write(event_, &one, sizeof one) == sizeof one);
    reader_.join();
  }
  return ticks_;
}

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(std::lround(part * static_cast<double>(values.size() - 1)))];
}

}  // namespace dmasim::bench
