// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/completion.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "engine/dma/channel.h"

namespace dmasim {
namespace {

constexpr int64_t kAwake = INT64_MIN;

}  // namespace

CompletionThread::~CompletionThread() {
  MutexLock guard(start_lock_);
  stop();
}

void CompletionThread::attach() {
  MutexLock guard(lock_);
  ++channels_;
}

void CompletionThread::detach() {
  MutexLock starting(start_lock_);
  {
    MutexLock guard(lock_);
    if (--channels_ > 0) return;
  }
  stop();
}

Result<void> CompletionThread::start() {
  MutexLock starting(start_lock_);
  if (thread_.started()) return {};
  {
    MutexLock guard(lock_);
    quit_ = false;
  }
  std::array<char, 24> name{};
  std::snprintf(name.data(), name.size(), "dmasim-irq/%u", options_.number % 10000);
  return thread_.start(
      {.name = name.data(), .rt_priority = options_.rt_priority, .tag = options_.tag},
      [this] { run(); });
}

void CompletionThread::stop() {
  if (!thread_.started()) return;
  {
    MutexLock guard(lock_);
    quit_ = true;
    kick_.notify_all();
  }
  thread_.join();
}

void CompletionThread::assert_lock(const Mutex& lock) const noexcept {
  if (&lock != &lock_) std::abort();
}

void CompletionThread::schedule(Channel& channel, int64_t at_ns, int64_t slack_ns) {
  queue_.set(channel, at_ns, slack_ns);
  if (at_ns < sleeping_until_ns_ && queue_.wake_up_ns() < sleeping_until_ns_) wake();
}

void CompletionThread::wake() {
  sleeping_until_ns_ = kAwake;
  kick_.notify_all();
}

void CompletionThread::forget_old_deadline() {
  const bool sleeps = sleeping_until_ns_ != kAwake && sleeping_until_ns_ != kNever;
  if (queue_.first() == nullptr && sleeps) wake();
}

void CompletionThread::run() {
  MutexLock guard(lock_);
  while (!quit_) {
    ServiceNode* next = queue_.first();
    const int64_t now_ns = next != nullptr ? clock_.now_ns() : 0;
    if (next != nullptr && next->service_at_ns() <= now_ns) {
      auto& channel = static_cast<Channel&>(*next);
      channel.assert_lock(lock_);
      channel.service(now_ns);
      continue;
    }
    sleep_until(queue_.wake_up_ns());
  }
}

/// With a clock that wakes no thread by itself, such as a test's, the thread sleeps until
/// schedule() wakes it.
void CompletionThread::sleep_until(int64_t deadline_ns) {
  const int64_t wake_up_ns = deadline_ns == kNever ? kNever : clock_.wake_up_ns(deadline_ns);
  sleeping_until_ns_ = wake_up_ns == kNever ? kNever : deadline_ns;
  if (wake_up_ns == kNever) {
    kick_.wait(lock_);
  } else {
    kick_.wait_until(lock_, wake_up_ns);
  }
  sleeping_until_ns_ = kAwake;
}

}  // namespace dmasim
