// SPDX-License-Identifier: LGPL-2.1-or-later
/// The directory in which processes of one user meet.
#pragma once

#include <string>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace dmasim {

/// Where it lies: $XDG_RUNTIME_DIR/dmasim if that variable names a directory of this user's own,
/// whatever its mode, else /dev/shm/dmasim-UID, else /tmp/dmasim-UID. Found once by whoever opens
/// something: the variable may change.
struct CableDirectory {
  std::string path;
  std::string passed_over;  ///< what $XDG_RUNTIME_DIR says, where that is not used

  [[nodiscard]] static CableDirectory find();

  /// Made with mode 0700 if `create`. Errors: EACCES (it is somebody else's, open to others, or a
  /// link); those of mkdir(2) and open(2).
  [[nodiscard]] Result<UniqueFd> open(bool create) const;
  /// For a message: whose it is. Empty: this user's, or there is none.
  [[nodiscard]] std::string foreign_owner() const;
};

inline Result<UniqueFd> open_cable_directory(bool create) {
  return CableDirectory::find().open(create);
}

/// A plain file in it that nobody else can touch. `flags` as for open(2). Errors: EACCES as above;
/// those of open(2).
Result<UniqueFd> open_private_file(int directory, const char* name, int flags);

/// The same for who locks it: no forked child has a part in it. Errors: also EMFILE, ENOMEM.
Result<ForkClosedFd> open_lock_file(int directory, const char* name, int flags);

}  // namespace dmasim
