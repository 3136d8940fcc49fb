// SPDX-License-Identifier: LGPL-2.1-or-later
/// Functions that the tests of sinks, sources and samples share.
#pragma once

#include <array>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/pcm/pcm_format.h"
#include "engine/pcm/sample_codec.h"

namespace dmasim {

inline constexpr std::array kDsdFormats{SampleFormat::dsd_u8, SampleFormat::dsd_u16_le,
                                        SampleFormat::dsd_u16_be, SampleFormat::dsd_u32_le,
                                        SampleFormat::dsd_u32_be};
static_assert(kDsdFormats.size() + kPcmFormats.size() == kAllFormats.size());

/// For example "s16_le".
inline std::string name_of(SampleFormat format) {
  std::string name = facts_of(format).name;
  for (char& letter : name) letter = static_cast<char>(std::tolower(letter));
  return name;
}

/// The bytes of `count` random samples in a ring, the same on every call. Samples of a real format
/// are in [-1, 1).
inline std::vector<std::byte> random_samples(SampleFormat format, size_t count) {
  std::mt19937_64 random(count);
  std::vector<std::byte> bytes(count * sample_bytes(format));
  if (sample_kind(format) == SampleKind::integer || is_dsd(format)) {
    std::vector<int32_t> numbers(count);
    for (auto& number : numbers) number = static_cast<int32_t>(random());
    encode(format, std::span<const int32_t>(numbers), bytes.data());
  } else {
    std::vector<double> numbers(count);
    for (auto& number : numbers)
      number = static_cast<double>(static_cast<int64_t>(random())) * 0x1p-63;
    encode(format, std::span<const double>(numbers), bytes.data());
  }
  return bytes;
}

template <typename Number>
std::vector<Number> decoded(SampleFormat format, const std::vector<std::byte>& bytes) {
  std::vector<Number> numbers(bytes.size() / sample_bytes(format));
  decode(format, bytes, numbers.data());
  return numbers;
}

template <typename Number>
std::vector<std::byte> encoded(SampleFormat format, const std::vector<Number>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sample_bytes(format));
  encode(format, std::span<const Number>(numbers), bytes.data());
  return bytes;
}

/// A directory that is removed at the end of the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "dmasim-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace dmasim
