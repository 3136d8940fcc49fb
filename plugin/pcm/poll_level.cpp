// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/poll_level.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace dmasim {
namespace {

constexpr uint64_t kFull = UINT64_MAX - 1;  // the highest count of an eventfd

// read(2) and write(2) are cancellation points. Hooks set the level under a lock and must not be
// cancelled there. syscall(2) is none.

/// Sets the eventfd's counter from 0 to `value`. EAGAIN: the counter has this value already.
void fill(int fd, uint64_t value) noexcept {
  if (syscall(SYS_write, fd, &value, sizeof value) < 0 && errno != EAGAIN) std::abort();
}

/// Sets the eventfd's counter to 0. EAGAIN: the counter is 0 already.
void empty(int fd) noexcept {
  uint64_t value = 0;
  if (syscall(SYS_read, fd, &value, sizeof value) < 0 && errno != EAGAIN) std::abort();
}

}  // namespace

PollLevel::~PollLevel() = default;

Result<void> PollLevel::open(Sense sense, bool ready) {
  sense_ = sense;
  wanted_ = shown_ = ready;
  const bool readable = sense == Sense::readable && ready;
  UniqueFd fd(eventfd(readable ? 1 : 0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) return Errno{errno};
  if (sense == Sense::writable && !ready) fill(fd.get(), kFull);
  auto owned = ForkClosedFd::adopt(std::move(fd), ForkClosedFd::InChild::ready);
  if (!owned) return owned.as_errno();
  fd_ = *std::move(owned);
  return {};
}

short PollLevel::events() const noexcept { return sense_ == Sense::readable ? POLLIN : POLLOUT; }

void PollLevel::want(bool ready) noexcept { wanted_ = ready; }

bool PollLevel::wanted() const noexcept { return wanted_; }

bool PollLevel::shown() const noexcept { return shown_; }

void PollLevel::write(bool ready) noexcept {
  if (sense_ == Sense::writable) {
    ready ? empty(fd()) : fill(fd(), kFull);
  } else {
    ready ? fill(fd(), 1) : empty(fd());
  }
  shown_ = ready;
}

bool PollLevel::wait() const noexcept {
  pollfd descriptor{.fd = fd(), .events = events(), .revents = 0};
  return poll(&descriptor, 1, -1) > 0;
}

}  // namespace dmasim
