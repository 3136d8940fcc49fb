// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/engine.h"

#include <cerrno>
#include <cstdlib>
#include <new>
#include <utility>

namespace dmasim {

Engine::Engine(std::shared_ptr<const Clock> clock, const Options& options)
    : clock_(std::move(clock)), options_(options) {}

std::shared_ptr<CompletionThread> Engine::completion_for_channel() {
  const bool shared = options_.completion == CompletionTopology::shared;
  if (shared && shared_) return shared_;
  auto thread = std::make_shared<CompletionThread>(
      *clock_, CompletionThread::Options{
                   .number = next_number_++, .rt_priority = options_.rt_priority, .tag = this});
  if (shared) shared_ = thread;
  return thread;
}

Result<ChannelHandle> Engine::request_chan(std::function<void()> alarm) try {
  MutexLock guard(lock_);
  auto channel =
      std::make_unique<Channel>(*clock_, completion_for_channel(), this, std::move(alarm));
  return ChannelHandle(shared_from_this(), std::move(channel));
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

ChannelHandle::~ChannelHandle() {
  if (channel_ && !release()) std::abort();  // dropped on a completion thread
}

ChannelHandle& ChannelHandle::operator=(ChannelHandle&& other) noexcept {
  if (this != &other) {
    ChannelHandle old(std::move(*this));
    engine_ = std::move(other.engine_);
    channel_ = std::move(other.channel_);
  }
  return *this;
}

Result<void> ChannelHandle::release() {
  if (Result<void> released = channel_->release(); !released) return released;
  channel_.reset();
  engine_.reset();
  return {};
}

}  // namespace dmasim
