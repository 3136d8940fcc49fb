// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/cable_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "engine/base/file_access.h"

namespace dmasim {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

bool is_private(int fd, mode_t type, off_t most_bytes = INT64_MAX) noexcept {
  struct stat status {};
  return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type &&
         status.st_uid == geteuid() && (status.st_mode & kOthers) == 0 &&
         status.st_size <= most_bytes;
}

/// With O_NOFOLLOW, open(2) answers ELOOP or ENOTDIR for a link. Callers get EACCES instead.
int refusal(int error) noexcept { return error == ELOOP || error == ENOTDIR ? EACCES : error; }

/// Checks what open(2) has answered for a directory.
Result<UniqueFd> checked_directory(UniqueFd fd) {
  if (!fd) return Errno{refusal(errno)};
  if (!is_private(fd.get(), S_IFDIR)) return Errno{EACCES};
  return fd;
}

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool is_directory(const char* path) noexcept {
  struct stat status {};
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/// After sudo and su the variable may name another user's directory. If root made something there,
/// that user could not use it.
bool is_own_directory(const char* path) noexcept {
  struct stat status {};
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

std::string path_without_runtime_directory() {
  const char* shared =
      is_directory("/dev/shm") && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  return std::string(shared) + "/dmasim-" + std::to_string(geteuid());
}

}  // namespace

CableDirectory CableDirectory::find() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime == nullptr) runtime = "";
  if (*runtime == '/' && is_own_directory(runtime)) {
    return {.path = std::string(runtime) + "/dmasim", .passed_over = {}};
  }
  return {.path = path_without_runtime_directory(), .passed_over = runtime};
}

/// Opens first, because most of the time the directory is there.
Result<UniqueFd> CableDirectory::open_all_formats(bool create) const {
  UniqueFd fd(::open(path.c_str(), kDirectory));
  if (!fd && errno == ENOENT && create) {
    if (mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return Errno{errno};
    fd = UniqueFd(::open(path.c_str(), kDirectory));
  }
  return checked_directory(std::move(fd));
}

Result<UniqueFd> CableDirectory::open(bool create) const {
  const auto all = open_all_formats(create);
  if (!all) return all.as_errno();
  return open_own_format(all->get(), create);
}

int CableDirectory::may_make_file() const {
  const int in_own = may_access(path + '/' + kFileFormat, W_OK | X_OK);
  if (in_own != ENOENT) return in_own;
  const int in_all = may_access(path, W_OK | X_OK);
  return in_all != ENOENT ? in_all : dmasim::may_make_file(path);
}

std::string CableDirectory::foreign_owner() const {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || status.st_uid == geteuid()) return {};
  return path + " belongs to user " + std::to_string(status.st_uid) + ", not to user " +
         std::to_string(geteuid());
}

Result<UniqueFd> open_own_format(int all_formats, bool create) {
  UniqueFd fd(openat(all_formats, kFileFormat, kDirectory));
  if (!fd && errno == ENOENT && create) {
    if (mkdirat(all_formats, kFileFormat, S_IRWXU) != 0 && errno != EEXIST) return Errno{errno};
    fd = UniqueFd(openat(all_formats, kFileFormat, kDirectory));
  }
  return checked_directory(std::move(fd));
}

/// O_NONBLOCK: if a FIFO lies in the file's place, open(2) must not wait.
Result<UniqueFd> open_private_file(int directory, const char* name, int flags, off_t most_bytes) {
  constexpr int kAlways = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  UniqueFd fd(openat(directory, name, flags | kAlways, S_IRUSR | S_IWUSR));
  if (!fd) return Errno{errno == ENXIO || errno == EISDIR ? EACCES : refusal(errno)};
  if (!is_private(fd.get(), S_IFREG, most_bytes)) return Errno{EACCES};
  return fd;
}

Result<ForkClosedFd> open_lock_file(int directory, const char* name, int flags, off_t most_bytes) {
  return ForkClosedFd::open([=] { return open_private_file(directory, name, flags, most_bytes); });
}

}  // namespace dmasim
