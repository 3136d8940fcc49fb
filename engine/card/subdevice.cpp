// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/subdevice.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "engine/base/ofd_lock.h"
#include "engine/base/signals_blocked.h"
#include "engine/card/other_formats.h"

namespace dmasim {
namespace {

/// The number is padded to the width of any process id. If the write fails, messages do not name
/// the owner; nothing else depends on it.
void write_owner(int fd, off_t index) noexcept {
  constexpr size_t kWidth = 10;
  std::array<char, kWidth + 1> text;
  text.fill(' ');
  std::to_chars(text.data(), text.data() + kWidth, getpid());
  text.back() = '\n';
  const FileGrowth growth;
  [[maybe_unused]] const ssize_t written =
      pwrite(fd, text.data(), text.size(), index * kOwnerSlotBytes);
}

/// Opens the lock file by its path in the directory for all formats. No other user can have put
/// anything there, because only this user may use that directory.
Result<ForkClosedFd> open_own_lock_file(int all_formats, const std::string& card) {
  const std::string path = std::string(kFileFormat) + '/' + lock_file_name(card);
  const auto open = [&] {
    return open_lock_file(all_formats, path.c_str(), O_RDWR | O_CREAT, kLockFileBytes);
  };
  auto file = open();
  if (file || file.error() != ENOENT) return file;
  if (const auto made = open_own_format(all_formats, true); !made) return made.as_errno();
  return open();
}

}  // namespace

Result<Subdevice> Subdevice::acquire(const PcmDevice& device, unsigned number,
                                     const CableDirectory& place) {
  return acquire_first(device, number, number + 1, place);
}

Result<Subdevice> Subdevice::acquire_any(const PcmDevice& device, unsigned count,
                                         const CableDirectory& place) {
  return acquire_first(device, 0, count, place);
}

Result<Subdevice> Subdevice::acquire_first(const PcmDevice& device, unsigned first, unsigned end,
                                           const CableDirectory& place) {
  const auto all_formats = place.open_all_formats(true);
  if (!all_formats) return all_formats.as_errno();
  auto file = open_own_lock_file(all_formats->get(), device.card);
  if (!file) return file.as_errno();
  Subdevice subdevice(*std::move(file));
  for (unsigned number = first; number < end; ++number) {
    const auto locked = subdevice.lock(all_formats->get(), device, number);
    if (locked) return subdevice;
    if (locked.error() != EBUSY) return locked.as_errno();
  }
  return Errno{EBUSY};
}

/// Locks first and looks then, as modules of other formats do.
Result<void> Subdevice::lock(int all_formats, const PcmDevice& device, unsigned number) {
  const auto index = lock_index(device, number);
  if (!index) return Errno{EINVAL};
  if (!set_ofd_lock(lock_file_.get(), F_WRLCK, *index, *index + 1)) {
    return Errno{errno == EAGAIN || errno == EACCES ? EBUSY : errno};
  }
  index_ = index;
  if (!locked_in_another_format(all_formats, device, number).empty()) {
    unlock();
    return Errno{EBUSY};
  }
  number_ = number;
  write_owner(lock_file_.get(), *index);
  return {};
}

void Subdevice::unlock() noexcept {
  set_ofd_lock(lock_file_.get(), F_UNLCK, *index_, *index_ + 1);
  index_.reset();
}

/// Unlocks explicitly: closing would not unlock as long as a child that has just been forked has
/// its copy open.
Subdevice::~Subdevice() {
  if (lock_file_ && index_) unlock();
}

std::string subdevice_lock_of_another_format(const PcmDevice& device, unsigned number,
                                             const CableDirectory& place) {
  const auto all_formats = place.open_all_formats(false);
  if (!all_formats) return {};
  const std::string file = locked_in_another_format(all_formats->get(), device, number);
  return file.empty() ? file : place.path + '/' + file;
}

}  // namespace dmasim
