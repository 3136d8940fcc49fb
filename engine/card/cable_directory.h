// SPDX-License-Identifier: LGPL-2.1-or-later
/// The directory in which the processes of one user find each other's files.
///
/// The name of the directory ends in the number of the files' format: modules of different formats
/// have different files. Raise the number when a change of a file (a cable, a mixer or a lock file)
/// makes it useless for the modules before. The bytes that lock_file.h locks keep their meaning in
/// all formats.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "engine/base/fork_closed_fd.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace dmasim {

inline constexpr const char* kFileFormat = "3";

/// The path of the directory for all formats: $XDG_RUNTIME_DIR/dmasim if that variable names a
/// directory that this user owns, with any mode; else /dev/shm/dmasim-UID, else /tmp/dmasim-UID. A
/// PCM or control finds it once, when it is opened, because the variable may change later.
struct CableDirectory {
  std::string path;
  std::string passed_over;  ///< the value of $XDG_RUNTIME_DIR, if that is not used

  [[nodiscard]] static CableDirectory find();

  /// Opens the directory of this format. With `create`, what is missing of it is made with mode
  /// 0700. Errors: EACCES (it or the one for all formats belongs to another user, other users may
  /// access it, or it is a link); those of mkdir(2) and open(2).
  [[nodiscard]] Result<UniqueFd> open(bool create) const;
  /// The same for the directory for all formats.
  [[nodiscard]] Result<UniqueFd> open_all_formats(bool create) const;
  /// Says whether a file that is missing could be made, and the directory too if that is missing.
  /// Makes nothing. Answers 0 or an errno.
  [[nodiscard]] int may_make_file() const;
  /// For a message: names the owner if that is another user. Else, or without a directory, empty.
  [[nodiscard]] std::string foreign_owner() const;
};

inline Result<UniqueFd> open_cable_directory(bool create) {
  return CableDirectory::find().open(create);
}

/// Opens the directory of this format in an open directory for all formats. Errors: those of
/// open().
Result<UniqueFd> open_own_format(int all_formats, bool create);

/// Opens a plain file in it that no other user may access, and that has no more than `most_bytes`.
/// `flags` are those of open(2). Errors: EACCES as above; those of open(2).
Result<UniqueFd> open_private_file(int directory, const char* name, int flags,
                                   off_t most_bytes = INT64_MAX);

/// The same for a file that is going to be locked: a forked child closes its copy. Errors: also
/// EMFILE, ENOMEM.
Result<ForkClosedFd> open_lock_file(int directory, const char* name, int flags,
                                    off_t most_bytes = INT64_MAX);

}  // namespace dmasim
