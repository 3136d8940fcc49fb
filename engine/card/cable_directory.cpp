// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/cable_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace dmasim {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

bool is_private(int fd, mode_t type) noexcept {
  struct stat status {};
  return fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type &&
         status.st_uid == geteuid() && (status.st_mode & kOthers) == 0;
}

/// With O_NOFOLLOW, open(2) answers ELOOP or ENOTDIR for a link. Callers are told EACCES instead.
int refusal(int error) noexcept { return error == ELOOP || error == ENOTDIR ? EACCES : error; }

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

Result<UniqueFd> CableDirectory::open(bool create) const {
  if (create && mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return Errno{errno};
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return Errno{refusal(errno)};
  if (!is_private(fd.get(), S_IFDIR)) return Errno{EACCES};
  return fd;
}

std::string CableDirectory::foreign_owner() const {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || status.st_uid == geteuid()) return {};
  return path + " belongs to user " + std::to_string(status.st_uid) + ", not to user " +
         std::to_string(geteuid());
}

/// O_NONBLOCK: if a FIFO lies in the file's place, open(2) must not wait.
Result<UniqueFd> open_private_file(int directory, const char* name, int flags) {
  constexpr int kAlways = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  UniqueFd fd(openat(directory, name, flags | kAlways, S_IRUSR | S_IWUSR));
  if (!fd) return Errno{errno == ENXIO || errno == EISDIR ? EACCES : refusal(errno)};
  if (!is_private(fd.get(), S_IFREG)) return Errno{EACCES};
  return fd;
}

Result<ForkClosedFd> open_lock_file(int directory, const char* name, int flags) {
  return ForkClosedFd::open([=] { return open_private_file(directory, name, flags); });
}

}  // namespace dmasim
