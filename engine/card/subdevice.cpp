// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/subdevice.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>

#include "engine/base/signals_blocked.h"

namespace dmasim {
namespace {

/// For example "dmasim.0.3.playback".
std::string file_name(const PcmDevice& device, unsigned number) {
  return device.card + '.' + std::to_string(device.number) + '.' + std::to_string(number) +
         (device.loop ? ".loop-" : ".") + (device.playback ? "playback" : "capture");
}

/// Errors: EBUSY, and those of flock(2).
Result<void> lock(int fd) noexcept {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Errno{EBUSY};
    if (errno != EINTR) return Errno{errno};
  }
  return {};
}

/// False: the owner before has removed the file, between our open(2) and our flock(2).
bool still_has_a_name(int fd) noexcept {
  struct stat status {};
  return fstat(fd, &status) == 0 && status.st_nlink > 0;
}

/// Whether the name in the directory still belongs to the open file: somebody may have removed the
/// file, and another owner may have made a new one.
bool is_named(int fd, int directory, const char* name) noexcept {
  struct stat own {};
  struct stat named {};
  return fstat(fd, &own) == 0 && fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

/// Overwrites the text that a killed owner may have left; the number is padded to the width of any
/// process id. If the write fails, messages do not name the owner; nothing else depends on it.
void write_owner(int fd) noexcept {
  std::array<char, 16> text{};
  const int length = std::snprintf(text.data(), text.size(), "%-10d\n", static_cast<int>(getpid()));
  const FileGrowth growth;
  [[maybe_unused]] const ssize_t told = pwrite(fd, text.data(), static_cast<size_t>(length), 0);
}

}  // namespace

Result<Subdevice> Subdevice::take(const PcmDevice& device, unsigned number,
                                  const CableDirectory& place) {
  auto directory = place.open(true);
  if (!directory) return directory.as_errno();
  return take_in(*directory, device, number);
}

Result<Subdevice> Subdevice::take_any(const PcmDevice& device, unsigned count,
                                      const CableDirectory& place) {
  auto directory = place.open(true);
  if (!directory) return directory.as_errno();
  int refused = EBUSY;
  for (unsigned number = 0; number < count; ++number) {
    Result<Subdevice> taken = take_in(*directory, device, number);
    if (taken) return taken;
    if (refused == EBUSY) refused = taken.error();
  }
  return Errno{refused};
}

/// The loop repeats only if another owner has come and gone between our open(2) and our flock(2).
Result<Subdevice> Subdevice::take_in(UniqueFd& directory, const PcmDevice& device,
                                     unsigned number) {
  std::string name = file_name(device, number);
  for (;;) {
    auto locked = open_lock_file(directory.get(), name.c_str(), O_RDWR | O_CREAT);
    if (!locked) return locked.as_errno();
    if (const auto done = lock(locked->get()); !done) return done.as_errno();
    if (!still_has_a_name(locked->get())) continue;
    write_owner(locked->get());
    return Subdevice(number, std::move(directory), *std::move(locked), std::move(name));
  }
}

/// Removes the name before it unlocks, so that the next process that locks this file finds it
/// removed and makes a new one. It unlocks explicitly: closing would not unlock as long as a child
/// that has just been forked has its copy open.
Subdevice::~Subdevice() {
  if (!lock_) return;
  if (is_named(lock_.get(), directory_.get(), file_.c_str())) {
    unlinkat(directory_.get(), file_.c_str(), 0);
  }
  flock(lock_.get(), LOCK_UN);
}

pid_t subdevice_owner(const PcmDevice& device, unsigned number, const CableDirectory& place) {
  const auto directory = place.open(false);
  if (!directory) return 0;
  const auto file =
      open_private_file(directory->get(), file_name(device, number).c_str(), O_RDONLY);
  if (!file) return 0;
  std::array<char, 16> text{};
  const ssize_t length = pread(file->get(), text.data(), text.size(), 0);
  int pid = 0;
  if (length <= 0) return 0;
  std::from_chars(text.data(), text.data() + length, pid);
  return pid > 0 ? pid : 0;
}

}  // namespace dmasim
