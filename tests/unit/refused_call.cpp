// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/refused_call.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <ctime>
#include <utility>

namespace {

thread_local std::string_view t_name;
thread_local int t_error = 0;
thread_local int t_left = 0;
thread_local bool t_happened = false;
thread_local const std::function<void()>* t_during = nullptr;  // null: the call is refused

/// Says whether this call of `name` is the one that must fail.
bool refused(std::string_view name) noexcept {
  if (t_left == 0 || name != t_name || --t_left > 0) return false;
  t_happened = true;
  if (t_during == nullptr) return true;
  (*t_during)();
  return false;
}

/// The answer of a refused call that reports by errno.
int refusal() noexcept {
  if (t_error == dmasim::kNothingDone) return 0;
  errno = t_error;
  return -1;
}

template <typename Function>
Function* next(const char* name) noexcept {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// The mode of an open, if it has one.
mode_t mode_of(int flags, va_list arguments) noexcept {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

// Functions that report by errno. They call the real function unless the call is refused.
#define DMASIM_REFUSABLE(name, ...)                        \
  if (refused(#name)) return refusal();                    \
  static auto* const real = next<decltype(::name)>(#name); \
  return real(__VA_ARGS__)

// Functions that return an error number.
#define DMASIM_REFUSABLE_ANSWER(name, ...)                 \
  if (refused(#name)) return t_error;                      \
  static auto* const real = next<decltype(::name)>(#name); \
  return real(__VA_ARGS__)

#pragma GCC visibility push(default)
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  DMASIM_REFUSABLE(open, path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  DMASIM_REFUSABLE(openat, directory, path, flags, mode);
}
/// The commands that the tests refuse take an integer.
int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  DMASIM_REFUSABLE(fcntl, fd, command, argument);
}
int mkdir(const char* path, mode_t mode) noexcept { DMASIM_REFUSABLE(mkdir, path, mode); }
int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  DMASIM_REFUSABLE(mkdirat, directory, path, mode);
}
int access(const char* path, int mode) noexcept { DMASIM_REFUSABLE(access, path, mode); }
int stat(const char* path, struct stat* status) noexcept { DMASIM_REFUSABLE(stat, path, status); }
int fstat(int fd, struct stat* status) noexcept { DMASIM_REFUSABLE(fstat, fd, status); }
int flock(int fd, int operation) noexcept { DMASIM_REFUSABLE(flock, fd, operation); }
int ftruncate(int fd, off_t length) noexcept { DMASIM_REFUSABLE(ftruncate, fd, length); }
int posix_fallocate(int fd, off_t offset, off_t length) {
  DMASIM_REFUSABLE_ANSWER(posix_fallocate, fd, offset, length);
}
ssize_t pread(int fd, void* bytes, size_t count, off_t offset) {
  DMASIM_REFUSABLE(pread, fd, bytes, count, offset);
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  DMASIM_REFUSABLE(pwrite, fd, bytes, count, offset);
}
ssize_t write(int fd, const void* bytes, size_t count) {
  DMASIM_REFUSABLE(write, fd, bytes, count);
}
int poll(pollfd* entries, nfds_t count, int milliseconds) {
  DMASIM_REFUSABLE(poll, entries, count, milliseconds);
}
int eventfd(unsigned count, int flags) noexcept { DMASIM_REFUSABLE(eventfd, count, flags); }
int epoll_create1(int flags) noexcept { DMASIM_REFUSABLE(epoll_create1, flags); }
int epoll_ctl(int poll, int operation, int fd, epoll_event* event) noexcept {
  DMASIM_REFUSABLE(epoll_ctl, poll, operation, fd, event);
}
int inotify_init1(int flags) noexcept { DMASIM_REFUSABLE(inotify_init1, flags); }
int inotify_add_watch(int fd, const char* path, uint32_t mask) noexcept {
  DMASIM_REFUSABLE(inotify_add_watch, fd, path, mask);
}
int timerfd_create(int clock, int flags) noexcept {
  DMASIM_REFUSABLE(timerfd_create, clock, flags);
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* rest) {
  DMASIM_REFUSABLE_ANSWER(clock_nanosleep, clock, flags, time, rest);
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                   void* argument) noexcept {
  DMASIM_REFUSABLE_ANSWER(pthread_create, thread, attributes, body, argument);
}
int pthread_attr_init(pthread_attr_t* attributes) noexcept {
  DMASIM_REFUSABLE_ANSWER(pthread_attr_init, attributes);
}
int pthread_attr_setstacksize(pthread_attr_t* attributes, size_t bytes) noexcept {
  DMASIM_REFUSABLE_ANSWER(pthread_attr_setstacksize, attributes, bytes);
}
int pthread_attr_setinheritsched(pthread_attr_t* attributes, int inherit) noexcept {
  DMASIM_REFUSABLE_ANSWER(pthread_attr_setinheritsched, attributes, inherit);
}
int pthread_attr_setschedpolicy(pthread_attr_t* attributes, int policy) noexcept {
  DMASIM_REFUSABLE_ANSWER(pthread_attr_setschedpolicy, attributes, policy);
}
int pthread_attr_setschedparam(pthread_attr_t* attributes, const sched_param* parameters) noexcept {
  DMASIM_REFUSABLE_ANSWER(pthread_attr_setschedparam, attributes, parameters);
}

}  // extern "C"
#pragma GCC visibility pop

namespace dmasim {

RefusedCall::RefusedCall(std::string_view name, int error, int which) noexcept {
  t_name = name;
  t_error = error;
  t_happened = false;
  t_left = which;
}
RefusedCall::~RefusedCall() { t_left = 0; }
bool RefusedCall::happened() const noexcept { return t_happened; }

InterruptedCall::InterruptedCall(std::string_view name, std::function<void()> during, int which)
    : during_(std::move(during)) {
  t_name = name;
  t_happened = false;
  t_during = &during_;
  t_left = which;
}
InterruptedCall::~InterruptedCall() {
  t_left = 0;
  t_during = nullptr;
}
bool InterruptedCall::happened() const noexcept { return t_happened; }

bool call_is_refused(std::string_view name) noexcept { return refused(name); }
int refused_with() noexcept { return t_error; }

}  // namespace dmasim
