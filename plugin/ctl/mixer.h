// SPDX-License-Identifier: LGPL-2.1-or-later
/// The mixer of a card, as one opened control device has it. What it holds lies in a file that all
/// processes of the user share (engine/card/mixer_file.h); what loops are at is looked up where it
/// is.
///
/// EVENTS    the poll descriptor is readable as long as next_event() has something to say, and from
///           within any process's write that changes something. It is an epoll: of an
///           eventfd that stands for what was heard and not told, and, while subscribed, of what
///           hears of writes.
/// LOCKING   lock_ is a leaf. A waiting reader does not hold it.
/// FORK      a child has no part in it: its copies of all descriptors are gone, but the number of
///           the poll descriptor is always readable, for who sleeps on it.
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

  /// Makes no file. Errors: EACCES (what lies there is not this user's alone); EMFILE (too many
  /// files); ENOMEM, and those of open(2) but ENOENT.
  Result<void> open() DMASIM_EXCLUDES(lock_);
  /// Constant from open() on.
  [[nodiscard]] int poll_fd() const noexcept { return poll_.get(); }
  [[nodiscard]] const MixerElements& elements() const noexcept { return elements_; }

  /// The element's values: as many as it has.
  Result<void> read(size_t index, long* values) DMASIM_EXCLUDES(lock_);
  /// False: they are so already. Errors: EPERM (the element tells, and is not told); EINVAL (a
  /// value out of range: nothing changes); EBUSY, ENOSPC and others of MixerFile::create and set.
  Result<bool> write(size_t index, const long* values) DMASIM_EXCLUDES(lock_);

  /// Events from now on, or none any more. Makes the mixer's file. Errors: EMFILE (too many files,
  /// or inotify instances), ENOSPC (too many inotify watches); those of MixerFile::create.
  Result<void> subscribe(bool on) DMASIM_EXCLUDES(lock_);
  /// An element that has changed since the last call that named it. None: nothing has. Errors:
  /// EBADFD (not subscribed).
  Result<std::optional<size_t>> next_event() DMASIM_EXCLUDES(lock_);
  /// Whether next_event() has something to say.
  [[nodiscard]] bool has_event() DMASIM_EXCLUDES(lock_);

 private:
  /// What a loop's state elements say.
  struct LoopState {
    long active;
    long format;
    long rate_hz;
    long channels;
    friend bool operator==(const LoopState&, const LoopState&) = default;
    [[nodiscard]] long of(MixerElement::State state) const noexcept;
  };

  [[nodiscard]] LoopState loop_state(const Loop& loop) const;
  [[nodiscard]] std::vector<LoopState> loop_states() const;
  void replace_file(MixerFile file) DMASIM_REQUIRES(lock_);
  bool find_file() DMASIM_REQUIRES(lock_);
  Result<void> make_file() DMASIM_REQUIRES(lock_);
  Result<void> begin_telling() DMASIM_REQUIRES(lock_);
  Result<void> watch_file() DMASIM_REQUIRES(lock_);
  void hear() DMASIM_REQUIRES(lock_);
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
  MixerRecord told_ DMASIM_GUARDED_BY(lock_) = MixerRecord::defaults();
  std::vector<LoopState> told_loops_ DMASIM_GUARDED_BY(lock_);
  std::set<size_t> pending_ DMASIM_GUARDED_BY(lock_);  // elements to tell of
  uint32_t unheard_ DMASIM_GUARDED_BY(lock_) = 0;      // kinds of notices that were not compared
  bool pending_shown_ DMASIM_GUARDED_BY(lock_) = false;
};

}  // namespace dmasim
