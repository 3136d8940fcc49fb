// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a subscriber of a mixer hears of its file: an inotify, and an alarm for as long as there is
/// no file to watch. What keeps it away then, as a directory that others can reach, need be nothing
/// that could be watched.
///
/// THREADS  one object, one thread at a time.
#pragma once

#include <cstdint>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/card/mixer_file.h"

namespace dmasim {

class MixerWatch {
 public:
  MixerWatch() = default;

  /// From here to end(), `poll`, an epoll, is readable while there is something to take, and when
  /// it is time to look for a file again. Errors: EMFILE (too many files, or inotify instances),
  /// ENFILE, ENOMEM, ENOSPC (too many files in epolls).
  Result<void> begin(int poll);
  void end(int poll) noexcept;

  /// Hears of this file from now on. Errors: ENOSPC (too many watches), ENOMEM.
  Result<void> watch(const MixerFile& file);
  /// Hears of it no more, which is something to take. Comes before the file is closed.
  void forget() noexcept;
  [[nodiscard]] bool watching() const noexcept { return watch_ >= 0; }
  /// While none is watched: it is time to look for one again a moment from now.
  void look_again() noexcept;

  /// The kinds of all notices that wait, and whether there were any: inotify's masks.
  uint32_t take() noexcept;

 private:
  ForkClosedFd notices_;
  ForkClosedFd alarm_;
  int watch_ = -1;
};

}  // namespace dmasim
