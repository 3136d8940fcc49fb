// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/card/mixer_file.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "engine/base/clock.h"
#include "engine/base/ofd_lock.h"
#include "engine/base/signals_blocked.h"
#include "engine/card/names.h"

namespace dmasim {
namespace {

constexpr off_t kLock = off_t{1} << 61;  // beyond the end of the file
constexpr int64_t kLockNs = 1'000'000'000;
constexpr int kLoadTries = 4;  // a try fails only if both slots are written during its read

std::string file_name(const std::string& card) { return card + ".mixer"; }

std::span<const std::byte> read_slots(int fd, std::span<std::byte> slots) noexcept {
  const ssize_t got = pread(fd, slots.data(), slots.size(), 0);
  return slots.first(got > 0 ? static_cast<size_t>(got) : 0);
}

bool lock(int fd) noexcept {
  const RealtimeClock clock;
  const int64_t deadline_ns = clock.now_ns() + kLockNs;
  while (!set_ofd_lock(fd, F_WRLCK, kLock, kLock + 1)) {
    if (clock.now_ns() > deadline_ns) return false;
    sched_yield();
  }
  return true;
}

}  // namespace

Result<MixerFile> MixerFile::of(Result<ForkClosedFd> fd) {
  if (!fd) return fd.as_errno();
  MixerFile mixer;
  mixer.fd_ = *std::move(fd);
  return mixer;
}

Result<MixerFile> MixerFile::open_to_lock(int directory, const std::string& card, int flags) {
  if (!card_name_valid(card)) return Errno{EINVAL};
  return of(open_lock_file(directory, file_name(card).c_str(), O_RDWR | flags));
}

Result<MixerFile> MixerFile::create(const std::string& card, const CableDirectory& place) {
  const auto directory = place.open(true);
  if (!directory) return directory.as_errno();
  return open_to_lock(directory->get(), card, O_CREAT);
}

Result<MixerFile> MixerFile::open(const std::string& card, const CableDirectory& place) {
  const auto directory = place.open(false);
  if (!directory) return directory.as_errno();
  return open_to_lock(directory->get(), card, 0);
}

Result<MixerFile> MixerFile::open_in(int directory, const std::string& card) {
  if (!card_name_valid(card)) return Errno{EINVAL};
  auto file = open_private_file(directory, file_name(card).c_str(), O_RDWR);
  if (!file) return file.as_errno();
  return of(ForkClosedFd::adopt(*std::move(file)));
}

bool MixerFile::linked() const noexcept {
  struct stat status {};
  return fstat(fd_.get(), &status) == 0 && status.st_nlink > 0;
}

/// One of the two slots is always whole, unless both were written during the read.
MixerRecord MixerFile::load() const noexcept {
  for (int i = 0; i < kLoadTries; ++i) {
    Slots slots;
    const auto bytes = read_slots(fd_.get(), slots);
    if (bytes.empty()) break;
    if (const auto record = decode_newest<MixerRecord>(bytes)) return *record;
  }
  return MixerRecord::defaults();
}

/// Most calls read the same bytes as the call before, and decode nothing.
std::optional<MixerRecord> MixerFile::load_if_changed() noexcept {
  Slots slots;
  const auto bytes = read_slots(fd_.get(), slots);
  if (seen_ && std::ranges::equal(bytes, std::span(*seen_).first(seen_bytes_))) return std::nullopt;
  const auto record = decode_newest<MixerRecord>(bytes);
  if (!record && !bytes.empty()) return load();  // seen_ is kept: decode again next time
  seen_ = slots;
  seen_bytes_ = bytes.size();
  return record.value_or(MixerRecord::defaults());
}

Result<bool> MixerFile::set(size_t cell, uint32_t value) noexcept {
  if (!lock(fd_.get())) return Errno{EBUSY};
  const Result<bool> done = set_locked(cell, value);
  set_ofd_lock(fd_.get(), F_UNLCK, kLock, kLock + 1);
  return done;
}

/// Writes into the slot that does not hold the newest record. Readers find that record meanwhile,
/// and afterwards if this process is killed.
Result<bool> MixerFile::set_locked(size_t cell, uint32_t value) noexcept {
  MixerRecord record = load();
  MixerRecord::Setting& setting = record.settings[cell];
  if (setting.value == value) return false;
  setting.value = value;
  ++setting.changes;
  seal_next(record);
  const auto offset = static_cast<off_t>(slot_offset(record));
  const FileGrowth growth;
  const ssize_t written = pwrite(fd_.get(), &record, sizeof record, offset);
  if (written == ssize_t{sizeof record}) return true;
  return Errno{written < 0 ? errno : ENOSPC};
}

void MixerFile::notify_stream() const noexcept {
  [[maybe_unused]] const int notified = futimens(fd_.get(), nullptr);
}

MixerRecord read_mixer(const std::string& card, const CableDirectory& directory) noexcept try {
  const auto file = MixerFile::open(card, directory);
  return file ? file->load() : MixerRecord::defaults();
} catch (const std::bad_alloc&) {
  return MixerRecord::defaults();
}

}  // namespace dmasim
