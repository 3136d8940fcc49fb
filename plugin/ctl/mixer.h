// SPDX-License-Identifier: LGPL-2.1-or-later
/// The mixer of a card, for one open control device. The settings lie in a file that all processes
/// of the user share (engine/card/mixer_file.h). The state of a loop is read from the loop's cable.
///
/// EVENTS    The poll descriptor is readable as long as next_event() has an event. It becomes
///           readable during any process's write that changes something. It is an epoll of an
///           eventfd and, while subscribed, of a MixerWatch. The eventfd is readable while there
///           are changes that this mixer has found and next_event() has not returned.
/// LOCKING   No other mutex is taken under lock_. A thread that waits for an event does not hold
///           it.
/// FORK      A child cannot use the mixer: its copies of all descriptors are closed. Another
///           descriptor, always readable, has the number of the poll descriptor, so that no child
///           sleeps on it.
#pragma once

#include <poll.h>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/base/sync.h"
#include "engine/card/cable_directory.h"
#include "engine/card/mixer_file.h"
#include "plugin/ctl/mixer_elements.h"
#include "plugin/ctl/mixer_watch.h"

namespace dmasim {

class Mixer {
 public:
  Mixer(std::string card, const MixerElements& elements, CableDirectory directory)
      : card_(std::move(card)), elements_(elements), directory_(std::move(directory)) {}

  /// Makes no file. Errors: EACCES (others than this user can use the file or directory); EMFILE
  /// (too many files); ENOMEM, and those of open(2) except ENOENT.
  Result<void> open() DMASIM_EXCLUDES(lock_);
  /// Constant from open() on.
  [[nodiscard]] int poll_fd() const noexcept { return poll_.get(); }
  [[nodiscard]] const MixerElements& elements() const noexcept { return elements_; }

  /// Reads the element's values: `values` must have room for MixerElement::count() of them.
  Result<void> read(size_t index, long* values) DMASIM_EXCLUDES(lock_);
  /// Answers false if the element has these values already. Errors: EPERM (the element is
  /// read-only); EINVAL (a value out of range: nothing changes); EBUSY, ENOSPC and others of
  /// MixerFile::create and set.
  Result<bool> write(size_t index, const long* values) DMASIM_EXCLUDES(lock_);

  /// Starts or ends the events. A start makes the mixer's file if there is none. Errors: EMFILE
  /// (too many files, or inotify instances), ENOSPC (too many inotify watches); those of
  /// MixerFile::create.
  Result<void> subscribe(bool on) DMASIM_EXCLUDES(lock_);
  /// The index of an element that has changed since the last call that returned it. Empty if none
  /// has. Errors: EBADFD (not subscribed).
  Result<std::optional<size_t>> next_event() DMASIM_EXCLUDES(lock_);
  /// Says whether next_event() has an event.
  [[nodiscard]] bool has_event() DMASIM_EXCLUDES(lock_);

 private:
  /// The values of a loop's state elements.
  struct LoopState {
    long active;
    long format;
    long rate_hz;
    long channels;
    long access;  ///< 0: interleaved
    friend bool operator==(const LoopState&, const LoopState&) = default;
    [[nodiscard]] long of(MixerElement::State state) const noexcept;
  };

  [[nodiscard]] LoopState loop_state(const Loop& loop) const;
  [[nodiscard]] std::vector<LoopState> loop_states() const;
  void replace_file(MixerFile file) DMASIM_REQUIRES(lock_);
  bool find_file() DMASIM_REQUIRES(lock_);
  Result<void> make_file() DMASIM_REQUIRES(lock_);
  Result<void> begin_reporting() DMASIM_REQUIRES(lock_);
  Result<void> watch_file() DMASIM_REQUIRES(lock_);
  void poll_changes() DMASIM_REQUIRES(lock_);
  void compare_settings() DMASIM_REQUIRES(lock_);
  void compare_loops() DMASIM_REQUIRES(lock_);
  void show(bool pending) DMASIM_REQUIRES(lock_);
  void show_pending() DMASIM_REQUIRES(lock_) { show(!pending_.empty()); }

  const std::string card_;
  const MixerElements elements_;
  const CableDirectory directory_;
  ForkClosedFd poll_;  // set by open()
  ForkClosedFd pending_level_;

  Mutex lock_;
  MixerFile file_ DMASIM_GUARDED_BY(lock_);
  MixerWatch watch_ DMASIM_GUARDED_BY(lock_);  // while subscribed
  bool subscribed_ DMASIM_GUARDED_BY(lock_) = false;
  MixerRecord reported_ DMASIM_GUARDED_BY(lock_) = MixerRecord::defaults();
  std::vector<LoopState> reported_loops_ DMASIM_GUARDED_BY(lock_);
  std::set<size_t> pending_ DMASIM_GUARDED_BY(lock_);  // changed elements, for next_event()
  uint32_t uncompared_ DMASIM_GUARDED_BY(lock_) = 0;   // notices not yet compared: inotify's mask
  bool pending_shown_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim
