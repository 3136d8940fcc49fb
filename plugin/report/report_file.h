// SPDX-License-Identifier: LGPL-2.1-or-later
/// The file that reports are appended to: a regular file, a character device, or a pipe with a
/// reader. No function here waits or raises a signal.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace dmasim {

/// Says whether a line could be appended. Makes no file. Errors: EINVAL (another kind of file),
/// ENXIO (a pipe without a reader), EISDIR, ENOENT, ENOTDIR, EACCES, EROFS.
Result<void> check_report_file(const std::string& path);

/// Appends `line` by one write, so that lines of several processes do not mix. Errors: those of
/// check_report_file(), and those of write(2).
Result<void> append_report(const std::string& path, const std::string& line);

}  // namespace dmasim
