// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/cable/cable_file.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "engine/base/access_order.h"
#include "engine/base/clock.h"
#include "engine/base/ofd_lock.h"
#include "engine/base/signals_blocked.h"
#include "engine/card/names.h"
#include "engine/pcm/wrap.h"

namespace dmasim {
namespace {

// These bytes are only locked; they lie beyond the end of the file.
constexpr off_t kLocks = off_t{1} << 61;
constexpr off_t kWriterLock = kLocks;
constexpr off_t kReclaimLock = kLocks + 1;
constexpr off_t kFormatLocks = kLocks + 2;
constexpr auto kFormatLocksEnd = static_cast<off_t>(kFormatLocks + kFormatNumbers);

constexpr int64_t kReclaimNs = 200'000'000;
constexpr int kLoadTries = 4;  // a try fails only if both slots are written during its read

off_t format_lock(const PcmFormat& format) noexcept {
  return kFormatLocks + static_cast<off_t>(pack_format(format));
}

/// The format of other participants, if a lock on it lies in this range of format locks.
std::optional<PcmFormat> others_format(int fd, off_t first, off_t end) noexcept {
  const auto at = locked_by_others(fd, first, end);
  return at ? unpack_format(static_cast<uint64_t>(*at - kFormatLocks)) : std::nullopt;
}

std::string file_name(const std::string& name) { return name + ".cable"; }

/// Empty if there is no file, or if another user may access it.
UniqueFd open_to_look(const std::string& name, const CableDirectory& place) noexcept try {
  if (!cable_name_valid(name)) return {};
  const auto directory = place.open(false);
  if (!directory) return {};
  auto file = open_private_file(directory->get(), file_name(name).c_str(), O_RDONLY);
  return file ? *std::move(file) : UniqueFd{};
} catch (const std::bad_alloc&) {
  return {};
}

/// Answers the bytes that were read.
std::span<const std::byte> read_at(int fd, size_t offset, std::span<std::byte> bytes) noexcept {
  const ssize_t got = pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  return bytes.first(got <= 0 ? 0 : static_cast<size_t>(got));
}

std::optional<CableProgress> newest_progress(int fd) noexcept {
  for (int i = 0; i < kLoadTries; ++i) {
    std::array<std::byte, kSlotsBytes<CableProgress>> slots;
    const auto bytes = read_at(fd, kProgressOffset, slots);
    if (bytes.empty()) break;
    if (const auto progress = decode_newest<CableProgress>(bytes)) return progress;
  }
  return std::nullopt;
}

/// The record that `progress` names. Empty if a writer has replaced it since.
std::optional<CableRecord> record_of(int fd, const CableProgress& progress) noexcept {
  std::array<std::byte, sizeof(CableRecord)> slot;
  const auto bytes = read_at(fd, progress.record % kSlots * CableRecord::kSlotBytes, slot);
  auto record = decode_record<CableRecord>(bytes);
  if (!record || !progress.is_of(*record)) return std::nullopt;
  record->reserved_tape = progress.reserved_tape;
  record->committed_tape = progress.committed_tape;
  return record;
}

struct Loaded {
  CableProgress progress;
  CableRecord record;
};

std::optional<Loaded> load_newest(int fd) noexcept {
  for (int i = 0; i < kLoadTries; ++i) {
    const auto progress = newest_progress(fd);
    if (!progress) break;
    order_file_accesses();
    if (const auto record = record_of(fd, *progress)) {
      return Loaded{.progress = *progress, .record = *record};
    }
  }
  return std::nullopt;
}

std::optional<CableRecord> load_record(int fd) noexcept {
  const auto newest = load_newest(fd);
  return newest ? std::optional(newest->record) : std::nullopt;
}

bool locked_writer(int fd) noexcept {
  return locked_by_others(fd, kWriterLock, kWriterLock + 1).has_value();
}

/// The format of another writer, once it has stored its record. Before that the record is an
/// earlier writer's, which may have been killed; then nobody holds the lock of its format.
std::optional<PcmFormat> written_format(int fd) noexcept {
  const auto record = locked_writer(fd) ? load_record(fd) : std::nullopt;
  const auto format = record ? unpack_format(record->format) : std::nullopt;
  if (!format) return std::nullopt;
  const off_t held = format_lock(*format);
  return locked_by_others(fd, held, held + 1) ? format : std::nullopt;
}

/// Interleaved, unless the word says otherwise: an older writer has written none.
bool has_noninterleaved_access(int fd) noexcept {
  std::array<uint64_t, 1> word{};
  const auto bytes = read_at(fd, kAccessOffset, std::as_writable_bytes(std::span(word)));
  return bytes.size() == sizeof word && word[0] == kNoninterleaved;
}

bool offset_fits(uint64_t data_offset, size_t bytes) noexcept {
  return data_offset < static_cast<uint64_t>(kLocks) - kDataOffset - bytes;
}

}  // namespace

std::optional<PcmFormat> cable_carries(const std::string& name,
                                       const CableDirectory& directory) noexcept {
  const UniqueFd file = open_to_look(name, directory);
  if (!file) return std::nullopt;
  if (const auto written = written_format(file.get())) return written;
  return others_format(file.get(), kFormatLocks, kFormatLocksEnd);
}

CableState cable_state(const std::string& name, const CableDirectory& directory) noexcept {
  const UniqueFd file = open_to_look(name, directory);
  const auto record = file ? load_record(file.get()) : std::nullopt;
  if (!record) return {};
  return {.format = unpack_format(record->format),
          .active = record->has_open_segment() && locked_writer(file.get()),
          .noninterleaved = has_noninterleaved_access(file.get())};
}

void CableFile::store_access(bool noninterleaved) noexcept {
  const uint64_t word = noninterleaved ? kNoninterleaved : 0;
  // If it cannot be written, neither can the record, and the start says so.
  static_cast<void>(pwrite(fd_.get(), &word, sizeof word, off_t{kAccessOffset}));
}

Result<CableFile> CableFile::open(const std::string& name, const CableDirectory& place) {
  if (!cable_name_valid(name)) return Errno{EINVAL};
  auto directory = place.open(true);
  if (!directory) return directory.as_errno();
  auto fd = open_lock_file(directory->get(), file_name(name).c_str(), O_RDWR | O_CREAT);
  if (!fd) return fd.as_errno();
  CableFile cable;
  cable.fd_ = *std::move(fd);
  return cable;
}

Result<void> CableFile::look(const std::string& name, const CableDirectory& place) {
  const auto may_make = [](int refused) {
    return refused == 0 ? Result<void>{} : Result<void>(Errno{refused});
  };
  if (!cable_name_valid(name)) return Errno{EINVAL};
  const auto directory = place.open(false);
  if (directory.error() == ENOENT) return may_make(place.may_make_file());
  if (!directory) return directory.as_errno();
  const auto file = open_private_file(directory->get(), file_name(name).c_str(), O_RDWR);
  if (file.error() == ENOENT) return may_make(place.may_make_file());
  return file ? Result<void>{} : Result<void>(file.as_errno());
}

/// Unlocks explicitly: closing would not unlock as long as a child that has just been forked has
/// its copy open.
CableFile::~CableFile() {
  if (!fd_) return;
  leave();
  unlock_writer();
}

/// Locks first, then looks at the others: if two come at the same time with different formats, at
/// least one of them sees the other.
Result<void> CableFile::join(const PcmFormat& format,
                             const std::function<bool()>& overrules) noexcept {
  if (joined_ == format) return {};
  leave();
  const off_t own = format_lock(format);
  if (!set_ofd_lock(fd_.get(), F_RDLCK, own, own + 1)) return Errno{EBUSY};
  joined_ = format;
  conflict_ = others_format(fd_.get(), kFormatLocks, own);
  if (!conflict_) conflict_ = others_format(fd_.get(), own + 1, kFormatLocksEnd);
  if (!conflict_ || (overrules && overrules()) || written() == format) return {};
  leave();
  return Errno{EINVAL};
}

void CableFile::leave() noexcept {
  if (!joined_) return;
  const off_t own = format_lock(*joined_);
  set_ofd_lock(fd_.get(), F_UNLCK, own, own + 1);
  joined_.reset();
}

bool CableFile::others_joined() const noexcept {
  return locked_by_others(fd_.get(), kFormatLocks, kFormatLocksEnd).has_value();
}

/// A participant that empties the file takes the reclaim lock first, then looks for a writer. A
/// writer takes its lock first, then looks for the reclaim lock. So at least one of the two sees
/// the other. The writer waits for the reclaim lock, but for 200 ms at most. If the other one was
/// stopped in between, it empties the file once when it goes on, and the writer's next store()
/// repairs that. That is better than a start that waits for ever.
Result<void> CableFile::lock_writer() noexcept {
  if (writer_) return {};
  if (!set_ofd_lock(fd_.get(), F_WRLCK, kWriterLock, kWriterLock + 1)) return Errno{EBUSY};
  writer_ = true;
  const RealtimeClock clock;
  const int64_t deadline_ns = clock.now_ns() + kReclaimNs;
  while (locked_by_others(fd_.get(), kReclaimLock, kReclaimLock + 1) &&
         clock.now_ns() < deadline_ns) {
    sched_yield();
  }
  return {};
}

void CableFile::unlock_writer() noexcept {
  if (!writer_) return;
  set_ofd_lock(fd_.get(), F_UNLCK, kWriterLock, kWriterLock + 1);
  writer_ = false;
}

bool CableFile::has_writer() const noexcept { return locked_writer(fd_.get()); }

std::optional<PcmFormat> CableFile::written() const noexcept { return written_format(fd_.get()); }

void CableFile::reclaim() noexcept {
  if (!fd_ || others_joined()) return;
  if (!set_ofd_lock(fd_.get(), F_WRLCK, kReclaimLock, kReclaimLock + 1)) return;
  if (!has_writer()) {
    [[maybe_unused]] const int emptied = ftruncate(fd_.get(), 0);
  }
  set_ofd_lock(fd_.get(), F_UNLCK, kReclaimLock, kReclaimLock + 1);
}

Result<void> CableFile::clear() noexcept {
  return ftruncate(fd_.get(), 0) == 0 ? Result<void>{} : Result<void>(Errno{errno});
}

/// With the size set, no later write can exceed RLIMIT_FSIZE, which would end the program. Some
/// kernels answer EINTR if any signal is pending, and begin anew at the next try, so a program's
/// timer could stop that for ever. Hence all signals are blocked here. A signal that cannot be
/// blocked, such as SIGSTOP, does not come again and again.
Result<void> CableFile::allocate(uint64_t data_bytes, uint64_t data_offset,
                                 uint64_t first_bytes) noexcept {
  if (!offset_fits(data_bytes, 0) || data_offset > data_bytes) return Errno{EFBIG};
  const FileGrowth growth;
  if (ftruncate(fd_.get(), static_cast<off_t>(kDataOffset + data_bytes)) != 0) return Errno{errno};
  for (const RingPiece& piece : ring_pieces(data_bytes, data_offset, first_bytes)) {
    const auto at = static_cast<off_t>(kDataOffset + piece.at);
    int error = EINTR;
    while (error == EINTR) {
      error = posix_fallocate(fd_.get(), at, static_cast<off_t>(piece.count));
    }
    if (error != 0) return Errno{error};
  }
  return {};
}

std::optional<CableRecord> CableFile::load() noexcept {
  const auto newest = load_newest(fd_.get());
  if (!newest) return std::nullopt;
  progress_sequence_ = newest->progress.sequence;
  return newest->record;
}

std::optional<CableProgress> CableFile::load_progress() const noexcept {
  return newest_progress(fd_.get());
}

/// Until the progress is written, the record before it counts, which lies in the other slot.
bool CableFile::store(CableRecord& record) noexcept {
  seal_next(record);
  const auto offset = static_cast<off_t>(slot_offset(record));
  stored_ = pwrite(fd_.get(), &record, sizeof record, offset) == ssize_t{sizeof record};
  order_file_accesses();
  return stored_ && write_progress(record);
}

bool CableFile::store_progress(CableRecord& record) noexcept {
  return stored_ ? write_progress(record) : store(record);
}

bool CableFile::write_progress(const CableRecord& record) noexcept {
  CableProgress progress;
  progress.sequence = progress_sequence_;
  progress.instance = record.instance;
  progress.record = record.sequence;
  progress.reserved_tape = record.reserved_tape;
  progress.committed_tape = record.committed_tape;
  seal_next(progress);
  progress_sequence_ = progress.sequence;
  const auto offset = static_cast<off_t>(kProgressOffset + slot_offset(progress));
  return pwrite(fd_.get(), &progress, sizeof progress, offset) == ssize_t{sizeof progress};
}

bool CableFile::read(uint64_t data_offset, std::span<std::byte> out) const noexcept {
  if (!offset_fits(data_offset, out.size())) return false;
  const auto at = static_cast<off_t>(kDataOffset + data_offset);
  return pread(fd_.get(), out.data(), out.size(), at) == static_cast<ssize_t>(out.size());
}

Result<void> CableFile::write(uint64_t data_offset,
                              std::span<const std::byte> bytes) const noexcept {
  if (!offset_fits(data_offset, bytes.size())) return Errno{EFBIG};
  while (!bytes.empty()) {
    const auto at = static_cast<off_t>(kDataOffset + data_offset);
    const ssize_t wrote = pwrite(fd_.get(), bytes.data(), bytes.size(), at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return Errno{wrote < 0 ? errno : EIO};
    bytes = bytes.subspan(static_cast<size_t>(wrote));
    data_offset += static_cast<uint64_t>(wrote);
  }
  return {};
}

}  // namespace dmasim
