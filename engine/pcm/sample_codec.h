// SPDX-License-Identifier: LGPL-2.1-or-later
/// Conversions between the samples of a ring and numbers, for computing and for libsndfile.
///
/// int32_t numbers are left-justified: full scale is 2^31 for every width. float and double numbers
/// have full scale 1. A conversion changes no bit if the target can hold the value. That is so for
/// integers of up to 32 bits through int32_t or double, for integers of up to 24 bits through
/// float, and for floats and doubles through their own type. Otherwise integers lose their low
/// bits, and real numbers are rounded and clipped; NaN becomes 0 in an integer.
///
/// A DSD sample has no value. As a number it is its bits, left-justified: good for a copy alone.
///
/// THREADS  any: plain functions of their arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/pcm/pcm_format.h"

namespace dmasim {

/// Reads in.size() / sample_bytes(format) samples into as many numbers.
void decode(SampleFormat format, std::span<const std::byte> in, int32_t* out) noexcept;
void decode(SampleFormat format, std::span<const std::byte> in, float* out) noexcept;
void decode(SampleFormat format, std::span<const std::byte> in, double* out) noexcept;

/// Writes in.size() samples of sample_bytes(format) each.
void encode(SampleFormat format, std::span<const int32_t> in, std::byte* out) noexcept;
void encode(SampleFormat format, std::span<const float> in, std::byte* out) noexcept;
void encode(SampleFormat format, std::span<const double> in, std::byte* out) noexcept;

/// The same samples in little-endian order, packed_bytes(format) each. Changes no value.
void pack_little_endian(SampleFormat format, std::span<const std::byte> in,
                        std::byte* out) noexcept;

/// Fills `out` with silent samples: zeros, or DSD's pattern for silence.
void encode_silence(SampleFormat format, std::span<std::byte> out) noexcept;

}  // namespace dmasim
