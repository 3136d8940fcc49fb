// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/ctl/mixer_watch.h"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "engine/base/unique_fd.h"

namespace dmasim {
namespace {

constexpr long kLookAgainNs = 100'000'000;

/// Sets the timer; 0 stops it. An expiry that was not read yet is dropped.
void set_alarm(int fd, long in_ns) noexcept {
  itimerspec time{};
  time.it_value.tv_nsec = in_ns;
  timerfd_settime(fd, 0, &time, nullptr);
}

/// `fd` is the answer of a system call. If it is negative, the error is in errno.
Result<ForkClosedFd> adopt_into(int poll, int fd) {
  if (fd < 0) return Errno{errno};
  auto owned = ForkClosedFd::adopt(UniqueFd(fd));
  if (!owned) return owned;
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) return Errno{errno};
  return owned;
}

}  // namespace

Result<void> MixerWatch::begin(int poll) {
  auto notices = adopt_into(poll, inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!notices) return notices.as_errno();
  auto alarm = adopt_into(poll, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!alarm) return alarm.as_errno();
  notices_ = *std::move(notices);
  alarm_ = *std::move(alarm);
  watch_ = -1;
  return {};
}

/// Removes the descriptors from the epoll before it closes them. Closing alone is not enough: a
/// process between vfork and exec may still have copies of them.
void MixerWatch::end(int poll) noexcept {
  epoll_ctl(poll, EPOLL_CTL_DEL, notices_.get(), nullptr);
  epoll_ctl(poll, EPOLL_CTL_DEL, alarm_.get(), nullptr);
  notices_ = ForkClosedFd{};
  alarm_ = ForkClosedFd{};
  watch_ = -1;
}

/// Names the file by its open descriptor, so that it watches the file that was checked.
Result<void> MixerWatch::watch(const MixerFile& file) {
  const std::string path = "/proc/self/fd/" + std::to_string(file.fd());
  const int watch = inotify_add_watch(notices_.get(), path.c_str(), IN_MODIFY | IN_ATTRIB);
  if (watch < 0) return Errno{errno};
  watch_ = watch;
  set_alarm(alarm_.get(), 0);
  return {};
}

void MixerWatch::forget() noexcept {
  if (watch_ >= 0) inotify_rm_watch(notices_.get(), watch_);
  watch_ = -1;
}

void MixerWatch::look_again() noexcept { set_alarm(alarm_.get(), kLookAgainNs); }

uint32_t MixerWatch::read_notices() noexcept {
  uint32_t kinds = 0;
  std::array<inotify_event, 64> notices;  // a watch on a file gives notices without names
  for (;;) {
    const ssize_t got = ::read(notices_.get(), notices.data(), sizeof notices);
    if (got <= 0) return kinds;
    for (size_t i = 0; i < static_cast<size_t>(got) / sizeof(inotify_event); ++i) {
      kinds |= notices[i].mask;
    }
  }
}

}  // namespace dmasim
