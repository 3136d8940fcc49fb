// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs that end without a close, in several ways. Their recording can be read. It holds the
/// frames that they wrote, from the first one on without a gap.
#include <gtest/gtest.h>
#include <sndfile.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <ostream>
#include <thread>
#include <tuple>

#include "tests/alsa/forked.h"
#include "tests/alsa/pcm_stage.h"

namespace dmasim::test {
namespace {

constexpr snd_pcm_uframes_t kWritten = 48000;
constexpr snd_pcm_uframes_t kPlayed = 19200;
constexpr snd_pcm_uframes_t kFlacHoldsBack = 2 * 4608;

enum class Ending { exit_of_main, exit_of_a_thread, exit_in_a_handler, killed };
constexpr std::array kEndings{
    Ending::exit_of_main, Ending::exit_of_a_thread, Ending::killed,
#ifndef __SANITIZE_THREAD__
    Ending::exit_in_a_handler,  // an error for the thread sanitizer, rightly; but programs do it
#endif
};

void PrintTo(Ending ending, std::ostream* out) {
  constexpr const char* kNames[] = {"ExitOfMain", "ExitOfAThread", "ExitInAHandler", "Killed"};
  *out << kNames[static_cast<size_t>(ending)];
}

/// The frames that a reader of the sound file gets.
std::vector<std::byte> recorded(const std::string& path, const FrameLayout& layout) {
  if (path.ends_with(".raw")) return read_file(path);
  SF_INFO info{};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  if (file == nullptr) return {};
  EXPECT_EQ(info.channels, static_cast<int>(layout.channels));
  EXPECT_EQ(info.samplerate, 48000);
  std::vector<std::byte> frames(kWritten * layout.frame_bytes());
  const sf_count_t got = sf_readf_short(file, reinterpret_cast<short*>(frames.data()), kWritten);
  sf_close(file);
  frames.resize(static_cast<size_t>(got) * layout.frame_bytes());
  return frames;
}

bool has_played(snd_pcm_t* pcm, snd_pcm_uframes_t frames) {
  return eventually([=] { return snd_pcm_avail(pcm) >= static_cast<snd_pcm_sframes_t>(frames); });
}

[[noreturn]] void exit_now() {
  std::exit(0);  // NOLINT(concurrency-mt-unsafe): what it runs is what is tested
}

/// Another thread calls exit() while this one goes on writing.
void end(Ending ending, snd_pcm_t* pcm, const Stage& stage) {
  if (ending == Ending::exit_of_main) exit_now();
  if (ending == Ending::exit_in_a_handler) {
    std::signal(SIGTERM, [](int) { exit_now(); });
    raise(SIGTERM);
  }
  std::thread(exit_now).detach();
  for (uint64_t next = kWritten;; next += 4800) {
    write_frames(pcm, pattern_frames(stage.setup.layout, next, 4800), stage.setup.layout);
  }
}

class RecordingAtTheEnd : public ::testing::TestWithParam<std::tuple<Ending, std::string>> {
 protected:
  static bool killed() { return std::get<0>(GetParam()) == Ending::killed; }
  static bool flac() { return std::get<1>(GetParam()) == "flac"; }

  /// Runs in a child: plays, and ends the process. Answers 1 if it could not play.
  int play(const Forked::Line& line) const {
    const Opened opened = try_open({{"FILE", path_}}, SND_PCM_STREAM_PLAYBACK);
    Stage stage;
    snd_pcm_t* pcm = opened.pcm.get();
    if (opened.error != 0 || !bring_to(pcm, SND_PCM_STATE_RUNNING, kWritten, stage)) return 1;
    if (!has_played(pcm, kPlayed)) return 1;
    line.notify();
    if (killed()) line.wait();
    end(std::get<0>(GetParam()), pcm, stage);
    return 1;
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played." + std::get<1>(GetParam()));
};

TEST_P(RecordingAtTheEnd, IsAnExactPrefix) {
  Forked program([this](const Forked::Line& line) { return play(line); });
  ASSERT_TRUE(program.notified());
  const FrameLayout layout;
  if (killed()) {
    // Frames stay in the queue for a part of QUEUE_MS. The first of them soon come to the file.
    ASSERT_TRUE(eventually([&] { return !recorded(path_, layout).empty(); }));
    program.kill();
  } else {
    ASSERT_EQ(program.wait(), 0);
  }
  const auto frames = recorded(path_, layout);
  const size_t count = frames.size() / layout.frame_bytes();
  EXPECT_EQ(first_difference(layout, pattern_frames(layout, 0, count), frames), "");
  const size_t least = killed() ? 1 : flac() ? kPlayed - kFlacHoldsBack : kPlayed;
  EXPECT_GE(count, least);
}

std::string name_of(const ::testing::TestParamInfo<RecordingAtTheEnd::ParamType>& info) {
  const auto& [ending, type] = info.param;
  return ::testing::PrintToString(ending) + type;
}

INSTANTIATE_TEST_SUITE_P(Alsa, RecordingAtTheEnd,
                         ::testing::Combine(::testing::ValuesIn(kEndings),
                                            ::testing::Values("wav", "w64", "flac", "raw")),
                         name_of);

/// exit() ends in each state of the stream.
class ExitInState : public ::testing::TestWithParam<std::tuple<snd_pcm_stream_t, snd_pcm_state_t>> {
 protected:
  ExitInState() { expect_a_look(); }
};

TEST_P(ExitInState, DoesNotHang) {
  const TemporaryDirectory directory;
  const auto [stream, state] = GetParam();
  const bool playback = stream == SND_PCM_STREAM_PLAYBACK;
  const Arguments arguments =
      playback ? Arguments{{"FILE", directory.file("played.wav")}} : Arguments{};
  constexpr int kWrong = 1;
  constexpr int kTooLate = 2;
  look_in_time([&, stream = stream, state = state] {
    Forked program([&] {
      const Opened opened = try_open(arguments, stream);
      if (opened.error != 0) return kWrong;
      Stage stage;
      const bool there = bring_to(opened.pcm.get(), state, kWritten, stage);
      if (HasFailure()) return kWrong;
      if (!there) return kTooLate;
      exit_now();
    });
    const int answer = program.wait();
    if (answer == kTooLate) return Look::too_late;
    EXPECT_EQ(answer, 0);
    return Look::in_time;
  });
}

INSTANTIATE_TEST_SUITE_P(Alsa, ExitInState,
                         ::testing::Combine(::testing::Values(SND_PCM_STREAM_PLAYBACK,
                                                              SND_PCM_STREAM_CAPTURE),
                                            ::testing::ValuesIn(kStates)),
                         [](const auto& each) {
                           return std::string(snd_pcm_stream_name(std::get<0>(each.param))) +
                                  snd_pcm_state_name(std::get<1>(each.param));
                         });

}  // namespace
}  // namespace dmasim::test
