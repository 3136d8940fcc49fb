// SPDX-License-Identifier: LGPL-2.1-or-later
/// Finds the owner of a subdevice, for a message. The kernel does not say who holds a lock of an
/// open file description. So the text in the lock file says which process to look at, and that
/// process's descriptors say whether it holds the lock.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>

#include "engine/base/directory_stream.h"
#include "engine/card/subdevice.h"

namespace dmasim {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

/// Whether the text that the kernel shows for a descriptor names a lock on this byte. A line:
/// "lock: 1: OFDLCK ADVISORY WRITE -1 00:1b:4862 77 77". Some file systems have another device
/// number in it than in stat(2), so that is not compared.
bool names_lock(const std::string& path, ino_t inode, off_t byte) {
  const std::unique_ptr<std::FILE, CloseFile> text(std::fopen(path.c_str(), "re"));
  char line[256];
  while (text && std::fgets(line, sizeof line, text.get()) != nullptr) {
    unsigned long long of_inode = 0;
    long long first = -1;
    const int found =
        std::sscanf(line, "lock: %*d: OFDLCK %*s WRITE %*d %*x:%*x:%llu %lld", &of_inode, &first);
    if (found == 2 && of_inode == inode && first == byte) return true;
  }
  return false;
}

/// In another PID namespace the number is another process's, or nobody's.
bool holds_lock(pid_t pid, ino_t inode, off_t byte) {
  const std::string path = "/proc/" + std::to_string(pid) + "/fdinfo/";
  const DirectoryStream descriptors(opendir(path.c_str()));
  while (const char* name = next_name(descriptors)) {
    if (names_lock(path + name, inode, byte)) return true;
  }
  return false;
}

/// 0 if the text is no process id.
pid_t written_owner(int fd, off_t index) noexcept {
  std::array<char, kOwnerSlotBytes> text{};
  const ssize_t length = pread(fd, text.data(), text.size(), index * kOwnerSlotBytes);
  int pid = 0;
  if (length > 0) std::from_chars(text.data(), text.data() + length, pid);
  return pid > 0 ? pid : 0;
}

}  // namespace

pid_t subdevice_owner(const PcmDevice& device, unsigned number, const CableDirectory& place) {
  const auto index = lock_index(device, number);
  const auto directory = place.open(false);
  if (!index || !directory) return 0;
  const auto file = open_private_file(directory->get(), lock_file_name(device.card).c_str(),
                                      O_RDONLY, kLockFileBytes);
  struct stat status {};
  if (!file || fstat(file->get(), &status) != 0) return 0;
  const pid_t pid = written_owner(file->get(), *index);
  return pid != 0 && holds_lock(pid, status.st_ino, *index) ? pid : 0;
}

}  // namespace dmasim
