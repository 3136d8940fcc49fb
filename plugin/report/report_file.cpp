// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/report/report_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/file_access.h"
#include "engine/base/signals_blocked.h"
#include "engine/base/unique_fd.h"

namespace dmasim {
namespace {

constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

bool takes_lines(mode_t mode) noexcept { return S_ISREG(mode) || S_ISCHR(mode) || S_ISFIFO(mode); }

/// With O_NONBLOCK the open of a pipe without a reader fails, and does not wait for a reader.
Result<UniqueFd> open_report(const std::string& path, int create) {
  UniqueFd fd(open(path.c_str(), kFlags | create, 0666));
  if (!fd) return Errno{errno};
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return Errno{errno};
  if (!takes_lines(status.st_mode)) return Errno{EINVAL};
  return fd;
}

}  // namespace

/// Checks the kind of a file before it opens it, because the open of a device or pipe may have side
/// effects.
Result<void> check_report_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    const int error = errno == ENOENT ? may_make_file(path) : errno;
    return error == 0 ? Result<void>{} : Result<void>(Errno{error});
  }
  if (S_ISDIR(status.st_mode)) return Errno{EISDIR};
  if (!takes_lines(status.st_mode)) return Errno{EINVAL};
  const auto fd = open_report(path, 0);
  return fd ? Result<void>{} : Result<void>(fd.as_errno());
}

Result<void> append_report(const std::string& path, const std::string& line) {
  const auto fd = open_report(path, O_CREAT);
  if (!fd) return fd.as_errno();
  const FileGrowth growth;
  const ssize_t written = write(fd->get(), line.data(), line.size());
  if (written < 0) return Errno{errno};
  if (written != static_cast<ssize_t>(line.size())) return Errno{ENOSPC};
  return {};
}

}  // namespace dmasim
