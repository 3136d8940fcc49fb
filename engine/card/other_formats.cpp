// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/other_formats.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "engine/base/directory_stream.h"
#include "engine/base/ofd_lock.h"
#include "engine/card/cable_directory.h"

namespace dmasim {
namespace {

std::string name_before_format_2(const PcmDevice& device, unsigned subdevice) {
  return device.card + '.' + std::to_string(device.number) + '.' + std::to_string(subdevice) +
         (device.loop ? ".loop-" : ".") + (device.playback ? "playback" : "capture");
}

/// Such a file is locked as a whole, which only a try can show. Unlocks explicitly, because a child
/// that is being forked has a copy of the descriptor.
bool is_locked_as_a_whole(int all_formats, const std::string& name) {
  const auto file = open_private_file(all_formats, name.c_str(), O_RDONLY);
  if (!file) return false;
  if (flock(file->get(), LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  flock(file->get(), LOCK_UN);
  return false;
}

bool is_locked_at(int all_formats, const std::string& name, off_t index) {
  const auto file = open_private_file(all_formats, name.c_str(), O_RDONLY);
  return file && locked_by_others(file->get(), index, index + 1);
}

/// A directory has one link more for each directory in it, and this format's is there. Some file
/// systems do not count them; they answer 1 or 2.
bool has_no_other_format(int all_formats) noexcept {
  constexpr nlink_t kWithOneDirectory = 3;
  struct stat status {};
  return fstat(all_formats, &status) == 0 && status.st_nlink == kWithOneDirectory;
}

bool names_another_format(const char* name) noexcept {
  return name[std::strspn(name, "0123456789")] == '\0' && std::strcmp(name, kFileFormat) != 0;
}

}  // namespace

std::string locked_in_another_format(int all_formats, const PcmDevice& device, unsigned subdevice) {
  std::string old = name_before_format_2(device, subdevice);
  if (is_locked_as_a_whole(all_formats, old)) return old;
  const auto index = lock_index(device, subdevice);
  if (!index || has_no_other_format(all_formats)) return {};
  const DirectoryStream formats =
      directory_stream(UniqueFd(openat(all_formats, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  while (const char* name = next_name(formats)) {
    if (!names_another_format(name)) continue;
    std::string file = std::string(name) + '/' + lock_file_name(device.card);
    if (is_locked_at(all_formats, file, *index)) return file;
  }
  return {};
}

}  // namespace dmasim
