// SPDX-License-Identifier: LGPL-2.1-or-later
/// No frame is lost, doubled, swapped, changed or added, for each format, channel count, rate and
/// access mode, in both directions. DMASIM_TEST_MATRIX says which of the combinations are tried:
///   full    all of them, each with two shapes of the buffer
///   pairs   each value of a property meets each value of each other property (the default)
///   short   pairs, without the streams that a slow build cannot make in time
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "plugin/pcm/alsa_format.h"
#include "tests/alsa/matrix_case.h"

namespace dmasim::test {
namespace {

constexpr size_t kParallelStreams = 16;
constexpr unsigned kMostSamplesWhenShort =
    400'000;  // samples per second that a slow build can move

/// A buffer of whole periods. It has about the given duration at any rate. With only two periods
/// they are longer, so that a busy machine has time.
struct Shape {
  unsigned periods;
  unsigned period_us;
};
constexpr std::array<Shape, 6> kShapes{
    {{2, 101'000}, {9, 18'625}, {3, 61'300}, {32, 4'900}, {64, 2'625}, {5, 37'300}}};

constexpr std::array<unsigned, 4> kChannelCounts{1, 2, 6, 32};
constexpr std::array<unsigned, 4> kRates{8000, 44100, 48000, 192000};

/// At 8 kHz 9 periods of 149 frames. At other rates other odd lengths.
PcmSetup shaped(const Shape& shape, unsigned rate_hz) {
  PcmSetup setup;
  setup.rate_hz = rate_hz;
  setup.period_size = (uint64_t{rate_hz} * shape.period_us / 1'000'000) | 1U;
  setup.buffer_size = setup.period_size * shape.periods;
  return setup;
}

/// How many frames a stream has. Mostly a whole buffer, a part of the next lap and a part of a
/// period. Each fourth stream is shorter than a period, so that drain starts it.
size_t length(const PcmSetup& setup, snd_pcm_stream_t stream, size_t turn) {
  const size_t part = setup.period_size / 2 + 1;
  if (turn % 4 == 3 && stream == SND_PCM_STREAM_PLAYBACK) return part;
  const size_t more = turn % 2 == 0 ? setup.buffer_size / 4 : setup.buffer_size / 2;
  return setup.buffer_size + more / setup.period_size * setup.period_size + part;
}

enum class Matrix : uint8_t { full, pairs, without_fast };

Matrix matrix() {
  const char* value = std::getenv("DMASIM_TEST_MATRIX");
  const std::string_view name = value != nullptr ? value : "pairs";
  if (name == "full") return Matrix::full;
  if (name == "short") return Matrix::without_fast;
  EXPECT_EQ(name, "pairs") << "DMASIM_TEST_MATRIX: accepted are full, pairs, short";
  return Matrix::pairs;
}

/// Indices into kFormats, kChannelCounts, kRates and kShapes.
using Combination = std::array<size_t, 4>;
constexpr Combination kValues{kFormats.size(), kChannelCounts.size(), kRates.size(),
                              kShapes.size()};

/// Combines each format with each shape. The channel count and the rate are chosen so that each of
/// them is combined with each format, with each shape and with each other. PairsOfTheMatrix tests
/// it.
std::vector<Combination> pairwise() {
  std::vector<Combination> all;
  for (size_t format = 0; format < kFormats.size(); ++format) {
    for (size_t shape = 0; shape < kShapes.size(); ++shape) {
      all.push_back({format, (format + shape) % kChannelCounts.size(),
                     (format / kChannelCounts.size() + shape) % kRates.size(), shape});
    }
  }
  return all;
}

std::vector<Combination> every_combination() {
  std::vector<Combination> all;
  size_t turn = 0;
  for (size_t format = 0; format < kFormats.size(); ++format) {
    for (size_t channels = 0; channels < kChannelCounts.size(); ++channels) {
      for (size_t rate = 0; rate < kRates.size(); ++rate) {
        ++turn;
        const size_t shape = turn / 5 + turn;
        all.push_back({format, channels, rate, shape % kShapes.size()});
        all.push_back({format, channels, rate, (shape + 3) % kShapes.size()});
      }
    }
  }
  return all;
}

std::vector<MatrixCase> cases_of(snd_pcm_stream_t stream, snd_pcm_access_t access) {
  std::vector<MatrixCase> cases;
  for (const auto& [format, channels, rate, shape] :
       matrix() == Matrix::full ? every_combination() : pairwise()) {
    const unsigned samples = kChannelCounts[channels] * kRates[rate];
    if (matrix() == Matrix::without_fast && samples > kMostSamplesWhenShort) continue;
    PcmSetup setup = shaped(kShapes[shape], kRates[rate]);
    setup.access = access;
    setup.layout = {.format = kFormats[format].alsa, .channels = kChannelCounts[channels]};
    setup.start_threshold = setup.buffer_size;
    const size_t frames = length(setup, stream, cases.size() / 5 + static_cast<size_t>(access));
    cases.push_back({.stream = stream, .setup = setup, .frames = frames});
  }
  return cases;
}

void expect_bit_exact(const std::vector<MatrixCase>& cases) {
  const int64_t begin_ns = now_ns();
  const MatrixTotals totals =
      run_cases(cases, matrix() == Matrix::without_fast ? kParallelStreams / 2 : kParallelStreams);
  std::cout << "  " << totals.cases << " streams, " << totals.retries
            << " tried again because this machine was late, "
            << static_cast<double>((now_ns() - begin_ns) / 1'000'000) / 1000 << " s\n";
  EXPECT_EQ(totals.cases, cases.size());
  for (size_t i = 0; i < totals.failures.size() && i < 20; ++i) ADD_FAILURE() << totals.failures[i];
  EXPECT_EQ(totals.failures.size(), 0U);
}

TEST(PairsOfTheMatrix, AreAllThere) {
  const std::vector<Combination> all = pairwise();
  for (size_t one = 0; one < kValues.size(); ++one) {
    for (size_t other = one + 1; other < kValues.size(); ++other) {
      std::set<std::pair<size_t, size_t>> pairs;
      for (const Combination& each : all) pairs.emplace(each[one], each[other]);
      EXPECT_EQ(pairs.size(), kValues[one] * kValues[other]) << one << " and " << other;
    }
  }
}

class BitExact : public ::testing::TestWithParam<std::tuple<snd_pcm_stream_t, snd_pcm_access_t>> {};

TEST_P(BitExact, InEveryFormatChannelCountAndRate) {
  const auto [stream, access] = GetParam();
  expect_bit_exact(cases_of(stream, access));
}

std::string name_of(const ::testing::TestParamInfo<BitExact::ParamType>& info) {
  const auto [stream, access] = info.param;
  const std::string text = std::string(stream == SND_PCM_STREAM_PLAYBACK ? "Playback" : "Capture");
  switch (access) {
    case SND_PCM_ACCESS_MMAP_INTERLEAVED:
      return text + "MmapInterleaved";
    case SND_PCM_ACCESS_MMAP_NONINTERLEAVED:
      return text + "MmapNoninterleaved";
    case SND_PCM_ACCESS_RW_INTERLEAVED:
      return text + "RwInterleaved";
    default:
      return text + "RwNoninterleaved";
  }
}

INSTANTIATE_TEST_SUITE_P(Alsa, BitExact,
                         ::testing::Combine(::testing::Values(SND_PCM_STREAM_PLAYBACK,
                                                              SND_PCM_STREAM_CAPTURE),
                                            ::testing::Values(SND_PCM_ACCESS_MMAP_INTERLEAVED,
                                                              SND_PCM_ACCESS_MMAP_NONINTERLEAVED,
                                                              SND_PCM_ACCESS_RW_INTERLEAVED,
                                                              SND_PCM_ACCESS_RW_NONINTERLEAVED)),
                         name_of);

/// The card interrupts every half millisecond, hundreds of times in a buffer.
TEST(BitExactShapes, WithHundredsOfPeriods) {
  std::vector<MatrixCase> cases;
  for (const snd_pcm_stream_t stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
    for (const snd_pcm_uframes_t period : {23U, 24U, 25U, 37U}) {
      PcmSetup setup;
      setup.period_size = period;
      setup.buffer_size = period * 500;
      setup.start_threshold = setup.buffer_size;
      cases.push_back({.stream = stream, .setup = setup, .frames = period * 701 + 7});
    }
  }
  expect_bit_exact(cases);
}

TEST(BitExactShapes, FromOneFrameToAPeriodAndOne) {
  std::vector<MatrixCase> cases;
  PcmSetup setup;
  setup.period_size = 2400;
  setup.buffer_size = 4 * 2400;
  setup.start_threshold = setup.buffer_size;
  for (const size_t frames : {1U, 2U, 3U, 2399U, 2400U, 2401U, 4800U, 9599U, 9600U, 9601U}) {
    for (const snd_pcm_stream_t stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
      cases.push_back({.stream = stream, .setup = setup, .frames = frames});
    }
  }
  expect_bit_exact(cases);
}

/// The same streams on a card with other properties.
std::vector<MatrixCase> cases_with(const Arguments& extra) {
  std::vector<MatrixCase> cases;
  for (size_t i = 0; i < 16; ++i) {
    PcmSetup setup = shaped(kShapes[i % kShapes.size()], kRates[i / 2 % kRates.size()]);
    setup.access = i % 3 == 0 ? SND_PCM_ACCESS_MMAP_INTERLEAVED : SND_PCM_ACCESS_RW_INTERLEAVED;
    setup.start_threshold = setup.buffer_size;
    const auto stream = i % 2 == 0 ? SND_PCM_STREAM_PLAYBACK : SND_PCM_STREAM_CAPTURE;
    cases.push_back(
        {.stream = stream, .setup = setup, .frames = length(setup, stream, i / 4), .extra = extra});
  }
  return cases;
}

TEST(BitExactCards, WithOneInterruptThreadForAll) {
  expect_bit_exact(cases_with({{"COMPLETION", "shared"}}));
}

TEST(BitExactCards, WithInterruptsThatAreLateByPeriods) {
  expect_bit_exact(cases_with({{"FAULTS", "slow_callback=23ms"}}));
}

TEST(BitExactCards, WithAFifo) { expect_bit_exact(cases_with({{"FIFO", "333"}})); }

TEST(BitExactCards, WithASlowClock) { expect_bit_exact(cases_with({{"PPM", "-30000"}})); }

}  // namespace
}  // namespace dmasim::test
