// SPDX-License-Identifier: LGPL-2.1-or-later
/// Playback heard by capture within one process.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/pcm_transfer.h"

namespace dmasim::test {
namespace {

constexpr size_t kDelayFrames = 24;
constexpr size_t kPlayed = 7001;

class CableLoop : public ::testing::Test {
 protected:
  [[nodiscard]] static Pcm playback(const Arguments& extra = {}) {
    return open_playback(with_cable(extra));
  }
  [[nodiscard]] static Pcm capture(const Arguments& extra = {}) {
    return open_capture(with_cable(extra));
  }
  static Arguments with_cable(Arguments arguments) {
    arguments.emplace_back("CABLE", "test");
    return arguments;
  }
  CableRuntime runtime_;
};

snd_pcm_sframes_t write_tagged(snd_pcm_t* pcm, const std::vector<CableFrame>& frames) {
  return snd_pcm_writei(pcm, frames.data(), frames.size());
}

/// By how many frames the capture's position is ahead of the playback's, `written` frames of which
/// are in its buffer. Both move at the same instants: if one has not moved while the other was
/// looked at, neither has. Before its
/// first frame a position tells nothing.
snd_pcm_sframes_t positions_apart(snd_pcm_t* capture, snd_pcm_t* playback, size_t written,
                                  size_t buffer_size = cable_setup().buffer_size) {
  for (;;) {
    const snd_pcm_sframes_t before = snd_pcm_avail(capture);
    const snd_pcm_sframes_t room = snd_pcm_avail(playback);
    const snd_pcm_sframes_t after = snd_pcm_avail(capture);
    if (before < 0 || room < 0) ADD_FAILURE() << before << ' ' << room;
    if (before < 0 || room < 0) return -1;
    const auto buffer = static_cast<snd_pcm_sframes_t>(buffer_size);
    const snd_pcm_sframes_t played = static_cast<snd_pcm_sframes_t>(written) - (buffer - room);
    if (before == after && played > 0) return before - played;
  }
}

std::vector<CableFrame> read_frames(snd_pcm_t* pcm, size_t count) {
  std::vector<CableFrame> frames(count);
  size_t moved = 0;
  EXPECT_EQ(read_all(pcm, cable_capture_setup(), std::as_writable_bytes(std::span(frames)), &moved),
            0);
  return frames;
}

/// Plays once, and expects it `kDelayFrames` behind, whatever comes first.
void expect_exact_loop(snd_pcm_t* playback, snd_pcm_t* capture, int32_t tag) {
  const auto frames = tagged_frames(tag, 1, kPlayed);
  ASSERT_EQ(write_tagged(playback, frames), static_cast<snd_pcm_sframes_t>(kPlayed));
  ASSERT_EQ(snd_pcm_start(capture), 0);
  ASSERT_EQ(snd_pcm_start(playback), 0);
  const snd_pcm_sframes_t apart = positions_apart(capture, playback, kPlayed);
  ASSERT_EQ(snd_pcm_drain(playback), 0);
  const size_t begin = static_cast<size_t>(apart) + kDelayFrames;
  std::vector<CableFrame> expected(begin + kPlayed + 2000, kSilence);
  std::copy(frames.begin(), frames.end(), expected.begin() + static_cast<ptrdiff_t>(begin));
  const auto found = read_frames(capture, expected.size());
  const auto [e, f] = std::mismatch(expected.begin(), expected.end(), found.begin());
  if (e != expected.end()) {
    ADD_FAILURE() << "frame " << e - expected.begin() << " is " << f->tag << ':' << f->index
                  << " instead of " << e->tag << ':' << e->index << ", " << apart << " apart";
  }
}

TEST_F(CableLoop, IsBitExactWithTheSameDelayOnEachStart) {
  for (int32_t tag = 1; tag <= 20; ++tag) {
    const Pcm in = capture();
    const Pcm out = playback();
    ASSERT_TRUE(in && out);
    ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
    ASSERT_NO_FATAL_FAILURE(expect_exact_loop(out.get(), in.get(), tag));
  }
}

TEST_F(CableLoop, HasTheSameDelayWhenStreamsAreStartedAgain) {
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  for (int32_t tag = 1; tag <= 5; ++tag) {
    ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
    ASSERT_NO_FATAL_FAILURE(expect_exact_loop(out.get(), in.get(), tag));
    ASSERT_EQ(snd_pcm_drop(in.get()), 0);
    ASSERT_EQ(snd_pcm_drop(out.get()), 0);
  }
}

/// A program that writes a period for each one it reads: from write to read it takes what it has
/// queued, the delay of the cable, and nothing else.
TEST_F(CableLoop, AFullDuplexProgramHearsItselfAsLateAsItQueues) {
  constexpr size_t kPeriod = 256;
  constexpr size_t kQueued = 8 * kPeriod;
  PcmSetup setup = cable_setup();
  setup.period_size = kPeriod;
  setup.buffer_size = 32 * kPeriod;
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  retry_when_late([&] {
    snd_pcm_drop(in.get());  // of an earlier attempt
    snd_pcm_drop(out.get());
    configure(in.get(), setup);
    configure(out.get(), setup);
    EXPECT_EQ(write_tagged(out.get(), tagged_frames(1, 1, kQueued)), kQueued);
    EXPECT_EQ(snd_pcm_start(in.get()), 0);
    EXPECT_EQ(snd_pcm_start(out.get()), 0);
    const snd_pcm_sframes_t apart =
        positions_apart(in.get(), out.get(), kQueued, setup.buffer_size);
    for (size_t turn = 0; turn < 40; ++turn) {
      std::vector<CableFrame> heard(kPeriod);
      if (snd_pcm_readi(in.get(), heard.data(), kPeriod) != kPeriod) return false;
      const auto next = static_cast<int32_t>(kQueued + turn * kPeriod + 1);
      if (write_tagged(out.get(), tagged_frames(1, next, kPeriod)) != kPeriod) return false;
      const int64_t expected =
          static_cast<int64_t>((turn + 1) * kPeriod) - apart - static_cast<int64_t>(kDelayFrames);
      EXPECT_EQ(heard.back().index, std::max<int64_t>(expected, 0)) << "turn " << turn;
    }
    return snd_pcm_state(out.get()) == SND_PCM_STATE_RUNNING;
  });
}

TEST_F(CableLoop, TheNameWithoutArgumentsIsALoop) {
  snd_pcm_t* in = nullptr;
  snd_pcm_t* out = nullptr;
  ASSERT_EQ(snd_pcm_open(&in, "dmasim_loop", SND_PCM_STREAM_CAPTURE, 0), 0);
  const Pcm in_owner(in);
  ASSERT_EQ(snd_pcm_open(&out, "dmasim_loop", SND_PCM_STREAM_PLAYBACK, 0), 0);
  const Pcm out_owner(out);
  ASSERT_NO_FATAL_FAILURE(configure(in, cable_capture_setup()));
  ASSERT_NO_FATAL_FAILURE(configure(out, cable_setup()));
  expect_exact_loop(out, in, 3);
}

TEST_F(CableLoop, AMappedStreamLoopsAsWell) {
  PcmSetup setup = cable_setup();
  setup.access = SND_PCM_ACCESS_MMAP_INTERLEAVED;
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), setup));
  const auto frames = tagged_frames(1, 1, setup.buffer_size);
  ASSERT_EQ(snd_pcm_start(in.get()), 0);
  size_t moved = 0;
  ASSERT_EQ(write_all(out.get(), setup, std::as_bytes(std::span(frames)), &moved), 0);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);
  const auto found = read_frames(in.get(), setup.buffer_size);
  OrderCheck order;
  for (const CableFrame& frame : found) ASSERT_EQ(order.next(frame), "");
  EXPECT_GT(order.heard(), setup.buffer_size / 2);
}

TEST_F(CableLoop, TheFileBesideTheCableHoldsTheSame) {
  const std::string path = runtime_.path() / "played.raw";
  {
    const Pcm in = capture();
    const Pcm out = playback({{"FILE", path}});
    ASSERT_TRUE(in && out);
    ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
    ASSERT_NO_FATAL_FAILURE(expect_exact_loop(out.get(), in.get(), 5));
  }
  const auto frames = tagged_frames(5, 1, kPlayed);
  const auto bytes = std::as_bytes(std::span(frames));
  EXPECT_EQ(read_file(path), std::vector<std::byte>(bytes.begin(), bytes.end()));
}

TEST_F(CableLoop, ASecondPlaybackIsRefusedAtStartAndToldTheOwner) {
  const Pcm first = playback();
  const Pcm second = playback();
  ASSERT_TRUE(first && second);
  for (const Pcm* each : {&first, &second}) {
    ASSERT_NO_FATAL_FAILURE(configure(each->get(), cable_capture_setup()));
    ASSERT_EQ(write_tagged(each->get(), tagged_frames(1, 1, 96000)), 96000);
  }
  ASSERT_EQ(snd_pcm_start(first.get()), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_start(second.get()), -EBUSY);
  EXPECT_NE(log.text().find("process " + std::to_string(getpid())), std::string::npos)
      << log.text();
  EXPECT_EQ(snd_pcm_state(first.get()), SND_PCM_STATE_RUNNING);
}

TEST_F(CableLoop, WhoOpensAUsedCableIsOfferedItsFormatOnly) {
  const Pcm in = capture();
  ASSERT_TRUE(in);
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
  ASSERT_EQ(snd_pcm_start(in.get()), 0);
  const Pcm out = playback();
  ASSERT_TRUE(out);
  PcmSetup other = cable_setup();
  other.rate_hz = 44100;
  EXPECT_EQ(set_hw_params(out.get(), other), -EINVAL);
  other = cable_setup();
  other.layout.format = SND_PCM_FORMAT_S16_LE;
  EXPECT_EQ(set_hw_params(out.get(), other), -EINVAL);
  EXPECT_EQ(set_hw_params(out.get(), cable_setup()), 0);
  const ErrorLog log;
  EXPECT_EQ(try_open(with_cable({{"RATE", "44100"}}), SND_PCM_STREAM_PLAYBACK).error, -EINVAL);
  EXPECT_NE(log.text().find("carries S32_LE, 2 channels, 48000 Hz"), std::string::npos)
      << log.text();
}

TEST_F(CableLoop, AnotherFormatIsRefusedAtStartWhenBothWereOpen) {
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  PcmSetup other = cable_setup();
  other.rate_hz = 44100;
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), other));
  ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, 4800)), 4800);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_start(in.get()), -EINVAL);
  EXPECT_NE(log.text().find("carries S32_LE, 2 channels, 48000 Hz"), std::string::npos)
      << log.text();
  ASSERT_EQ(snd_pcm_hw_free(in.get()), 0);
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
  EXPECT_EQ(snd_pcm_start(in.get()), 0) << "it may do better";
}

TEST_F(CableLoop, NamesAndSourcesThatCannotBeAreRefused) {
  const ErrorLog log;
  EXPECT_EQ(try_open({{"CABLE", "../up"}}, SND_PCM_STREAM_PLAYBACK).error, -EINVAL);
  EXPECT_NE(log.text().find("cable = \"../up\""), std::string::npos) << log.text();
  EXPECT_EQ(try_open(with_cable({{"SOURCE", "counter"}}), SND_PCM_STREAM_CAPTURE).error, -EINVAL);
  EXPECT_NE(log.text().find("accepted: one of them"), std::string::npos) << log.text();
}

TEST_F(CableLoop, ProbingMakesNoFile) {
  {
    const Pcm in = capture();
    const Pcm out = playback();
    ASSERT_TRUE(in && out);
    ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
    ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, 100)), 100);
  }
  EXPECT_TRUE(std::filesystem::is_empty(runtime_.path() / "dmasim"));
}

TEST_F(CableLoop, AForkedChildDoesNotKeepTheCable) {
  Pcm out = playback();
  ASSERT_TRUE(out);
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
  ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, 4800)), 4800);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(ends[1]);
    char byte = 0;
    _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
  }
  out.reset();
  out = playback();
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
  ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, 4800)), 4800);
  EXPECT_EQ(snd_pcm_start(out.get()), 0);
  close(ends[1]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace dmasim::test
