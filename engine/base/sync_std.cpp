// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bodies of sync.h for programs, over pthreads; CondVar's are in condvar_std.cpp. An error
/// that only a bug in the program can cause ends the process where it is found.
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

#include "engine/base/sync.h"
#include "engine/base/timespec.h"

namespace dmasim {
namespace {

/// libsndfile keeps 64 KiB buffers on the stack; its codecs nest a few frames on top of that.
constexpr size_t kFrameBytes = size_t{512} * 1024;

thread_local const void* t_tag = nullptr;

[[noreturn, gnu::cold, gnu::noinline]] void die(int error, const char* call) noexcept {
  std::fprintf(stderr, "dmasim: %s: %s\n", call, std::strerror(error));
  std::abort();
}

inline void require(int error, const char* call) noexcept {
  if (error != 0) die(error, call);
}

/// glibc puts the program's thread-local data on the stack of each thread. Only this function of
/// glibc says how much that is.
size_t stack_bytes(const pthread_attr_t& attributes) noexcept {
  using MinStack = size_t(const pthread_attr_t*);
  static auto* const min_stack =
      reinterpret_cast<MinStack*>(dlsym(RTLD_DEFAULT, "__pthread_get_minstack"));
  return kFrameBytes + (min_stack != nullptr ? min_stack(&attributes) : 0);
}

bool is_rt_priority(int priority) noexcept {
  return priority > 0 && priority <= sched_get_priority_max(SCHED_FIFO);
}

/// Of a thread that blocks every signal.
class ThreadAttributes {
 public:
  ThreadAttributes() noexcept : error_(pthread_attr_init(&native_)), made_(error_ == 0) {
    sigset_t all;
    sigfillset(&all);
    if (!error_) error_ = pthread_attr_setsigmask_np(&native_, &all);
    if (!error_) error_ = pthread_attr_setstacksize(&native_, stack_bytes(native_));
  }
  ~ThreadAttributes() {
    if (made_) pthread_attr_destroy(&native_);
  }
  ThreadAttributes(const ThreadAttributes&) = delete;
  ThreadAttributes& operator=(const ThreadAttributes&) = delete;

  /// Answers 0 or an errno. A thread that inherits its scheduling starts in a third of the time, so
  /// it does where it inherits the wanted one.
  int schedule(int rt_priority) noexcept {
    const sched_param priority{.sched_priority = rt_priority};
    if (rt_priority == 0 && sched_getscheduler(0) == SCHED_OTHER) return error_;
    if (!error_) error_ = pthread_attr_setinheritsched(&native_, PTHREAD_EXPLICIT_SCHED);
    if (!error_) {
      error_ = pthread_attr_setschedpolicy(&native_, rt_priority > 0 ? SCHED_FIFO : SCHED_OTHER);
    }
    if (!error_) error_ = pthread_attr_setschedparam(&native_, &priority);
    return error_;
  }
  [[nodiscard]] const pthread_attr_t* native() const noexcept { return &native_; }

 private:
  pthread_attr_t native_;
  int error_;
  bool made_;
};

}  // namespace

Mutex::Mutex() noexcept { require(pthread_mutex_init(&native_, nullptr), "pthread_mutex_init"); }
Mutex::~Mutex() { require(pthread_mutex_destroy(&native_), "pthread_mutex_destroy"); }
void Mutex::lock() noexcept { require(pthread_mutex_lock(&native_), "pthread_mutex_lock"); }
void Mutex::unlock() noexcept { require(pthread_mutex_unlock(&native_), "pthread_mutex_unlock"); }

struct Thread::Impl {
  pthread_t native{};
  std::string name;
  const void* tag = nullptr;
  std::function<void()> body;

  static void* enter(void* self) noexcept {
    Impl& impl = *static_cast<Impl*>(self);
    t_tag = impl.tag;
    pthread_setname_np(pthread_self(), impl.name.c_str());
    prctl(PR_SET_TIMERSLACK, 1UL);
    impl.body();
    return nullptr;
  }
};

Thread::Thread() noexcept = default;

Thread::~Thread() {
  if (started()) require(EBUSY, "thread destroyed before it was joined");
}

Result<void> Thread::start(const Options& options, std::function<void()> body) {
  if (started()) require(EBUSY, "thread started twice");
  if (options.rt_priority != 0 && !is_rt_priority(options.rt_priority)) return Errno{EINVAL};
  ThreadAttributes attributes;
  if (const int error = attributes.schedule(options.rt_priority)) return Errno{error};
  auto impl = std::make_unique<Impl>();
  impl->name = std::string(options.name).substr(0, 15);  // a longer one is refused, not cut
  impl->tag = options.tag;
  impl->body = std::move(body);
  const int error = pthread_create(&impl->native, attributes.native(), &Impl::enter, impl.get());
  // A program takes EAGAIN as "try again", and would try for ever.
  if (error != 0) return Errno{error == EAGAIN ? ENOMEM : error};
  impl_ = std::move(impl);
  return {};
}

void Thread::join() noexcept {
  if (!started()) require(EINVAL, "thread joined that was never started");
  require(pthread_join(impl_->native, nullptr), "pthread_join");
  impl_.reset();
}

const void* current_thread_tag() noexcept { return t_tag; }

void stall_until(int64_t deadline_ns) noexcept {
  const timespec deadline = to_timespec(deadline_ns);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
  }
}

}  // namespace dmasim
