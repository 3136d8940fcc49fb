// SPDX-License-Identifier: LGPL-2.1-or-later
// The bodies of plugin/pcm/poll_level.h for lockstep.h: a poll() is a wait in which time can pass.
#include "tests/substream/poll_level_lockstep.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <map>
#include <memory>

#include "tests/substream/poll_level_model.h"

namespace dmasim {
namespace {

/// Only one thread runs at a time, so the map needs no lock.
std::map<const PollLevel*, std::unique_ptr<PollLevelModel>>& levels() {
  static std::map<const PollLevel*, std::unique_ptr<PollLevelModel>> all;
  return all;
}

}  // namespace

PollLevel::~PollLevel() { levels().erase(this); }

Result<void> PollLevel::open(Sense sense, bool ready) {
  sense_ = sense;
  wanted_ = ready;
  levels()[this] = std::make_unique<PollLevelModel>();
  if (ready) write(ready);
  return {};
}

short PollLevel::events() const noexcept { return sense_ == Sense::readable ? POLLIN : POLLOUT; }

void PollLevel::want(bool ready) noexcept { wanted_ = ready; }

bool PollLevel::wanted() const noexcept { return wanted_; }

bool PollLevel::shown() const noexcept { return shown_; }

void PollLevel::write(bool ready) noexcept {
  EXPECT_TRUE(levels().at(this)->set(ready)) << "a system call that changes nothing";
  shown_ = ready;
}

bool PollLevel::wait() const noexcept { return levels().at(this)->wait(); }

bool lockstep::ready(const PollLevel& poll_level) { return levels().at(&poll_level)->ready(); }

void lockstep::interrupt(const PollLevel& poll_level) { levels().at(&poll_level)->interrupt(); }

}  // namespace dmasim
