// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names, permissions and locks of the files that a sink records into.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/recording.h"
#include "engine/sink.h"
#include "engine/sink_queue.h"

namespace dmasim {
namespace {

struct Target {
  std::string path;
  FileType type;
  bool device;
};

/// 0 or an errno.
int status_of(const char* path, struct stat& status) noexcept {
  return stat(path, &status) == 0 ? 0 : errno;
}

std::optional<FileType> type_of(const char* path, bool device) noexcept {
  const auto type = file_type_of(path);
  return device && !type ? FileType::wav : type;
}

int may_write(const std::string& path, int mode) noexcept {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

/// Whether a file can be made in the directory of `path`.
int check_directory(const std::string& path) {
  return may_write(std::filesystem::path(path).parent_path(), W_OK | X_OK);
}

Result<Target> inspect(const char* name) {
  if (name == nullptr || *name == '\0') return Errno{EINVAL};
  std::error_code failure;  // of getcwd(2)
  Target target{std::filesystem::absolute(name, failure), FileType::raw, false};
  if (failure) return Errno{failure.value()};

  struct stat status {};
  const int absent = status_of(target.path.c_str(), status);
  if (absent != 0 && absent != ENOENT) return Errno{absent};
  if (absent == 0) {
    if (S_ISDIR(status.st_mode)) return Errno{EISDIR};
    target.device = S_ISCHR(status.st_mode);
    if (!target.device && !S_ISREG(status.st_mode)) return Errno{EINVAL};
  }
  const auto type = type_of(target.path.c_str(), target.device);
  if (!type) return Errno{EINVAL};
  target.type = *type;
  const int refused = absent != 0 ? check_directory(target.path) : may_write(target.path, W_OK);
  if (refused != 0) return Errno{refused};
  return target;
}

/// Opens for writing, without a change to what is there. O_NONBLOCK: a device that is not ready
/// (a stopped terminal) refuses instead of holding the thread.
Result<UniqueFd> open_output_once(const std::string& path, bool device) {
  constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  UniqueFd fd(open(path.c_str(), device ? kFlags : kFlags | O_CREAT, 0666));
  if (!fd) return Errno{errno};
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return Errno{errno};
  if (device ? !S_ISCHR(status.st_mode) : !S_ISREG(status.st_mode)) return Errno{EINVAL};
  return fd;
}

Result<ForkClosedFd> open_output(const std::string& path, bool device) {
  return ForkClosedFd::open([&] { return open_output_once(path, device); });
}

/// Empties the file, unless another stream records into it. Where the file system has no locks, the
/// file is used without.
Result<void> claim(int fd) {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Errno{EBUSY};
    if (errno != EINTR) break;
  }
  if (ftruncate(fd, 0) != 0) return Errno{errno};
  return {};
}

class FileRecorder final : public Recorder {
 public:
  explicit FileRecorder(Target target) : target_(std::move(target)) {}
  /// Not by closing alone: a child that has just been forked may not have closed its copies yet.
  ~FileRecorder() override {
    for (const ForkClosedFd& each : locks_) flock(each.get(), LOCK_UN);
  }

  Result<std::unique_ptr<Recording>> begin(const PcmFormat& format) override {
    if (!file_type_holds(target_.type, format)) return Errno{EINVAL};
    auto fd = open_output(next_path(), target_.device);
    if (!fd) return fd.as_errno();
    ForkClosedFd lock;
    if (!target_.device) {
      if (const auto claimed = claim(fd->get()); !claimed) return claimed.as_errno();
      auto copy = copy_of(fd->get());
      if (!copy) return copy.as_errno();
      lock = *std::move(copy);
    }
    locks_.reserve(locks_.size() + 1);
    auto recording =
        make_recording(target_.type, OutputFile(*std::move(fd), target_.device), format);
    ++begun_;
    if (lock) locks_.push_back(std::move(lock));  // not before: it would bar the next try
    return recording;
  }

 private:
  static Result<ForkClosedFd> copy_of(int fd) {
    return ForkClosedFd::open([fd]() -> Result<UniqueFd> {
      UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
      if (!copy) return Errno{errno};
      return copy;
    });
  }

  /// out.wav, out.1.wav, out.2.wav
  [[nodiscard]] std::string next_path() const {
    if (begun_ == 0 || target_.device) return target_.path;
    std::filesystem::path path(target_.path);
    const std::string ending = path.extension();
    return path.replace_extension(std::to_string(begun_) + ending);
  }

  const Target target_;
  std::vector<ForkClosedFd> locks_;  // each file is ours until the sink ends
  uint64_t begun_ = 0;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_file_sink(const char* path, const FileSinkOptions& options) {
  auto target = inspect(path);
  if (!target) return target.as_errno();
  auto recorder = std::make_unique<FileRecorder>(*std::move(target));
  return std::unique_ptr<Sink>(std::make_unique<QueuedSink>(std::move(recorder), options));
}

bool file_sink_accepts(const char* path, const PcmFormat& format) noexcept {
  if (path == nullptr) return false;
  struct stat status {};
  const bool device = status_of(path, status) == 0 && S_ISCHR(status.st_mode);
  const auto type = type_of(path, device);
  return type && file_type_holds(*type, format);
}

pid_t file_lock_owner(const char* path) noexcept {
  struct stat status {};
  if (path == nullptr || status_of(path, status) != 0) return 0;
  std::FILE* locks = std::fopen("/proc/locks", "re");
  if (locks == nullptr) return 0;
  pid_t owner = 0;
  char line[256];
  while (owner == 0 && std::fgets(line, sizeof line, locks) != nullptr) {
    int pid = 0;
    unsigned major_id = 0;
    unsigned minor_id = 0;
    unsigned long long inode = 0;
    // "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF"; who waits has "->" after the number.
    if (std::sscanf(line, "%*d: FLOCK %*s WRITE %d %x:%x:%llu", &pid, &major_id, &minor_id,
                    &inode) != 4) {
      continue;
    }
    if (major_id == major(status.st_dev) && minor_id == minor(status.st_dev) &&
        inode == status.st_ino && pid > 0) {
      owner = pid;
    }
  }
  std::fclose(locks);
  return owner;
}

}  // namespace dmasim
