// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/stress/freed_memory.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DMASIM_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define DMASIM_ADDRESS_SANITIZER 1
#endif

namespace dmasim::stress {
namespace {

#ifdef DMASIM_ADDRESS_SANITIZER
constexpr bool kSanitizerWatches = true;
#else
constexpr bool kSanitizerWatches = false;
#endif

void spin_for(std::chrono::microseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace

void FreedMemory::free_runtime(std::unique_ptr<debate::Substream> runtime) {
  check_no_callback("close frees the runtime");
  runtime.reset();
}

void FreedMemory::free_buffer(std::unique_ptr<std::byte[]> buffer) {
  check_no_callback("hw_free frees the buffer");
  buffer.reset();
}

/// With the sanitizer, the program continues, so that the sanitizer reports the access. Without it,
/// the program ends here.
void FreedMemory::check_no_callback(const char* what) {
  if (!in_callback()) return;
  ++counts_.freed_during_callback;
  if (kSanitizerWatches) return;
  std::fprintf(stderr, "FAILED: %s while a callback runs, in cycle %llu\n", what,
               static_cast<unsigned long long>(counts_.cycles.load()));
  _exit(EXIT_FAILURE);
}

void FreedMemory::callback_begins() {
  ++running_;
  ++begun_;
  ++counts_.callbacks;
  linger(Meeting::at_the_door);
}

void FreedMemory::begin_cycle(Meeting meeting, unsigned callback_us) {
  meeting_ = meeting;
  awaiting_end_ = true;
  slow_us_ = callback_us;
}

void FreedMemory::linger(Meeting here) const {
  if (meeting_ != here) return;
  while (awaiting_end_) std::this_thread::yield();
  spin_for(std::chrono::microseconds(slow_us_));
}

void FreedMemory::callback_touches(std::byte* buffer) {
  linger(Meeting::inside);
  buffer[0] ^= std::byte{1};
}

void FreedMemory::callback_ends() { --running_; }

void FreedMemory::stopped(bool in_callback) {
  if (in_callback) ++counts_.terminations_in_callback;
}

void FreedMemory::write(std::span<const std::byte> frames, bool) noexcept {
  for (const std::byte frame : frames.subspan(1))
    last_ ^= frame;  // not the first one, which the callback writes
  counts_.bytes += frames.size();
}

}  // namespace dmasim::stress
