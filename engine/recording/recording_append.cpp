// SPDX-License-Identifier: LGPL-2.1-or-later
/// Finds out whether a recording can go on in an existing file.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "engine/recording/recording.h"
#include "engine/recording/wav_header.h"

namespace dmasim {
namespace {

uint64_t number_at(std::span<const std::byte> bytes, size_t place, size_t size) noexcept {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i)
    value |= uint64_t{static_cast<uint8_t>(bytes[place + i])} << 8 * i;
  return value;
}

/// The offset behind the last frame of a WAV whose header this engine has written. No value if
/// another program has written it, or if the header claims more bytes than the file has.
std::optional<uint64_t> end_of_wav(int fd, uint64_t size, const PcmFormat& format) noexcept {
  constexpr size_t kLongDataBytes = 28;  // offset of data's size in ds64
  const size_t header_bytes = WavHeader(format, 0).bytes().size();
  std::array<std::byte, 96> bytes{};
  const std::span header = std::span(bytes).first(header_bytes);
  const ssize_t got = pread(fd, header.data(), header.size(), 0);
  if (got != static_cast<ssize_t>(header.size())) return std::nullopt;
  uint64_t data_bytes = number_at(header, header_bytes - 4, 4);
  if (header[1] == std::byte{'F'}) data_bytes = number_at(header, kLongDataBytes, 8);
  const WavHeader ours(format, data_bytes);
  if (!std::equal(header.begin(), header.end(), ours.bytes().begin(), ours.bytes().end())) {
    return std::nullopt;
  }
  if (data_bytes > size - header_bytes) return std::nullopt;
  return header_bytes + data_bytes;
}

}  // namespace

std::optional<uint64_t> end_of_recording(FileType type, int fd, const PcmFormat& format) noexcept {
  struct stat status {};
  if (fstat(fd, &status) != 0) return std::nullopt;
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size == 0) return 0;
  switch (type) {
    case FileType::raw:
      if (size % format.frame_bytes() != 0) return std::nullopt;
      return size;
    case FileType::wav:
      return end_of_wav(fd, size, format);
    case FileType::w64:
      if (!sndfile_holds(type, fd, format)) return std::nullopt;
      return size;
    case FileType::flac:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace dmasim
