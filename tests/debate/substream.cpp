// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/substream.h"

#include <utility>

namespace dmasim::debate {

Substream::Substream(const Setting& setting)
    : memory_(setting.memory),
      channel_(setting.channel),
      design_(setting.design),
      xrun_(setting.xrun),
      buffer_(std::make_unique<std::byte[]>(kBufferBytes)),
      frames_(buffer_.get()) {}

void Substream::start() {
  {
    MutexLock guard(lock_);
    running_ = true;
  }
  channel_.start({frames_, kBufferBytes}, [this] { period_elapsed(); });
}

void Substream::drop() {
  MutexLock guard(lock_);
  stop_if_running(false);
}

void Substream::hw_free() {
  perform_before_freeing(design_.at_hw_free);
  memory_.free_buffer(std::move(buffer_));
}

void Substream::close(std::unique_ptr<Substream> substream) {
  substream->perform_before_freeing(substream->design_.at_close);
  Memory& memory = substream->memory_;
  memory.free_runtime(std::move(substream));
}

void Substream::period_elapsed() {
  memory_.callback_begins();
  position_bytes_ = (position_bytes_ + kPeriodBytes) % kBufferBytes;
  {
    MutexLock guard(lock_);
    if (xrun_) stop_if_running(true);
  }
  memory_.callback_touches(frames_);
  memory_.callback_ends();
}

void Substream::stop_if_running(bool in_callback) {
  if (!running_) return;
  running_ = false;
  perform(design_.at_stop);
  memory_.stopped(in_callback);
}

void Substream::perform(const std::vector<Operation>& operations) {
  for (const Operation operation : operations) channel_.perform(operation);
}

void Substream::perform_before_freeing(const std::vector<Operation>& operations) {
  if (!design_.lock_while_freeing) return perform(operations);
  MutexLock guard(lock_);
  perform(operations);
}

}  // namespace dmasim::debate
