// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where reports go: a regular file, a character device, or a pipe that somebody reads. Nothing
/// here waits or raises a signal.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace dmasim {

/// Whether a line could be appended; makes no file. Errors: EINVAL (another kind of file), ENXIO (a
/// pipe that nobody reads), EISDIR, ENOENT, ENOTDIR, EACCES, EROFS.
Result<void> check_report_file(const std::string& path);

/// Appends in one write, so that lines of several processes do not mix. Errors: as above, and those
/// of write(2).
Result<void> append_report(const std::string& path, const std::string& line);

}  // namespace dmasim
