// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/recording/file_source.h"

#include <gtest/gtest.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>
#include <set>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/sync.h"
#include "engine/device/source.h"
#include "tests/unit/pcm/sample_formats.h"
#include "tests/unit/unprivileged.h"

namespace dmasim {
namespace {

constexpr uint64_t kBurst = 1024;

std::vector<std::byte> read_frames(Source& source, const PcmFormat& format, size_t frames) {
  std::vector<std::byte> bytes(frames * format.frame_bytes(), std::byte{0x55});
  source.read(bytes);
  return bytes;
}

/// The same frames, read in pieces of odd sizes.
std::vector<std::byte> read_in_pieces(Source& source, const PcmFormat& format, size_t frames) {
  std::vector<std::byte> bytes;
  for (size_t count = 1; frames > 0; count = count * 5 % 613 + 1) {
    const auto piece = read_frames(source, format, std::min(count, frames));
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    frames -= std::min(count, frames);
  }
  return bytes;
}

std::vector<double> numbers_of(SampleFormat format, std::span<const std::byte> bytes) {
  std::vector<double> numbers(bytes.size() / sample_bytes(format));
  decode(format, bytes, numbers.data());
  return numbers;
}

bool silent(SampleFormat format, std::span<const std::byte> bytes) {
  const auto numbers = numbers_of(format, bytes);
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return x == 0; });
}

TEST(SilenceSource, Is0x69InEachByteOfDsd) {
  const auto source = make_silence_source();
  for (const SampleFormat sample : kDsdFormats) {
    const PcmFormat format{sample, 3, 48000};
    ASSERT_TRUE(source->makes(sample));
    ASSERT_TRUE(source->configure(format, kBurst));
    EXPECT_EQ(read_frames(*source, format, 100),
              std::vector<std::byte>(100 * format.frame_bytes(), std::byte{0x69}))
        << name_of(sample);
  }
}

TEST(SilenceSource, IsZeroInEveryFormat) {
  const auto source = make_silence_source();
  for (const SampleFormat sample : kPcmFormats) {
    const PcmFormat format{sample, 3, 48000};
    ASSERT_TRUE(source->configure(format, kBurst));
    EXPECT_TRUE(silent(sample, read_frames(*source, format, 100))) << name_of(sample);
  }
  EXPECT_EQ(source->stats().read_frames, 1300U);
  EXPECT_EQ(source->stats().late_frames, 0U);
}

TEST(ToneSource, IsASineOfMinusTwelveDecibelOnEveryChannel) {
  const double amplitude = std::pow(10, -12.0 / 20);
  for (const double frequency : {440.0, 997.25, 23999.0}) {
    const auto source = make_tone_source(frequency);
    const PcmFormat format{SampleFormat::float64_le, 2, 48000};
    ASSERT_TRUE(source->configure(format, kBurst));
    const auto numbers = numbers_of(format.sample, read_in_pieces(*source, format, 5000));
    for (size_t n = 0; n < 5000; ++n) {
      const double turns = frequency * static_cast<double>(n) / 48000;
      const double expected = amplitude * std::sin(2 * std::numbers::pi * turns);
      ASSERT_NEAR(numbers[2 * n], expected, 1e-9) << frequency << " Hz, frame " << n;
      ASSERT_EQ(numbers[2 * n], numbers[2 * n + 1]);
    }
  }
}

TEST(ToneSource, KeepsItsPhase) {
  const auto source = make_tone_source(441);
  const PcmFormat format{SampleFormat::s16_le, 1, 44100};  // a period is 100 frames
  ASSERT_TRUE(source->configure(format, kBurst));
  const auto first = read_frames(*source, format, 100);
  std::vector<std::byte> later(44100 * 2);
  for (int second = 0; second < 60; ++second) source->read(later);
  EXPECT_EQ(read_frames(*source, format, 100), first);
}

TEST(ToneSource, HasTheSameLoudnessInEveryFormat) {
  for (const SampleFormat sample : kPcmFormats) {
    const auto source = make_tone_source(1000);
    ASSERT_TRUE(source->makes(sample));
    const PcmFormat format{sample, 1, 48000};
    ASSERT_TRUE(source->configure(format, kBurst));
    double power = 0;
    for (const double x : numbers_of(sample, read_frames(*source, format, 48000))) power += x * x;
    EXPECT_NEAR(10 * std::log10(2 * power / 48000), -12, 0.1) << name_of(sample);
  }
}

TEST(ToneSource, MakesNoDsd) {
  for (const SampleFormat sample : kDsdFormats) {
    EXPECT_FALSE(make_tone_source(1000)->makes(sample)) << name_of(sample);
  }
}

TEST(ToneSource, TakesAnyFrequency) {
  for (const double frequency : {-5.0, 0.0, 1e300, std::nan("")}) {
    const auto source = make_tone_source(frequency);
    const PcmFormat format{SampleFormat::s16_le, 2, 8000};
    ASSERT_TRUE(source->configure(format, kBurst));
    read_frames(*source, format, 100);
    EXPECT_EQ(source->stats().read_frames, 100U);
  }
}

/// The low bits of a sample, as counter_sample() gives them.
uint64_t bits_of(SampleFormat format, std::span<const std::byte> sample) {
  std::array<std::byte, 8> packed{};
  pack_little_endian(format, sample, packed.data());
  uint64_t bits = 0;
  std::memcpy(&bits, packed.data(), sizeof bits);
  return bits;
}

TEST(CounterSource, GivesEveryFrameItsIndex) {
  for (const SampleFormat sample : kAllFormats) {
    SCOPED_TRACE(name_of(sample));
    const auto source = make_counter_source();
    const PcmFormat format{sample, 3, 48000};
    ASSERT_TRUE(source->configure(format, kBurst));
    const auto bytes = read_in_pieces(*source, format, 1000);
    const size_t size = sample_bytes(sample);
    for (size_t i = 0; i < 3000; ++i) {
      ASSERT_EQ(bits_of(sample, std::span(bytes).subspan(i * size, size)),
                counter_sample(sample, i / 3, static_cast<uint32_t>(i % 3)))
          << i;
    }
    for (const double x : numbers_of(sample, bytes)) ASSERT_TRUE(x >= -1 && x < 1);
  }
}

TEST(CounterSource, GoesOnWhereItWas) {
  const auto source = make_counter_source();
  const PcmFormat format{SampleFormat::s32_le, 1, 48000};
  ASSERT_TRUE(source->configure(format, kBurst));
  read_frames(*source, format, 10);
  ASSERT_TRUE(source->configure(format, kBurst));
  EXPECT_EQ(bits_of(format.sample, read_frames(*source, format, 1)),
            counter_sample(format.sample, 10, 0));
}

TEST(CounterSource, SkipsInNoTime) {
  const auto source = make_counter_source();
  const PcmFormat format{SampleFormat::s32_le, 2, 48000};
  ASSERT_TRUE(source->configure(format, kBurst));
  constexpr uint64_t kFar = 1'000'000'000'000;
  source->skip(kFar * format.frame_bytes());
  const auto numbers = read_frames(*source, format, 1);
  uint32_t second = 0;
  std::memcpy(&second, &numbers[4], sizeof second);
  EXPECT_EQ(second, counter_sample(format.sample, kFar, 1));
  EXPECT_EQ(source->stats().read_frames, kFar + 1);
}

TEST(CounterSample, DiffersBetweenFramesAndChannels) {
  std::set<uint64_t> seen;
  for (uint64_t index = 0; index < 10'000; ++index) {
    for (uint32_t channel = 0; channel < 8; ++channel) {
      seen.insert(counter_sample(SampleFormat::float64_le, index, channel));
    }
  }
  EXPECT_EQ(seen.size(), 80'000U);
}

/// Writes `bytes` of ring format `format` as a file of libsndfile's `type`.
void write_file(const std::string& path, int type, const PcmFormat& format,
                std::span<const std::byte> bytes) {
  SF_INFO info{};
  info.samplerate = static_cast<int>(format.rate_hz);
  info.channels = static_cast<int>(format.channels);
  info.format = type;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr) << sf_strerror(nullptr);
  const size_t count = bytes.size() / sample_bytes(format.sample);
  const auto samples = static_cast<sf_count_t>(count);
  if (sample_kind(format.sample) == SampleKind::integer) {
    std::vector<int32_t> numbers(count);
    decode(format.sample, bytes, numbers.data());
    EXPECT_EQ(sf_write_int(file, numbers.data(), samples), samples);
  } else if (sample_kind(format.sample) == SampleKind::float32) {
    std::vector<float> numbers(count);
    decode(format.sample, bytes, numbers.data());
    EXPECT_EQ(sf_write_float(file, numbers.data(), samples), samples);
  } else {
    std::vector<double> numbers(count);
    decode(format.sample, bytes, numbers.data());
    EXPECT_EQ(sf_write_double(file, numbers.data(), samples), samples);
  }
  sf_close(file);
}

std::unique_ptr<Source> open_source(const std::string& path) {
  auto source = make_file_source(path.c_str());
  EXPECT_TRUE(source) << std::strerror(source.error());
  return source ? *std::move(source) : nullptr;
}

TEST(FileSource, PlaysEveryKindOfSampleBitForBitThenSilence) {
  struct Kind {
    SampleFormat sample;
    int type;
  };
  for (const auto& [sample, type] :
       {Kind{SampleFormat::u8, SF_FORMAT_WAV | SF_FORMAT_PCM_U8},
        Kind{SampleFormat::s16_le, SF_FORMAT_WAV | SF_FORMAT_PCM_16},
        Kind{SampleFormat::s16_be, SF_FORMAT_AIFF | SF_FORMAT_PCM_16},
        Kind{SampleFormat::s24_3be, SF_FORMAT_FLAC | SF_FORMAT_PCM_24},
        Kind{SampleFormat::s24_le, SF_FORMAT_W64 | SF_FORMAT_PCM_24},
        Kind{SampleFormat::s32_be, SF_FORMAT_WAV | SF_FORMAT_PCM_32},
        Kind{SampleFormat::float_be, SF_FORMAT_WAV | SF_FORMAT_FLOAT},
        Kind{SampleFormat::float64_le, SF_FORMAT_WAV | SF_FORMAT_DOUBLE}}) {
    SCOPED_TRACE(name_of(sample));
    const TemporaryDirectory directory;
    const PcmFormat format{sample, 2, 44100};
    const auto bytes = random_samples(sample, size_t{2} * 20'001);
    write_file(directory / "in", type, format, bytes);
    const auto source = open_source(directory / "in");
    ASSERT_TRUE(source->shape());
    EXPECT_EQ(source->shape()->channels, 2U);
    EXPECT_EQ(source->shape()->rate_hz, 44100U);
    ASSERT_TRUE(source->configure(format, 30'000));
    EXPECT_TRUE(read_in_pieces(*source, format, 20'001) == bytes);
    EXPECT_TRUE(silent(sample, read_frames(*source, format, 5000)));
    EXPECT_EQ(source->stats().read_frames, 25'001U);
    EXPECT_EQ(source->stats().late_frames, 0U);
  }
}

TEST(FileSource, LeftJustifiesInWiderFormats) {
  const TemporaryDirectory directory;
  const PcmFormat narrow{SampleFormat::s16_le, 1, 48000};
  write_file(directory / "in", SF_FORMAT_WAV | SF_FORMAT_PCM_16, narrow,
             random_samples(narrow.sample, 500));
  const auto expected = numbers_of(narrow.sample, random_samples(narrow.sample, 500));
  for (const SampleFormat sample : {SampleFormat::s24_3le, SampleFormat::s32_le,
                                    SampleFormat::float_le, SampleFormat::float64_be}) {
    const auto source = open_source(directory / "in");
    const PcmFormat format{sample, 1, 48000};
    ASSERT_TRUE(source->configure(format, kBurst));
    EXPECT_EQ(numbers_of(sample, read_frames(*source, format, 500)), expected);
  }
}

TEST(FileSource, ClipsFloatsInIntegerFormats) {
  const TemporaryDirectory directory;
  const PcmFormat real{SampleFormat::float_le, 1, 48000};
  const std::vector<float> numbers = {2.0F, -2.0F, 0.5F, -1.0F, 1.0F};
  std::vector<std::byte> bytes(numbers.size() * 4);
  encode(real.sample, std::span<const float>(numbers), bytes.data());
  write_file(directory / "in", SF_FORMAT_WAV | SF_FORMAT_FLOAT, real, bytes);
  const auto source = open_source(directory / "in");
  const PcmFormat format{SampleFormat::s16_le, 1, 48000};
  ASSERT_TRUE(source->configure(format, kBurst));
  const auto got = read_frames(*source, format, 5);
  std::vector<int16_t> samples(5);
  std::memcpy(samples.data(), got.data(), got.size());
  EXPECT_EQ(samples, (std::vector<int16_t>{32767, -32768, 16384, -32768, 32767}));
}

TEST(FileSource, GoesOnWhereItWasAlsoInAnotherFormat) {
  const TemporaryDirectory directory;
  const PcmFormat first{SampleFormat::s16_le, 2, 48000};
  const PcmFormat second{SampleFormat::s16_be, 2, 48000};
  const auto bytes = random_samples(first.sample, 4000);
  write_file(directory / "in", SF_FORMAT_WAV | SF_FORMAT_PCM_16, first, bytes);
  const auto source = open_source(directory / "in");
  ASSERT_TRUE(source->configure(first, kBurst));
  const auto head = read_frames(*source, first, 700);
  ASSERT_TRUE(source->configure(second, 4 * kBurst));
  const auto tail = read_frames(*source, second, 1300);
  auto numbers = numbers_of(first.sample, head);
  const auto more = numbers_of(second.sample, tail);
  numbers.insert(numbers.end(), more.begin(), more.end());
  EXPECT_EQ(numbers, numbers_of(first.sample, bytes));
}

TEST(FileSource, CountsFramesThatTheDiskWasTooLateForAndLosesNone) {
  const TemporaryDirectory directory;
  const PcmFormat format{SampleFormat::s16_le, 1, 48000};
  std::vector<int32_t> numbers(200'000);
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<int32_t>((i % 32'000 + 1) << 16);  // never 0
  }
  std::vector<std::byte> bytes(numbers.size() * 2);
  encode(format.sample, std::span<const int32_t>(numbers), bytes.data());
  write_file(directory / "in", SF_FORMAT_WAV | SF_FORMAT_PCM_16, format, bytes);
  const auto source = open_source(directory / "in");
  ASSERT_TRUE(source->configure(format, kBurst));
  const size_t queue_frames = kBurst + 24'001;
  auto got = read_frames(*source, format, queue_frames + 1000);  // more than the queue holds
  const uint64_t late = source->stats().late_frames;
  ASSERT_GE(late, 1000U);
  ASSERT_LE(late, queue_frames + 1000 - kBurst) << "a burst lies ready after configure()";
  EXPECT_TRUE(silent(format.sample, std::span(got).last(late * 2)));
  got.resize(got.size() - late * 2);
  while (got.size() < bytes.size()) {
    ASSERT_TRUE(source->configure(format, kBurst));  // waits for the next burst
    const auto more =
        read_frames(*source, format, std::min<size_t>(kBurst, (bytes.size() - got.size()) / 2));
    got.insert(got.end(), more.begin(), more.end());
  }
  EXPECT_TRUE(got == bytes);
  EXPECT_EQ(source->stats().late_frames, late);
}

TEST(FileSource, GivesAClientThatWaitsAllFramesAndLosesNone) {
  const TemporaryDirectory directory;
  const PcmFormat format{SampleFormat::s16_le, 1, 48000};
  const auto bytes = random_samples(format.sample, 200'000);
  write_file(directory / "in", SF_FORMAT_WAV | SF_FORMAT_PCM_16, format, bytes);
  const auto source = open_source(directory / "in");
  ASSERT_TRUE(source->configure(format, kBurst));
  Mutex lock;
  CondVar changed;
  bool told = false;
  source->on_ready([&] {
    MutexLock guard(lock);
    told = true;
    changed.notify_all();
  });
  std::vector<std::byte> got;
  while (got.size() < bytes.size()) {
    const uint64_t ready = source->ready_frames(20 * kBurst);
    const auto piece = read_frames(*source, format, ready);
    got.insert(got.end(), piece.begin(), piece.end());
    if (ready == 20 * kBurst) continue;
    const int64_t patience_ns = RealtimeClock().now_ns() + 5'000'000'000;
    MutexLock guard(lock);
    while (!told && changed.wait_until(lock, patience_ns)) {
    }
    ASSERT_TRUE(told);
    told = false;
  }
  source->on_ready({});
  got.resize(bytes.size());
  EXPECT_EQ(got, bytes);
  EXPECT_EQ(source->stats().late_frames, 0U);
  EXPECT_EQ(source->ready_frames(1'000'000), 1'000'000U) << "silence after the end";
}

TEST(FileSource, HasOneShape) {
  const TemporaryDirectory directory;
  const PcmFormat format{SampleFormat::s16_le, 2, 48000};
  write_file(directory / "in", SF_FORMAT_WAV | SF_FORMAT_PCM_16, format,
             random_samples(format.sample, 100));
  const auto source = open_source(directory / "in");
  EXPECT_EQ(source->configure({SampleFormat::s16_le, 1, 48000}, kBurst).error(), EINVAL);
  EXPECT_EQ(source->configure({SampleFormat::s16_le, 2, 44100}, kBurst).error(), EINVAL);
  EXPECT_EQ(source->configure(format, UINT64_MAX / 2).error(), ENOMEM);
  EXPECT_TRUE(source->configure(format, kBurst));
}

TEST(FileSource, PlaysNothingFromAnEmptyFile) {
  const TemporaryDirectory directory;
  const PcmFormat format{SampleFormat::u8, 1, 8000};
  write_file(directory / "in", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, format, {});
  const auto source = open_source(directory / "in");
  ASSERT_TRUE(source->configure(format, kBurst));
  EXPECT_TRUE(silent(format.sample, read_frames(*source, format, 100)));
  EXPECT_EQ(source->stats().late_frames, 0U);
}

TEST(FileSource, RefusesWhatIsNoSoundFile) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "text.wav") << "no sound in here";
  ASSERT_EQ(mkfifo((directory / "fifo.wav").c_str(), 0600), 0);
  const auto refusal = [](const std::string& path) {
    return make_file_source(path.c_str()).error();
  };
  EXPECT_EQ(refusal(directory / "missing.wav"), ENOENT);
  EXPECT_EQ(refusal(directory / "text.wav"), EINVAL);
  EXPECT_EQ(refusal(directory / "fifo.wav"), EINVAL);
  EXPECT_EQ(refusal(directory / ""), EISDIR);
  EXPECT_EQ(refusal("/dev/null"), EINVAL);
}

TEST(FileSource, RefusesWhatMayNotBeRead) {
  if (!unprivileged_has_files()) GTEST_SKIP() << "only root can use files here";
  const TemporaryDirectory directory;
  const PcmFormat format{SampleFormat::u8, 1, 8000};
  write_file(directory / "in", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, format, {});
  ASSERT_EQ(chmod((directory / "").c_str(), 0755), 0);
  for (const auto& [mode, error] : {std::pair(0444, 0), std::pair(0, EACCES)}) {
    ASSERT_EQ(chmod((directory / "in").c_str(), static_cast<mode_t>(mode)), 0);
    const Unprivileged somebody;
    EXPECT_EQ(make_file_source((directory / "in").c_str()).error(), error);
  }
}

}  // namespace
}  // namespace dmasim
