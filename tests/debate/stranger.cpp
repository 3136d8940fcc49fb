// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/debate/stranger.h"

namespace dmasim::debate {
namespace {

/// Later than every other deadline. So a wait until then times out only if no other thread can
/// continue.
constexpr int64_t kAtLastNs = 1'000'000'000'000;

}  // namespace

Stranger::Stranger(Controller& controller, const ExploredMemory& ours)
    : ours_(ours), channel_(controller.request_chan(*this)) {
  sim::name(&lock_, "the stranger's own lock");
  sim::name(&changed_, "the closing of the PCM");
  for (const DmaChannel::Part& part : channel_->parts()) {
    sim::name(part.at, "the stranger's " + part.name, part.bytes);
  }
}

void Stranger::start() {
  channel_->start(frames_, [this] { period_elapsed(); });
}

void Stranger::pcm_closed() {
  MutexLock guard(lock_);
  pcm_closed_ = true;
  changed_.notify_all();
}

/// The stranger's callback waits until our PCM is closed. If this wait times out, the design waits
/// for the stranger's callback. There is one exception: if a callback of our own PCM is running, it
/// waits for itself, and the explorer reports a deadlock.
void Stranger::period_elapsed() {
  MutexLock guard(lock_);
  sim::add_to_story("the stranger's callback begins");
  called_ = true;
  changed_.notify_all();
  while (!pcm_closed_) {
    if (changed_.wait_until(lock_, kAtLastNs)) continue;
    if (!ours_.in_callback()) sim::violation(kStrangerWaitedFor);
    while (!pcm_closed_) changed_.wait(lock_);
  }
}

void Stranger::expect_callback() {
  MutexLock guard(lock_);
  while (!called_) {
    if (!changed_.wait_until(lock_, kAtLastNs)) sim::violation(kStrangerLost);
  }
}

}  // namespace dmasim::debate
