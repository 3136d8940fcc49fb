// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/pcm/sample_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>
#include <utility>

namespace dmasim {
namespace {

/// The low `kBytes` bytes of a word, in the given order in memory.
template <size_t kBytes, std::endian kOrder>
struct Bytes {
  using Word = std::conditional_t<kBytes == 8, uint64_t, uint32_t>;

  static Word load(const std::byte* at) noexcept {
    Word word = 0;
    for (size_t i = 0; i < kBytes; ++i) {
      word |= static_cast<Word>(static_cast<Word>(at[i]) << shift_of(i));
    }
    return word;
  }
  static void store(std::byte* at, Word word) noexcept {
    for (size_t i = 0; i < kBytes; ++i) at[i] = static_cast<std::byte>(word >> shift_of(i));
  }
  static constexpr unsigned shift_of(size_t i) noexcept {
    return static_cast<unsigned>(8 * (kOrder == std::endian::little ? i : kBytes - 1 - i));
  }
};

// The codec of a format. Number is the type of a sample; load() and store() change no bit of it.

template <SampleFormat kFormat>
struct Integer {
  using Number = int32_t;  // left-justified
  static constexpr size_t kSize = facts_of(kFormat).bytes;
  static constexpr unsigned kBits = facts_of(kFormat).bits;
  static constexpr uint32_t kZero = zero_sample(kFormat);
  static_assert(kZero == 0 || kSize == 1, "silence is one byte: the zero of wider samples is 0");
  static_assert(kBits % 8 == 0, "a sound file's sample has whole bytes: see packed_bytes()");
  using Memory = Bytes<kSize, facts_of(kFormat).order>;

  static Number load(const std::byte* at) noexcept {
    return static_cast<int32_t>((Memory::load(at) ^ kZero) << (32 - kBits));
  }
  static void store(std::byte* at, Number value) noexcept {
    Memory::store(at, static_cast<uint32_t>(value >> (32 - kBits)) ^ kZero);
  }
};

template <SampleFormat kFormat>
struct Real {
  using Number = std::conditional_t<sample_kind(kFormat) == SampleKind::float32, float, double>;
  static constexpr size_t kSize = facts_of(kFormat).bytes;
  static constexpr unsigned kBits = facts_of(kFormat).bits;
  static_assert(kSize == sizeof(Number) && facts_of(kFormat).silence == 0);
  using Memory = Bytes<kSize, facts_of(kFormat).order>;

  static Number load(const std::byte* at) noexcept {
    return std::bit_cast<Number>(Memory::load(at));
  }
  static void store(std::byte* at, Number value) noexcept {
    Memory::store(at, std::bit_cast<typename Memory::Word>(value));
  }
};

template <SampleFormat kFormat>
using CodecOf = std::conditional_t<sample_kind(kFormat) == SampleKind::integer || is_dsd(kFormat),
                                   Integer<kFormat>, Real<kFormat>>;

/// Calls work.template operator()<Codec>() for the codec of `format`: one inner loop each.
template <typename Work, size_t... kIndex>
void with_codec(SampleFormat format, Work work, std::index_sequence<kIndex...>) noexcept {
  const auto try_one = [&]<SampleFormat kFormat>() noexcept {
    if (format != kFormat) return false;
    work.template operator()<CodecOf<kFormat>>();
    return true;
  };
  static_cast<void>((try_one.template operator()<kAllFormats[kIndex]>() || ...));
}
template <typename Work>
void with_codec(SampleFormat format, Work work) noexcept {
  with_codec(format, work, std::make_index_sequence<kAllFormats.size()>());
}

/// A real number as an integer of `bits` bits, left-justified in 32.
int32_t to_integer(double value, unsigned bits) noexcept {
  const double full_scale = static_cast<double>(uint64_t{1} << (bits - 1));
  const double scaled = std::nearbyint(value * full_scale);
  if (!(scaled > -full_scale)) return std::isnan(scaled) ? 0 : INT32_MIN;
  const double most = full_scale - 1;
  const auto integer = static_cast<int32_t>(std::min(scaled, most));
  return static_cast<int32_t>(static_cast<uint32_t>(integer) << (32 - bits));
}

/// `bits` is the width that an integer is rounded to.
template <typename To, typename From>
To convert(From value, [[maybe_unused]] unsigned bits) noexcept {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<To, int32_t>) {
    return to_integer(static_cast<double>(value), bits);
  } else if constexpr (std::is_same_v<From, int32_t>) {
    return static_cast<To>(value) * static_cast<To>(0x1p-31);
  } else {
    return static_cast<To>(value);
  }
}

template <typename T>
void decode_to(SampleFormat format, std::span<const std::byte> in, T* out) noexcept {
  with_codec(format, [in, out]<typename Codec>() noexcept {
    const size_t count = in.size() / Codec::kSize;
    for (size_t i = 0; i < count; ++i) {
      out[i] = convert<T>(Codec::load(&in[i * Codec::kSize]), 32);
    }
  });
}

template <typename T>
void encode_from(SampleFormat format, std::span<const T> in, std::byte* out) noexcept {
  with_codec(format, [in, out]<typename Codec>() noexcept {
    for (size_t i = 0; i < in.size(); ++i) {
      Codec::store(&out[i * Codec::kSize],
                   convert<typename Codec::Number>(in[i], std::min(Codec::kBits, 32U)));
    }
  });
}

}  // namespace

void decode(SampleFormat format, std::span<const std::byte> in, int32_t* out) noexcept {
  decode_to(format, in, out);
}
void decode(SampleFormat format, std::span<const std::byte> in, float* out) noexcept {
  decode_to(format, in, out);
}
void decode(SampleFormat format, std::span<const std::byte> in, double* out) noexcept {
  decode_to(format, in, out);
}

void encode(SampleFormat format, std::span<const int32_t> in, std::byte* out) noexcept {
  encode_from(format, in, out);
}
void encode(SampleFormat format, std::span<const float> in, std::byte* out) noexcept {
  encode_from(format, in, out);
}
void encode(SampleFormat format, std::span<const double> in, std::byte* out) noexcept {
  encode_from(format, in, out);
}

void pack_little_endian(SampleFormat format, std::span<const std::byte> in,
                        std::byte* out) noexcept {
  with_codec(format, [in, out]<typename Codec>() noexcept {
    constexpr size_t kPacked = Codec::kBits / 8;
    const size_t count = in.size() / Codec::kSize;
    for (size_t i = 0; i < count; ++i) {
      Bytes<kPacked, std::endian::little>::store(&out[i * kPacked],
                                                 Codec::Memory::load(&in[i * Codec::kSize]));
    }
  });
}

void encode_silence(SampleFormat format, std::span<std::byte> out) noexcept {
  std::fill(out.begin(), out.end(), std::byte{facts_of(format).silence});
}

}  // namespace dmasim
