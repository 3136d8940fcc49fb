// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/ctl/mixer.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <cerrno>
#include <new>
#include <utility>

#include "engine/base/unique_fd.h"
#include "engine/cable/cable_file.h"
#include "plugin/pcm/alsa_format.h"

namespace dmasim {
namespace {

/// The format that snd-aloop shows for a loop into which nothing was played.
constexpr PcmFormat kNobodys{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};

using enum ForkClosedFd::InChild;

/// `fd` is the answer of a system call. If it is negative, the error is in errno.
Result<ForkClosedFd> adopt(int fd, ForkClosedFd::InChild in_child = closed) {
  if (fd < 0) return Errno{errno};
  return ForkClosedFd::adopt(UniqueFd(fd), in_child);
}

Result<void> add(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return Errno{errno};
  return {};
}

}  // namespace

long Mixer::LoopState::of(MixerElement::State state) const noexcept {
  switch (state) {
    case MixerElement::State::active:
      return active;
    case MixerElement::State::format:
      return format;
    case MixerElement::State::rate:
      return rate_hz;
    case MixerElement::State::channels:
      return channels;
    case MixerElement::State::access:
      break;
  }
  return access;
}

Mixer::LoopState Mixer::loop_state(const Loop& loop) const {
  const CableState cable = cable_state(loop_cable(card_, loop), directory_);
  const PcmFormat format = cable.format.value_or(kNobodys);
  return {.active = cable.active ? 1 : 0,
          .format = to_alsa(format.sample),
          .rate_hz = static_cast<long>(format.rate_hz),
          .channels = static_cast<long>(format.channels),
          .access = cable.format && cable.noninterleaved ? 1 : 0};
}

Result<void> Mixer::open() {
  if (const auto file = MixerFile::open(card_, directory_); !file && file.error() != ENOENT) {
    return file.as_errno();
  }
  auto poll = adopt(epoll_create1(EPOLL_CLOEXEC), ready);
  if (!poll) return poll.as_errno();
  auto level = adopt(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!level) return level.as_errno();
  if (const auto added = add(poll->get(), level->get()); !added) return added;
  poll_ = *std::move(poll);
  pending_level_ = *std::move(level);
  return {};
}

/// The watch was on the old file, so it ends. poll_changes() starts a new watch and compares all
/// values.
void Mixer::replace_file(MixerFile file) {
  watch_.forget();
  file_ = std::move(file);
}

/// Opens the file again if it was removed. Another process may have removed it, and another may
/// have made a new one.
bool Mixer::find_file() {
  if (file_ && file_.linked()) return true;
  auto file = MixerFile::open(card_, directory_);
  replace_file(file ? *std::move(file) : MixerFile{});
  return static_cast<bool>(file_);
}

Result<void> Mixer::make_file() {
  if (find_file()) return {};
  auto file = MixerFile::create(card_, directory_);
  if (!file) return file.as_errno();
  replace_file(*std::move(file));
  return {};
}

Result<void> Mixer::read(size_t index, long* values) {
  const MixerElement element = elements_.at(index);
  if (element.kind == MixerElement::Kind::loop_state) {
    *values = loop_state(element.loop).of(element.state);
    return {};
  }
  MutexLock guard(lock_);
  const MixerRecord record = find_file() ? file_.load() : MixerRecord::defaults();
  const uint32_t value = record.settings[element.cell].value;
  if (element.kind == MixerElement::Kind::volume) {
    const StereoVolume volume = unpack_volume(value);
    values[0] = volume.left;
    values[1] = volume.right;
  } else {
    *values = value;
  }
  return {};
}

Result<bool> Mixer::write(size_t index, const long* values) {
  const MixerElement element = elements_.at(index);
  if (!element.writable()) return Errno{EPERM};
  for (unsigned i = 0; i < element.count(); ++i) {
    if (values[i] < element.min || values[i] > element.max) return Errno{EINVAL};
  }
  const bool stereo = element.kind == MixerElement::Kind::volume;
  const auto value = stereo ? pack_volume({.left = static_cast<uint32_t>(values[0]),
                                           .right = static_cast<uint32_t>(values[1])})
                            : static_cast<uint32_t>(*values);
  MutexLock guard(lock_);
  if (!find_file() && value == mixer_default(element.cell)) return false;
  if (const auto made = make_file(); !made) return made.as_errno();
  return file_.set(element.cell, value);
}

/// Makes the inotify instance only for a subscriber, because the kernel's default allows a user
/// only 128 of them. If the subscription fails, the instance is closed.
Result<void> Mixer::begin_reporting() try {
  if (const auto begun = watch_.begin(poll_.get()); !begun) return begun;
  if (const auto watched = watch_file(); !watched) {
    watch_.end(poll_.get());
    return watched;
  }
  reported_ = file_.load();
  reported_loops_ = loop_states();
  return {};
} catch (const std::bad_alloc&) {
  watch_.end(poll_.get());
  return Errno{ENOMEM};
}

/// A file that was removed before the watch began will give no notice, so the watch ends.
Result<void> Mixer::watch_file() {
  if (const auto made = make_file(); !made) return made;
  const auto watched = watch_.watch(file_);
  if (!file_.linked()) watch_.forget();
  return watched;
}

Result<void> Mixer::subscribe(bool on) {
  MutexLock guard(lock_);
  if (on == subscribed_) return {};
  if (on) {
    if (const auto begun = begin_reporting(); !begun) return begun;
  } else {
    watch_.end(poll_.get());
    pending_.clear();
    uncompared_ = 0;
  }
  subscribed_ = on;
  show_pending();
  return {};
}

/// Finds the elements that others have changed. It reads all notices before it compares, so that a
/// change during the comparison causes a new notice. If memory for the comparison is missing, the
/// notices stay in uncompared_ and the descriptor stays readable for the next call.
void Mixer::poll_changes() {
  uncompared_ |= watch_.read_notices();
  if (uncompared_ == 0 && watch_.watching()) return;
  show(true);
  if (!watch_.watching() || !file_.linked()) {
    if (!watch_file() || !watch_.watching()) watch_.look_again();
    uncompared_ |= watch_.read_notices() | IN_Q_OVERFLOW;  // compare all, as after lost notices
  }
  if ((uncompared_ & (IN_MODIFY | IN_Q_OVERFLOW)) != 0) compare_settings();
  if ((uncompared_ & (IN_ATTRIB | IN_Q_OVERFLOW)) != 0) compare_loops();
  uncompared_ = 0;
  show_pending();
}

void Mixer::compare_settings() {
  const MixerRecord now = file_.load();
  for (size_t i = 0; i < elements_.size(); ++i) {
    const MixerElement element = elements_.at(i);
    if (element.kind == MixerElement::Kind::loop_state) continue;
    const auto& before = reported_.settings[element.cell];
    const auto& after = now.settings[element.cell];
    if (after.value != before.value || after.changes != before.changes) pending_.insert(i);
  }
  reported_ = now;
}

std::vector<Mixer::LoopState> Mixer::loop_states() const {
  std::vector<LoopState> states;
  for (size_t i = 0; i < elements_.loops(); ++i) {
    states.push_back(loop_state(elements_.loop_at(i)));
  }
  return states;
}

void Mixer::compare_loops() {
  std::vector<LoopState> now = loop_states();
  for (size_t i = 0; i < elements_.size(); ++i) {
    const MixerElement element = elements_.at(i);
    if (element.kind != MixerElement::Kind::loop_state) continue;
    const size_t loop = elements_.number_of(element.loop);
    if (now[loop].of(element.state) != reported_loops_[loop].of(element.state)) pending_.insert(i);
  }
  reported_loops_ = std::move(now);
}

void Mixer::show(bool pending) {
  if (pending == pending_shown_) return;
  eventfd_t count = 0;
  [[maybe_unused]] const int done =
      pending ? eventfd_write(pending_level_.get(), 1) : eventfd_read(pending_level_.get(), &count);
  pending_shown_ = pending;
}

Result<std::optional<size_t>> Mixer::next_event() {
  MutexLock guard(lock_);
  if (!subscribed_) return Errno{EBADFD};
  if (pending_.empty()) poll_changes();
  if (pending_.empty()) return std::optional<size_t>();
  const std::optional<size_t> index = *pending_.begin();
  pending_.erase(pending_.begin());
  show_pending();
  return index;
}

bool Mixer::has_event() {
  MutexLock guard(lock_);
  if (subscribed_ && pending_.empty()) poll_changes();
  return !pending_.empty();
}

}  // namespace dmasim
