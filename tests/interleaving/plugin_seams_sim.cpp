// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bodies of io_fields.h and poll_level.h for the explorer. Each access to a field that
/// alsa-lib shares with the plugin is a choice point. A poll() is a wait on a CondVar.
#include <poll.h>

#include <memory>

#include "plugin/pcm/io_fields.h"
#include "plugin/pcm/poll_level.h"
#include "tests/interleaving/explorer.h"
#include "tests/interleaving/shown_state.h"
#include "tests/interleaving/world.h"
#include "tests/substream/poll_level_model.h"

namespace dmasim {
namespace {

/// All fibers run on one thread, so the map needs no lock. The objects in it have their own locks.
std::shared_ptr<void>& attached_to(const void* object) {
  return sim::World::instance().attached()[object];
}

void detach_from(const void* object) { sim::World::instance().attached().erase(object); }

PollLevelModel& level_of(const PollLevel* level) {
  return *static_cast<PollLevelModel*>(attached_to(level).get());
}

}  // namespace

sim::ShownState::ShownState(snd_pcm_ioplug_t& io) : io_(io) {
  attached_to(&io) = std::shared_ptr<void>(std::shared_ptr<void>(),
                                           this);  // a pointer that does not own the object
  name(&lock_, "io.state");
}

sim::ShownState::~ShownState() { detach_from(&io_); }

sim::ShownState& sim::ShownState::of(const snd_pcm_ioplug_t& io) {
  return *static_cast<ShownState*>(attached_to(&io).get());
}

void sim::ShownState::store(snd_pcm_ioplug_t& io, snd_pcm_state_t state) {
  ShownState& shown = of(io);
  MutexLock guard(shown.lock_);
  io.state = state;
  shown.changed_.notify_all();
}

snd_pcm_state_t sim::ShownState::load(const snd_pcm_ioplug_t& io) {
  MutexLock guard(of(io).lock_);
  return io.state;
}

void sim::ShownState::await(snd_pcm_state_t wanted) {
  MutexLock guard(lock_);
  while (io_.state != wanted) changed_.wait(lock_);
}

void IoFields::set_state(snd_pcm_state_t state) noexcept { sim::ShownState::store(io_, state); }

snd_pcm_uframes_t IoFields::appl_ptr() const noexcept {
  sim::yield(const_cast<const snd_pcm_uframes_t*>(&io_.appl_ptr), sim::Access::read);
  return io_.appl_ptr;
}

void IoFields::set_appl_ptr(snd_pcm_uframes_t appl_ptr) noexcept {
  sim::yield(const_cast<const snd_pcm_uframes_t*>(&io_.appl_ptr));
  io_.appl_ptr = appl_ptr;
}

int IoFields::nonblock() const noexcept {
  sim::yield(&io_.nonblock, sim::Access::read);
  return io_.nonblock;
}

PollLevel::~PollLevel() { detach_from(this); }

Result<void> PollLevel::open(Sense sense, bool ready) {
  sense_ = sense;
  wanted_ = ready;
  attached_to(this) = std::make_shared<PollLevelModel>();
  sim::name(&level_of(this).lock(), "poll");
  if (ready) write(ready);
  return {};
}

short PollLevel::events() const noexcept { return sense_ == Sense::readable ? POLLIN : POLLOUT; }

bool sim::shows_ready(const PollLevel& level) { return level_of(&level).ready(); }

void PollLevel::want(bool ready) noexcept {
  sim::yield(&wanted_);
  wanted_ = ready;
}

bool PollLevel::wanted() const noexcept {
  sim::yield(&wanted_, sim::Access::read);
  return wanted_;
}

bool PollLevel::shown() const noexcept {
  sim::yield(&shown_, sim::Access::read);
  return shown_;
}

void PollLevel::write(bool ready) noexcept {
  level_of(this).set(ready);
  sim::yield(&shown_);
  shown_ = ready;
}

bool PollLevel::wait() const noexcept { return level_of(this).wait(); }

}  // namespace dmasim
