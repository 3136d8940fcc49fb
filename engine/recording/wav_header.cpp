// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/wav_header.h"

#include <algorithm>
#include <cassert>

namespace dmasim {
namespace {

constexpr uint64_t kInDs64 = UINT32_MAX;  // as a 32-bit size: the size is in ds64
constexpr uint64_t kDs64Bytes = 28;

}  // namespace

WavHeader::WavHeader(const PcmFormat& format, uint64_t data_bytes) noexcept {
  const bool real = sample_kind(format.sample) != SampleKind::integer;
  const uint64_t sample = packed_bytes(format.sample);
  const uint64_t frame = sample * format.channels;
  const uint64_t frames = data_bytes / frame;
  const uint64_t header_bytes = real ? 94 : 80;
  const uint64_t riff_bytes = header_bytes - 8 + data_bytes + data_bytes % 2;
  const bool rf64 = riff_bytes >= kInDs64;

  put_name(rf64 ? "RF64" : "RIFF");
  put_size(riff_bytes);
  put_name("WAVE");

  put_name(rf64 ? "ds64" : "JUNK");
  put(kDs64Bytes, 4);
  put(rf64 ? riff_bytes : 0, 8);
  put(rf64 ? data_bytes : 0, 8);
  put(rf64 ? frames : 0, 8);
  put(0, 4);  // no table of further sizes

  put_name("fmt ");
  put(real ? 18 : 16, 4);
  put(real ? 3 : 1, 2);
  put(format.channels, 2);
  put(format.rate_hz, 4);
  put_size(format.rate_hz * frame);
  put(frame, 2);
  put(8 * sample, 2);
  if (real) {
    put(0, 2);  // no extension
    put_name("fact");
    put(4, 4);
    put_size(frames);
  }

  put_name("data");
  put_size(data_bytes);
  assert(size_ == header_bytes);
}

void WavHeader::put_name(const char (&name)[5]) noexcept {
  for (size_t i = 0; i < 4; ++i) bytes_[size_++] = static_cast<std::byte>(name[i]);
}

void WavHeader::put(uint64_t value, size_t size) noexcept {
  for (size_t i = 0; i < size; ++i) bytes_[size_++] = static_cast<std::byte>(value >> (8 * i));
}

void WavHeader::put_size(uint64_t value) noexcept { put(std::min(value, kInDs64), 4); }

}  // namespace dmasim
