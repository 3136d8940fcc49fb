// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/explored_memory.h"

#include <utility>

namespace dmasim::debate {

using sim::Access;
using sim::add_to_story;
using sim::check;
using sim::note;
using sim::yield;

ExploredMemory::ExploredMemory() {
  sim::name(&runtime_, "the runtime", sizeof runtime_);
  sim::name(&buffer_, "the buffer", sizeof buffer_);
  sim::name(&stopped_, "the device", sizeof stopped_ + sizeof plays_on_);
}

void ExploredMemory::free_runtime(std::unique_ptr<Substream> runtime) {
  yield(&runtime_, Access::write);
  add_to_story("close has freed it");
  runtime_.dead = std::move(runtime);
}

void ExploredMemory::free_buffer(std::unique_ptr<std::byte[]> buffer) {
  yield(&buffer_, Access::write);
  add_to_story("hw_free has freed it");
  buffer_.dead = std::move(buffer);
}

void ExploredMemory::callback_begins() {
  yield(&runtime_, Access::read);
  check(runtime_.dead == nullptr, kBegunInFreedRuntime);
  add_to_story("the callback begins");
  in_callback_ = true;
}

void ExploredMemory::callback_ends() {
  yield(&runtime_, Access::read);
  check(runtime_.dead == nullptr, kFreedRuntime);
  add_to_story("the callback ends");
  in_callback_ = false;
}

void ExploredMemory::callback_touches(std::byte*) {
  yield(&buffer_, Access::read);
  check(buffer_.dead == nullptr, kFreedBuffer);
}

void ExploredMemory::stopped(bool in_callback) {
  note(&stopped_);
  add_to_story(in_callback ? "an xrun has stopped the PCM" : "the PCM is stopped");
  stopped_ = true;
}

void ExploredMemory::write(std::span<const std::byte>, bool) noexcept {
  note(&buffer_, Access::read);
  add_to_story("the DMA reads the buffer");
  check(buffer_.dead == nullptr, kDmaInFreedBuffer);
  note(&stopped_);
  if (!stopped_ || plays_on_) return;
  plays_on_ = true;
  sim::outcome(kPlaysOn);
}

}  // namespace dmasim::debate
