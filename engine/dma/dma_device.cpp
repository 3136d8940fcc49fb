// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/dma_device.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <utility>

namespace dmasim {

DmaDevice::DmaDevice(std::shared_ptr<const Clock> clock, const Options& options)
    : clock_(std::move(clock)), options_(options) {}

std::shared_ptr<CompletionThread> DmaDevice::completion_for_channel() {
  const bool shared = options_.completion == CompletionTopology::shared;
  if (shared && shared_) return shared_;
  auto thread = std::make_shared<CompletionThread>(
      *clock_, CompletionThread::Options{
                   .number = next_number_++, .rt_priority = options_.rt_priority, .tag = this});
  if (shared) shared_ = thread;
  return thread;
}

Result<ChannelHandle> DmaDevice::hand_out(std::string_view name, std::function<void()> alarm,
                                          std::shared_ptr<const Clock> clock) try {
  if (removed_) return Errno{ENODEV};
  taken_.push_back({.channel = nullptr, .name = std::string(name)});
  try {
    if (!clock) clock = clock_;
    auto channel = std::make_unique<Channel>(std::move(clock), options_.channel,
                                             completion_for_channel(), this, std::move(alarm));
    taken_.back().channel = channel.get();
    return ChannelHandle(shared_from_this(), std::move(channel));
  } catch (...) {
    taken_.pop_back();
    throw;
  }
} catch (const std::bad_alloc&) {
  return Errno{ENOMEM};
}

Result<ChannelHandle> DmaDevice::request_chan(std::function<void()> alarm,
                                              std::shared_ptr<const Clock> clock) {
  MutexLock guard(lock_);
  return hand_out({}, std::move(alarm), std::move(clock));
}

Result<ChannelHandle> DmaDevice::request_chan(std::string_view name, std::function<void()> alarm) {
  MutexLock guard(lock_);
  const auto& known = options_.channel_names;
  if (name.empty() || std::find(known.begin(), known.end(), name) == known.end()) {
    return Errno{ENODEV};
  }
  const bool taken = std::any_of(taken_.begin(), taken_.end(),
                                 [name](const Taken& each) { return each.name == name; });
  if (taken) return Errno{EBUSY};
  return hand_out(name, std::move(alarm), clock_);
}

void DmaDevice::remove() {
  MutexLock guard(lock_);
  removed_ = true;
  for (const Taken& each : taken_) each.channel->abort();
}

void DmaDevice::release_chan(const Channel* channel) {
  MutexLock guard(lock_);
  std::erase_if(taken_, [channel](const Taken& each) { return each.channel == channel; });
}

ChannelHandle::~ChannelHandle() {
  if (channel_ && !release()) std::abort();  // destroyed on a completion thread
}

ChannelHandle& ChannelHandle::operator=(ChannelHandle&& other) noexcept {
  if (this != &other) {
    ChannelHandle old(std::move(*this));
    device_ = std::move(other.device_);
    channel_ = std::move(other.channel_);
  }
  return *this;
}

Result<void> ChannelHandle::release() {
  if (Result<void> released = channel_->release(); !released) return released;
  device_->release_chan(channel_.get());
  channel_.reset();
  device_.reset();
  return {};
}

}  // namespace dmasim
