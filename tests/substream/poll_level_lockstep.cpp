// SPDX-License-Identifier: LGPL-2.1-or-later
// The bodies of plugin/pcm/poll_level.h for lockstep.h: a poll() is a wait in which time can pass.
#include "tests/substream/poll_level_lockstep.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <map>
#include <memory>

#include "engine/base/sync.h"

namespace dmasim {
namespace {

/// The state that the descriptor has in the kernel.
struct Level {
  Mutex lock;
  CondVar changed;
  bool ready DMASIM_GUARDED_BY(lock) = false;
  bool interrupted DMASIM_GUARDED_BY(lock) = false;
};

/// Only one thread runs at a time, so the map needs no lock.
std::map<const PollLevel*, std::unique_ptr<Level>>& levels() {
  static std::map<const PollLevel*, std::unique_ptr<Level>> all;
  return all;
}

}  // namespace

PollLevel::~PollLevel() { levels().erase(this); }

Result<void> PollLevel::open(Sense sense) {
  sense_ = sense;
  levels()[this] = std::make_unique<Level>();
  return {};
}

short PollLevel::events() const noexcept { return sense_ == Sense::readable ? POLLIN : POLLOUT; }

void PollLevel::set(bool ready) const noexcept {
  Level& level = *levels().at(this);
  MutexLock guard(level.lock);
  EXPECT_NE(level.ready, ready) << "a system call for nothing";
  level.ready = ready;
  level.changed.notify_all();
}

bool PollLevel::wait() const noexcept {
  Level& level = *levels().at(this);
  MutexLock guard(level.lock);
  while (!level.ready && !level.interrupted) level.changed.wait(level.lock);
  level.interrupted = false;
  return level.ready;
}

bool lockstep::ready(const PollLevel& poll_level) {
  Level& level = *levels().at(&poll_level);
  MutexLock guard(level.lock);
  return level.ready;
}

void lockstep::interrupt(const PollLevel& poll_level) {
  Level& level = *levels().at(&poll_level);
  MutexLock guard(level.lock);
  level.interrupted = true;
  level.changed.notify_all();
}

}  // namespace dmasim
