// SPDX-License-Identifier: LGPL-2.1-or-later
/// Notices of changes of a mixer's file, for a subscriber. It has an inotify instance. While there
/// is no file to watch, it has a timer instead, because the reason why there is no file (for
/// example a directory that other users can reach) cannot always be watched.
///
/// THREADS  one thread at a time for one object.
#pragma once

#include <cstdint>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/card/mixer_file.h"

namespace dmasim {

class MixerWatch {
 public:
  MixerWatch() = default;

  /// From begin() to end() the epoll `poll` is readable while there are notices for read_notices(),
  /// and when it is time to look for a file again. Errors: EMFILE (too many files, or inotify
  /// instances), ENFILE, ENOMEM, ENOSPC (too many files in epolls).
  Result<void> begin(int poll);
  void end(int poll) noexcept;

  /// Watches this file from now on. Errors: ENOSPC (too many watches), ENOMEM.
  Result<void> watch(const MixerFile& file);
  /// Ends the watch. This itself gives a notice for read_notices(). Call it before the file is
  /// closed.
  void forget() noexcept;
  [[nodiscard]] bool watching() const noexcept { return watch_ >= 0; }
  /// For when no file is watched: sets the timer, so that the caller looks for a file again soon.
  void look_again() noexcept;

  /// Reads all notices that wait. Answers their inotify masks, joined by or; 0 if there were none.
  uint32_t read_notices() noexcept;

 private:
  ForkClosedFd notices_;
  ForkClosedFd alarm_;
  int watch_ = -1;
};

}  // namespace dmasim
