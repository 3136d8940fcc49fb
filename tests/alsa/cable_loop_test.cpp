// SPDX-License-Identifier: LGPL-2.1-or-later
/// A capture records a playback of the same process by a cable.
#include <algorithm>
#include <limits>
#include <set>

#include "tests/alsa/cable_loop_fixture.h"

namespace dmasim::test {
namespace {

constexpr size_t kDelayFrames = 24;
constexpr size_t kPlayed = 24001;

/// The playback's buffer lasts for half a second without its program.
PcmSetup playback_setup() {
  PcmSetup setup = cable_setup();
  setup.buffer_size = 30 * setup.period_size;
  return setup;
}

/// By how many frames the capture's position is ahead of the playback's. Both move at the same
/// moments, so this number does not change. A fast thread measures it more exactly.
struct Apart {
  snd_pcm_sframes_t least = std::numeric_limits<snd_pcm_sframes_t>::min();
  snd_pcm_sframes_t most = std::numeric_limits<snd_pcm_sframes_t>::max();
  [[nodiscard]] bool known() const { return least == most; }
};

/// Reads both positions until the difference is known, or until the playback has played half of the
/// `written` frames in its buffer. A position before the first frame shows nothing.
Apart positions_apart(snd_pcm_t* capture, snd_pcm_t* playback, size_t written,
                      const PcmSetup& setup) {
  const auto buffer = static_cast<snd_pcm_sframes_t>(setup.buffer_size);
  const auto queued = static_cast<snd_pcm_sframes_t>(written);
  Apart apart;
  for (snd_pcm_sframes_t played = 0; !apart.known() && played < queued / 2;) {
    const snd_pcm_sframes_t before = snd_pcm_avail(capture);
    const snd_pcm_sframes_t room = snd_pcm_avail(playback);
    const snd_pcm_sframes_t after = snd_pcm_avail(capture);
    if (before < 0 || room < 0 || after < 0) break;
    played = queued - (buffer - room);
    if (played == 0) continue;
    apart.least = std::max(apart.least, before - played);
    apart.most = std::min(apart.most, after - played);
  }
  EXPECT_LE(apart.least, apart.most) << "they do not move at the same instants";
  return apart;
}

std::vector<CableFrame> read_frames(snd_pcm_t* pcm, size_t count) {
  std::vector<CableFrame> frames(count);
  size_t moved = 0;
  EXPECT_EQ(read_all(pcm, cable_capture_setup(), std::as_writable_bytes(std::span(frames)), &moved),
            0);
  return frames;
}

/// Plays once. Expects to capture it `kDelayFrames` later, with silence before and after.
void expect_exact_loop(snd_pcm_t* playback, snd_pcm_t* capture, int32_t tag) {
  const auto frames = tagged_frames(tag, 1, kPlayed);
  ASSERT_EQ(write_tagged(playback, frames), static_cast<snd_pcm_sframes_t>(kPlayed));
  ASSERT_EQ(snd_pcm_start(capture), 0);
  ASSERT_EQ(snd_pcm_start(playback), 0);
  const Apart apart = positions_apart(capture, playback, kPlayed, playback_setup());
  ASSERT_EQ(snd_pcm_drain(playback), 0);
  const auto most = static_cast<size_t>(std::max<snd_pcm_sframes_t>(apart.most, 0));
  ASSERT_LT(most, kPlayed) << "neither position was seen moving";
  const auto found = read_frames(capture, most + kDelayFrames + kPlayed + 2000);
  const auto first = std::find(found.begin(), found.end(), frames.front());
  const auto delay = static_cast<snd_pcm_sframes_t>(first - found.begin());
  EXPECT_GE(delay, apart.least + static_cast<snd_pcm_sframes_t>(kDelayFrames));
  EXPECT_LE(delay, apart.most + static_cast<snd_pcm_sframes_t>(kDelayFrames));
  std::vector<CableFrame> expected(found.size(), kSilence);
  ASSERT_LE(static_cast<size_t>(delay) + kPlayed, expected.size());
  std::copy(frames.begin(), frames.end(), expected.begin() + delay);
  const auto [e, f] = std::mismatch(expected.begin(), expected.end(), found.begin());
  if (e != expected.end()) {
    ADD_FAILURE() << "frame " << e - expected.begin() << " is " << f->tag << ':' << f->index
                  << " instead of " << e->tag << ':' << e->index;
  }
}

TEST_F(CableLoop, IsBitExactWithTheSameDelayOnEachStart) {
  for (int32_t tag = 1; tag <= 20; ++tag) {
    const Pcm in = capture();
    const Pcm out = playback();
    ASSERT_TRUE(in && out);
    ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), playback_setup()));
    ASSERT_NO_FATAL_FAILURE(expect_exact_loop(out.get(), in.get(), tag));
  }
}

TEST_F(CableLoop, HasTheSameDelayWhenStreamsAreStartedAgain) {
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  for (int32_t tag = 1; tag <= 5; ++tag) {
    ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), playback_setup()));
    ASSERT_NO_FATAL_FAILURE(expect_exact_loop(out.get(), in.get(), tag));
    ASSERT_EQ(snd_pcm_drop(in.get()), 0);
    ASSERT_EQ(snd_pcm_drop(out.get()), 0);
  }
}

/// The program writes a period for each period that it reads. A frame takes from write to read as
/// long as the queued frames and the delay of the cable, and not longer.
TEST_F(CableLoop, AFullDuplexProgramCapturesItselfAsLateAsItQueues) {
  constexpr size_t kPeriod = 256;
  constexpr size_t kQueued = 24 * kPeriod;
  PcmSetup setup = cable_setup();
  setup.period_size = kPeriod;
  setup.buffer_size = 32 * kPeriod;
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  look_in_time([&] {
    snd_pcm_drop(in.get());  // of an earlier look
    snd_pcm_drop(out.get());
    configure(in.get(), setup);
    configure(out.get(), setup);
    EXPECT_EQ(write_tagged(out.get(), tagged_frames(1, 1, kQueued)), kQueued);
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(in.get()), 0);
    EXPECT_EQ(snd_pcm_start(out.get()), 0);
    const Apart apart = positions_apart(in.get(), out.get(), kQueued, setup);
    std::set<int64_t> delays;
    for (size_t turn = 0; turn < 40; ++turn) {
      std::vector<CableFrame> captured(kPeriod);
      const auto got = snd_pcm_readi(in.get(), captured.data(), kPeriod);
      const size_t moved = turn * kPeriod;
      if (got != kPeriod) {
        EXPECT_EQ(snd_pcm_state(in.get()), SND_PCM_STATE_XRUN) << got;
        return late_by_xrun(setup, start_ns, moved + setup.buffer_size);
      }
      const auto next = static_cast<int32_t>(kQueued + moved + 1);
      const auto done = write_tagged(out.get(), tagged_frames(1, next, kPeriod));
      if (done != kPeriod) {
        EXPECT_EQ(snd_pcm_state(out.get()), SND_PCM_STATE_XRUN) << done;
        return late_by_xrun(setup, start_ns, moved + kQueued);
      }
      if (captured.back() != kSilence) {
        delays.insert(static_cast<int64_t>((turn + 1) * kPeriod) - captured.back().index);
      }
    }
    if (snd_pcm_state(out.get()) == SND_PCM_STATE_XRUN) {
      return late_by_xrun(setup, start_ns, kQueued + 40 * kPeriod);
    }
    EXPECT_EQ(delays.size(), 1U) << "it is always the same";
    const int64_t delay = delays.empty() ? 0 : *delays.begin();
    EXPECT_GE(delay, apart.least + static_cast<snd_pcm_sframes_t>(kDelayFrames));
    EXPECT_LE(delay, apart.most + static_cast<snd_pcm_sframes_t>(kDelayFrames));
    return Look::in_time;
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
  ASSERT_NO_FATAL_FAILURE(configure(out, playback_setup()));
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
  OrderCheck order;
  for (int turn = 0; turn < 20 && order.captured() < setup.buffer_size; ++turn) {
    const auto found = read_frames(in.get(), setup.buffer_size / 2);
    for (const CableFrame& frame : found) ASSERT_EQ(order.next(frame), "");
  }
  EXPECT_EQ(order.captured(), setup.buffer_size);
}

TEST_F(CableLoop, LiesWhereItsPcmsWereOpened) {
  const TemporaryDirectory elsewhere;
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  setenv("XDG_RUNTIME_DIR", elsewhere.path().c_str(), 1);
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), playback_setup()));
  ASSERT_EQ(write_tagged(out.get(), tagged_frames(1, 1, kPlayed)), int{kPlayed});
  ASSERT_EQ(snd_pcm_start(in.get()), 0);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);
  EXPECT_TRUE(std::filesystem::exists(runtime_.files() / "test.cable"));
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
}

TEST_F(CableLoop, TheFileBesideTheCableHoldsTheSame) {
  const std::string path = runtime_.path() / "played.raw";
  {
    const Pcm in = capture();
    const Pcm out = playback({{"FILE", path}});
    ASSERT_TRUE(in && out);
    ASSERT_NO_FATAL_FAILURE(configure(in.get(), cable_capture_setup()));
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), playback_setup()));
    ASSERT_NO_FATAL_FAILURE(expect_exact_loop(out.get(), in.get(), 5));
  }
  const auto frames = tagged_frames(5, 1, kPlayed);
  const auto bytes = std::as_bytes(std::span(frames));
  EXPECT_EQ(read_file(path), std::vector<std::byte>(bytes.begin(), bytes.end()));
}

/// Expects the frames of a ring that the hardware plays again and again. `rewritten` counts the
/// frames of a later player.
void expect_lap_after_lap(const std::vector<CableFrame>& found, size_t ring_frames,
                          size_t* rewritten) {
  auto at =
      std::find_if(found.begin(), found.end(), [](const CableFrame& f) { return f.tag != 0; });
  ASSERT_NE(at, found.end());
  CableFrame before = *at;
  ASSERT_EQ(before.index, 1);
  for (++at; at != found.end(); ++at) {
    const int32_t next = before.index % static_cast<int32_t>(ring_frames) + 1;
    ASSERT_EQ(at->index, next) << "frame " << at - found.begin();
    ASSERT_GE(at->tag, 1);
    *rewritten += at->tag == 2 ? 1 : 0;
    before = *at;
  }
}

/// With a stop_threshold of the boundary a card plays its ring again and again. A program that
/// writes late changes the frames of the next lap.
TEST_F(CableLoop, ACardThatRunsOverItsRingIsCapturedDoingSo) {
  PcmSetup setup = playback_setup();
  setup.buffer_size = 20 * setup.period_size;
  setup.stop_threshold = kBoundary;
  const Pcm in = capture();
  const Pcm out = playback();
  ASSERT_TRUE(in && out);
  look_in_time([&] {
    snd_pcm_drop(in.get());  // of an earlier look
    snd_pcm_drop(out.get());
    configure(in.get(), cable_capture_setup());
    configure(out.get(), setup);
    const auto ring_frames = static_cast<snd_pcm_sframes_t>(setup.buffer_size);
    EXPECT_EQ(write_tagged(out.get(), tagged_frames(1, 1, setup.buffer_size)), ring_frames);
    EXPECT_EQ(snd_pcm_start(in.get()), 0);
    EXPECT_EQ(snd_pcm_start(out.get()), 0);
    auto found = read_frames(in.get(), setup.buffer_size * 3 / 2);
    // Writes the first third again, with another tag. The hardware is in the middle of its second
    // lap.
    const auto third = tagged_frames(2, 1, setup.buffer_size / 3);
    EXPECT_EQ(write_tagged(out.get(), third), static_cast<snd_pcm_sframes_t>(third.size()));
    if (snd_pcm_avail(out.get()) > ring_frames * 5 / 3) return Look::too_late;
    const auto more = read_frames(in.get(), setup.buffer_size);
    found.insert(found.end(), more.begin(), more.end());
    size_t rewritten = 0;
    expect_lap_after_lap(found, setup.buffer_size, &rewritten);
    EXPECT_EQ(rewritten, third.size());
    return Look::in_time;
  });
}

}  // namespace
}  // namespace dmasim::test
