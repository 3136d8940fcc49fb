// SPDX-License-Identifier: LGPL-2.1-or-later
/// The directory in which the processes of one user find each other's files.
#pragma once

#include <string>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace dmasim {

/// Its path: $XDG_RUNTIME_DIR/dmasim if that variable names a directory that this user owns, with
/// any mode; else /dev/shm/dmasim-UID, else /tmp/dmasim-UID. A PCM or control finds it once, when
/// it is opened, because the variable may change later.
struct CableDirectory {
  std::string path;
  std::string passed_over;  ///< the value of $XDG_RUNTIME_DIR, if that is not used

  [[nodiscard]] static CableDirectory find();

  /// Opens the directory. With `create` it is made with mode 0700 if it is missing. Errors: EACCES
  /// (it belongs to another user, other users may access it, or it is a link); those of mkdir(2)
  /// and open(2).
  [[nodiscard]] Result<UniqueFd> open(bool create) const;
  /// For a message: names the owner if that is another user. Else, or without a directory, empty.
  [[nodiscard]] std::string foreign_owner() const;
};

inline Result<UniqueFd> open_cable_directory(bool create) {
  return CableDirectory::find().open(create);
}

/// Opens a plain file in it that no other user may access. `flags` are those of open(2). Errors:
/// EACCES as above; those of open(2).
Result<UniqueFd> open_private_file(int directory, const char* name, int flags);

/// The same for a file that is going to be locked: a forked child closes its copy. Errors: also
/// EMFILE, ENOMEM.
Result<ForkClosedFd> open_lock_file(int directory, const char* name, int flags);

}  // namespace dmasim
