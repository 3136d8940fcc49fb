// SPDX-License-Identifier: LGPL-2.1-or-later
/// The names, permissions and locks of the files that a sink records into.
#include "engine/recording/file_sink.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/base/file_access.h"
#include "engine/card/owner_words.h"
#include "engine/device/sink.h"
#include "engine/recording/file_pattern.h"
#include "engine/recording/queued_sink.h"
#include "engine/recording/recording.h"

namespace dmasim {
namespace {

using Kind = OutputFile::Kind;

struct Target {
  FilePattern name;
  std::string path;  // the name, with 0 in place of %n
  FileType type;
  Kind kind;
  bool append;
  int64_t pipe_patience_ns;
};

/// How many recordings with %n in their name this process has begun.
std::atomic<uint64_t> counted_recordings{0};

/// 0 or an errno.
int status_of(const char* path, struct stat& status) noexcept {
  return stat(path, &status) == 0 ? 0 : errno;
}

/// Empty if recordings cannot go into such a file.
std::optional<Kind> kind_of(mode_t mode) noexcept {
  if (S_ISREG(mode)) return Kind::file;
  if (S_ISCHR(mode)) return Kind::device;
  if (S_ISFIFO(mode)) return Kind::pipe;
  return std::nullopt;
}

std::optional<FileType> type_of(const char* path, Kind kind) noexcept {
  if (kind == Kind::pipe) return FileType::raw;
  const auto type = file_type_of(path);
  return kind == Kind::device && !type ? FileType::wav : type;
}

/// A pipe is opened for reading and writing. Then open(2) does not wait for a reader, and a write
/// without a reader raises no SIGPIPE.
int wanted_access(Kind kind, bool append) noexcept {
  return append || kind == Kind::pipe ? R_OK | W_OK : W_OK;
}

Result<Target> inspect(FilePattern name, const FileSinkOptions& options) {
  const bool append = options.append;
  if (name.name(0).empty()) return Errno{EINVAL};
  std::error_code failure;  // error of getcwd(2)
  name.make_absolute(std::filesystem::current_path(failure));
  if (failure) return Errno{failure.value()};
  std::string first = name.name(0);
  Target target{.name = std::move(name),
                .path = std::move(first),
                .type = FileType::raw,
                .kind = Kind::file,
                .append = append,
                .pipe_patience_ns = options.client_waits ? options.flush_ns : 0};

  struct stat status {};
  // A numbered name whose file exists is skipped later.
  const int absent = target.name.counts() ? ENOENT : status_of(target.path.c_str(), status);
  if (absent != 0 && absent != ENOENT) return Errno{absent};
  if (absent == 0) {
    if (S_ISDIR(status.st_mode)) return Errno{EISDIR};
    const auto kind = kind_of(status.st_mode);
    if (!kind) return Errno{EINVAL};
    target.kind = *kind;
  }
  const auto type = type_of(target.path.c_str(), target.kind);
  if (!type) return Errno{EINVAL};
  target.type = *type;
  if (append && (target.kind != Kind::file || target.type == FileType::flac)) return Errno{ENOTSUP};
  const int wanted = wanted_access(target.kind, append);
  const int refused = absent != 0 ? may_make_file(target.path) : may_access(target.path, wanted);
  if (refused != 0) return Errno{refused};
  return target;
}

/// Opens for writing and leaves the content as it is. O_NONBLOCK: a device that is not ready, such
/// as a stopped terminal, must refuse a write and not block the thread.
Result<UniqueFd> open_output_once(const std::string& path, Kind kind, bool append) {
  const int access = (wanted_access(kind, append) & R_OK) != 0 ? O_RDWR : O_WRONLY;
  const int flags = access | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  UniqueFd fd(open(path.c_str(), kind == Kind::file ? flags | O_CREAT : flags, 0666));
  if (!fd) return Errno{errno};
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return Errno{errno};
  if (kind_of(status.st_mode) != kind) return Errno{EINVAL};
  return fd;
}

Result<ForkClosedFd> open_output(const std::string& path, Kind kind, bool append) {
  return ForkClosedFd::open([&] { return open_output_once(path, kind, append); });
}

/// Makes the pipe's buffer `bytes` large, or as large as the kernel allows.
void widen_pipe(int fd, size_t bytes) noexcept {
  const int size = fcntl(fd, F_GETPIPE_SZ);
  auto wanted = static_cast<int>(std::min<size_t>(bytes, INT_MAX));
  while (wanted > std::max(size, 0) && fcntl(fd, F_SETPIPE_SZ, wanted) < 0) wanted /= 2;
}

/// Locks the file for this stream. Errors: EBUSY (another stream records into it). If the file
/// system has no locks, the file is used without one.
Result<void> claim(int fd) {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Errno{EBUSY};
    if (errno != EINTR) break;
  }
  return {};
}

class FileRecorder final : public Recorder {
 public:
  explicit FileRecorder(Target target) : target_(std::move(target)) {
    if (!target_.name.counts()) path_ = target_.path;
  }
  /// Unlocks explicitly: closing would not unlock as long as a child that has just been forked has
  /// its copies open.
  ~FileRecorder() override {
    for (const ForkClosedFd& each : locks_) flock(each.get(), LOCK_UN);
  }

  /// Looks up the owner of a file in /proc/locks. It does not try the lock, because holding it for
  /// even a moment could make another stream's start fail.
  Result<void> look(const PcmFormat& format) override {
    if (!file_type_holds(target_.type, format)) return Errno{EINVAL};
    int refused = 0;
    if (target_.kind != Kind::file) {
      refused = look_at_device();
    } else if (path_.empty()) {
      refused = may_make_file(target_.path);
    } else {
      refused = look_at_files(format);
    }
    return refused == 0 ? Result<void>{} : Result<void>(Errno{refused});
  }

  [[nodiscard]] std::string explain(int error) const override {
    if (error == ENOMEM) return {};  // not the file's fault
    const std::string path = path_.empty() ? target_.path : path_of(next_);
    const std::string file = "file = \"" + path + "\"";
    if (error == EBUSY) {
      return file + " is in use by " + owner_words(file_lock_owner(path.c_str())) +
             "; accepted: a file of its own for each stream";
    }
    return file + " cannot be recorded into: " + std::generic_category().message(error) +
           "; accepted: a file that can be written, or a new one in a directory that can be "
           "written";
  }

  void expect(size_t bytes) noexcept override {
    most_bytes_ = bytes;
    if (target_.kind == Kind::pipe && !locks_.empty()) widen_pipe(locks_.front().get(), bytes);
  }

  Result<std::unique_ptr<Recording>> begin(const PcmFormat& format) override {
    if (!file_type_holds(target_.type, format)) return Errno{EINVAL};
    if (target_.kind == Kind::device) return begin_device(format);
    if (target_.kind == Kind::pipe) return begin_pipe(format);
    if (path_.empty()) {
      if (const auto named = create_numbered_file(); !named) return named.as_errno();
    }
    auto found = find_file(format);
    if (!found) return found.as_errno();
    auto lock = copy_of(found->fd.get());
    if (!lock) return lock.as_errno();
    locks_.reserve(locks_.size() + 1);
    auto recording = make_recording(target_.type, OutputFile(std::move(found->fd), Kind::file),
                                    format, found->end);
    locks_.push_back(*std::move(lock));  // only now: else a failed try would make the next one fail
    next_ = found->index + 1;
    return recording;
  }
  [[nodiscard]] bool holds_rates(const PcmFormat& format,
                                 uint32_t most_hz) const noexcept override {
    return file_type_holds_rates(target_.type, format, most_hz);
  }

  [[nodiscard]] std::shared_ptr<const std::string> recorded_into() const noexcept override {
    return number_name_;
  }

 private:
  struct Found {
    ForkClosedFd fd;
    uint64_t end;  // where the recording goes on, in bytes
    uint64_t index;
  };

  /// Looks at a device or a pipe. Answers 0 or an errno.
  [[nodiscard]] int look_at_device() const {
    struct stat status {};
    if (const int absent = status_of(path_.c_str(), status); absent != 0) return absent;
    if (kind_of(status.st_mode) != target_.kind) return EINVAL;
    if (const int refused = may_access(path_, wanted_access(target_.kind, false)); refused != 0) {
      return refused;
    }
    const bool shared = target_.kind == Kind::device || !locks_.empty();
    return shared || file_lock_owner(path_.c_str()) == 0 ? 0 : EBUSY;
  }

  /// Says whether find_file() would succeed. Answers 0 or an errno.
  [[nodiscard]] int look_at_files(const PcmFormat& format) const {
    for (uint64_t index = next_;; ++index) {
      const std::string path = path_of(index);
      struct stat status {};
      const int absent = status_of(path.c_str(), status);
      if (absent == ENOENT) return may_make_file(path);
      if (absent != 0) return absent;
      if (S_ISDIR(status.st_mode)) return EISDIR;
      if (!S_ISREG(status.st_mode)) return EINVAL;
      const int wanted = wanted_access(Kind::file, target_.append);
      if (const int refused = may_access(path, wanted); refused != 0) return refused;
      if (file_lock_owner(path.c_str()) != 0) return EBUSY;
      if (!target_.append) return 0;
      const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
      if (!fd) return errno;
      if (end_of_recording(target_.type, fd.get(), format)) return 0;
    }
  }

  Result<std::unique_ptr<Recording>> begin_device(const PcmFormat& format) {
    auto fd = open_output(path_, Kind::device, false);
    if (!fd) return fd.as_errno();
    return make_recording(target_.type, OutputFile(*std::move(fd), Kind::device), format);
  }

  /// Recordings of all formats go into the same pipe.
  Result<std::unique_ptr<Recording>> begin_pipe(const PcmFormat& format) {
    if (locks_.empty()) {
      auto fd = open_output(path_, Kind::pipe, false);
      if (!fd) return fd.as_errno();
      if (const auto claimed = claim(fd->get()); !claimed) return claimed.as_errno();
      locks_.push_back(*std::move(fd));
    }
    widen_pipe(locks_.front().get(), most_bytes_);
    auto fd = copy_of(locks_.front().get());
    if (!fd) return fd.as_errno();
    return make_recording(target_.type,
                          OutputFile(*std::move(fd), Kind::pipe, target_.pipe_patience_ns), format);
  }

  /// Makes the file with the next number that no file has. From here on the recorder keeps that
  /// name.
  Result<void> create_numbered_file() {
    for (;;) {
      std::string path = target_.name.name(counted_recordings.fetch_add(1));
      auto name = std::make_shared<const std::string>(path);
      const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (!fd && errno == EEXIST) continue;
      if (!fd) return Errno{errno};
      path_ = std::move(path);
      number_name_ = std::move(name);
      return {};
    }
  }

  /// Opens and locks the next file that this stream may record into. With `append` it skips files
  /// that do not fit.
  Result<Found> find_file(const PcmFormat& format) {
    for (uint64_t index = next_;; ++index) {
      auto fd = open_output(path_of(index), Kind::file, target_.append);
      if (!fd) return fd.as_errno();
      if (const auto claimed = claim(fd->get()); !claimed) return claimed.as_errno();
      if (!target_.append) {
        if (ftruncate(fd->get(), 0) != 0) return Errno{errno};
        return Found{*std::move(fd), 0, index};
      }
      const auto end = end_of_recording(target_.type, fd->get(), format);
      if (end) return Found{*std::move(fd), *end, index};
    }
  }

  static Result<ForkClosedFd> copy_of(int fd) {
    return ForkClosedFd::open([fd]() -> Result<UniqueFd> {
      UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
      if (!copy) return Errno{errno};
      return copy;
    });
  }

  /// For example out.wav, out.1.wav, out.2.wav.
  [[nodiscard]] std::string path_of(uint64_t index) const {
    if (index == 0) return path_;
    std::filesystem::path path(path_);
    const std::string ending = path.extension();
    return path.replace_extension(std::to_string(index) + ending);
  }

  const Target target_;
  std::string path_;                                // empty before %n has a number
  std::shared_ptr<const std::string> number_name_;  // path_ if it has a number
  std::vector<ForkClosedFd> locks_;                 // each file stays locked until the sink ends
  uint64_t next_ = 0;                               // the index of the next file
  size_t most_bytes_ = 0;                           // the most that come at once
};

}  // namespace

Result<std::unique_ptr<Sink>> make_file_sink(const FilePattern& name,
                                             const FileSinkOptions& options) {
  auto target = inspect(name, options);
  if (!target) return target.as_errno();
  auto recorder = std::make_unique<FileRecorder>(*std::move(target));
  return std::unique_ptr<Sink>(std::make_unique<QueuedSink>(std::move(recorder), options));
}

Result<std::unique_ptr<Sink>> make_file_sink(const char* path, const FileSinkOptions& options) {
  if (path == nullptr) return Errno{EINVAL};
  return make_file_sink(FilePattern::plain(path), options);
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
    // A line: "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF". A process that waits has "->"
    // after the first number.
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
