// SPDX-License-Identifier: LGPL-2.1-or-later
/// A child of fork() has none of the card's threads. In each state of the PCM the child's calls
/// return with an error, its close and its exit do not hang, and the parent's stream is not
/// disturbed.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <tuple>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/forked.h"
#include "tests/alsa/pcm_stage.h"

namespace dmasim::test {
namespace {

constexpr snd_pcm_uframes_t kFrames = 72001;  // they last longer than all forks of a test

// Answers of a child, besides 0.
constexpr int kWrong = 1;
constexpr int kTooLate = 2;

snd_pcm_sframes_t move(snd_pcm_t* pcm) {
  std::vector<std::byte> data(400);
  return snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK ? snd_pcm_writei(pcm, data.data(), 100)
                                                        : snd_pcm_readi(pcm, data.data(), 100);
}

int revents_of(snd_pcm_t* pcm) {
  pollfd entry{};
  if (snd_pcm_poll_descriptors(pcm, &entry, 1) != 1) return -EBADFD;
  unsigned short revents = 0;
  return snd_pcm_poll_descriptors_revents(pcm, &entry, 1, &revents);
}

/// A poll without a time limit must return.
int poll_for_ever(snd_pcm_t* pcm) {
  pollfd entry{};
  if (snd_pcm_poll_descriptors(pcm, &entry, 1) != 1) return 1;
  return poll(&entry, 1, -1) == 1 ? 0 : 1;
}

int begin_mmap(snd_pcm_t* pcm) {
  const snd_pcm_channel_area_t* areas = nullptr;
  snd_pcm_uframes_t offset = 0;
  snd_pcm_uframes_t frames = 10;
  return snd_pcm_mmap_begin(pcm, &areas, &offset, &frames);
}

int state_in_status(snd_pcm_t* pcm) {
  snd_pcm_status_t* status = nullptr;
  snd_pcm_status_alloca(&status);
  if (const int error = snd_pcm_status(pcm, status); error < 0) return error;
  return snd_pcm_status_get_state(status) == SND_PCM_STATE_DISCONNECTED ? 0 : 1;
}

int dump(snd_pcm_t* pcm) {
  snd_output_t* output = nullptr;
  if (snd_output_buffer_open(&output) < 0) return 1;
  snd_pcm_dump(pcm, output);
  return snd_output_close(output);
}

int delay(snd_pcm_t* pcm) {
  snd_pcm_sframes_t frames = 0;
  return snd_pcm_delay(pcm, &frames);
}

int stamp(snd_pcm_t* pcm) {
  snd_pcm_uframes_t avail = 0;
  snd_htimestamp_t time{};
  return snd_pcm_htimestamp(pcm, &avail, &time);
}

int ask_maps(snd_pcm_t* pcm) {
  free(snd_pcm_get_chmap(pcm));
  snd_pcm_free_chmaps(snd_pcm_query_chmaps(pcm));
  return 0;
}

/// The wanted answer. For some calls a plugin cannot return an error: alsa-lib answers them by
/// itself, or ignores the plugin's answer.
enum class Wanted { refused, zero, anything };

struct ChildCall {
  const char* name;
  Wanted wanted;
  long (*call)(snd_pcm_t* pcm);
};

constexpr ChildCall kCalls[] = {
    {"state", Wanted::zero,
     [](snd_pcm_t* p) -> long { return snd_pcm_state(p) != SND_PCM_STATE_DISCONNECTED; }},
    {"status", Wanted::zero, [](snd_pcm_t* p) -> long { return state_in_status(p); }},
    {"dump", Wanted::zero, [](snd_pcm_t* p) -> long { return dump(p); }},
    {"poll", Wanted::zero, [](snd_pcm_t* p) -> long { return poll_for_ever(p); }},
    {"revents", Wanted::refused, [](snd_pcm_t* p) -> long { return revents_of(p); }},
    {"wait", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_wait(p, -1); }},
    {"delay", Wanted::refused, [](snd_pcm_t* p) -> long { return delay(p); }},
    {"avail", Wanted::anything, [](snd_pcm_t* p) -> long { return snd_pcm_avail(p); }},
    {"avail_update", Wanted::anything,
     [](snd_pcm_t* p) -> long { return snd_pcm_avail_update(p); }},
    {"hwsync", Wanted::anything, [](snd_pcm_t* p) -> long { return snd_pcm_hwsync(p); }},
    {"htimestamp", Wanted::anything, [](snd_pcm_t* p) -> long { return stamp(p); }},
    {"channel maps", Wanted::zero, [](snd_pcm_t* p) -> long { return ask_maps(p); }},
    {"writei or readi", Wanted::refused, [](snd_pcm_t* p) -> long { return move(p); }},
    {"mmap_begin", Wanted::refused, [](snd_pcm_t* p) -> long { return begin_mmap(p); }},
    {"rewindable", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_rewindable(p); }},
    {"rewind", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_rewind(p, 10); }},
    {"forwardable", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_forwardable(p); }},
    {"forward", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_forward(p, 10); }},
    {"pause", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_pause(p, 1); }},
    {"release", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_pause(p, 0); }},
    {"resume", Wanted::anything, [](snd_pcm_t* p) -> long { return snd_pcm_resume(p); }},
    {"reset", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_reset(p); }},
    {"drain", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_drain(p); }},
    {"drop", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_drop(p); }},
    {"start", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_start(p); }},
    {"prepare", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_prepare(p); }},
    {"recover", Wanted::refused,
     [](snd_pcm_t* p) -> long { return snd_pcm_recover(p, -EPIPE, 1); }},
    {"sw_params", Wanted::refused, [](snd_pcm_t* p) -> long { return set_sw_params(p, {}); }},
    {"nonblock", Wanted::anything, [](snd_pcm_t* p) -> long { return snd_pcm_nonblock(p, 1); }},
    {"abort", Wanted::anything, [](snd_pcm_t* p) -> long { return snd_pcm_abort(p); }},
    {"hw_params", Wanted::refused, [](snd_pcm_t* p) -> long { return set_hw_params(p, {}); }},
    {"hw_free", Wanted::refused, [](snd_pcm_t* p) -> long { return snd_pcm_hw_free(p); }},
};

/// Without a setup alsa-lib answers EIO before it checks the state.
bool as_wanted(Wanted wanted, long answer, bool set_up) {
  if (wanted == Wanted::anything) return true;
  if (wanted == Wanted::zero) return answer == 0;
  return answer == -ENODEV || answer == -EBADFD || (!set_up && answer == -EIO);
}

class ForkInState : public ::testing::TestWithParam<std::tuple<snd_pcm_stream_t, snd_pcm_state_t>> {
 protected:
  ForkInState() { expect_a_look(); }
  [[nodiscard]] static bool playback() {
    return std::get<0>(GetParam()) == SND_PCM_STREAM_PLAYBACK;
  }
  [[nodiscard]] static snd_pcm_state_t state() { return std::get<1>(GetParam()); }
  [[nodiscard]] Arguments arguments() const {
    return playback() ? Arguments{{"FILE", path_}, {"CABLE", "test"}}
                      : Arguments{{"SOURCE", "counter"}};
  }

  [[nodiscard]] static Stage roomy_stage() {
    Stage stage;
    stage.setup.buffer_size = 30 * stage.setup.period_size;
    return stage;
  }
  /// Makes each call in a child of its own, as the child's first call.
  void each_call_in_a_child(snd_pcm_t* pcm) {
    const bool set_up = state() != SND_PCM_STATE_OPEN;
    for (const ChildCall& each : kCalls) {
      long answer = 0;
      Forked child([&] {
        const ErrorLog quiet;
        answer = each.call(pcm);
        const bool right = as_wanted(each.wanted, answer, set_up);
        snd_pcm_close(pcm);
        return right ? 0 : static_cast<int>(std::min(std::abs(answer), 200L));
      });
      EXPECT_EQ(child.wait(), 0) << each.name;
    }
  }
  /// One child makes all calls, and ends without a close.
  void all_calls_and_an_exit(snd_pcm_t* pcm) {
    Forked child([&] {
      const ErrorLog quiet;
      for (const ChildCall& each : kCalls) each.call(pcm);
      std::exit(0);  // NOLINT(concurrency-mt-unsafe): what it runs is what is tested
      return 1;
    });
    EXPECT_EQ(child.wait(), 0);
  }

  /// The parent's stream goes on to its end, with all of its frames.
  Look parent_goes_on(snd_pcm_t* pcm, const Stage& stage) {
    return playback() ? playback_goes_on(pcm, stage) : capture_goes_on(pcm, stage);
  }
  Look playback_goes_on(snd_pcm_t* pcm, const Stage& stage) {
    switch (state()) {
      case SND_PCM_STATE_OPEN:
      case SND_PCM_STATE_SETUP: {
        Stage fresh = roomy_stage();
        const bool runs = bring_to(pcm, SND_PCM_STATE_RUNNING, kFrames, fresh);
        return runs ? drains(pcm, fresh) : Look::too_late;
      }
      case SND_PCM_STATE_XRUN:
        EXPECT_EQ(snd_pcm_prepare(pcm), 0);
        EXPECT_EQ(first_difference(stage.setup.layout, stage.written, recorded(pcm)), "");
        return Look::in_time;
      case SND_PCM_STATE_PAUSED:
        EXPECT_EQ(snd_pcm_pause(pcm, 0), 0);
        return drains(pcm, stage);
      case SND_PCM_STATE_DRAINING:
        EXPECT_TRUE(reaches_state(pcm, SND_PCM_STATE_SETUP));
        EXPECT_EQ(first_difference(stage.setup.layout, stage.written, recorded(pcm)), "");
        return Look::in_time;
      default:
        return drains(pcm, stage);
    }
  }
  Look drains(snd_pcm_t* pcm, const Stage& stage) {
    const int answer = snd_pcm_drain(pcm);
    if (answer == -EPIPE) return stage.late_by_xrun();
    EXPECT_EQ(answer, 0);
    EXPECT_EQ(first_difference(stage.setup.layout, stage.written, recorded(pcm)), "");
    return Look::in_time;
  }
  /// The bytes of the recording. hw_free waits until all of them are in the file.
  std::vector<std::byte> recorded(snd_pcm_t* pcm) {
    EXPECT_EQ(snd_pcm_hw_free(pcm), 0);
    return read_file(path_);
  }
  Look capture_goes_on(snd_pcm_t* pcm, const Stage& stage) {
    if (state() == SND_PCM_STATE_XRUN) {
      EXPECT_EQ(snd_pcm_prepare(pcm), 0);
      return Look::in_time;
    }
    Stage fresh = roomy_stage();
    if (state() == SND_PCM_STATE_OPEN || state() == SND_PCM_STATE_SETUP) {
      if (!bring_to(pcm, SND_PCM_STATE_RUNNING, 0, fresh)) return Look::too_late;
    }
    const int released = state() == SND_PCM_STATE_PREPARED ? snd_pcm_start(pcm)
                         : state() == SND_PCM_STATE_PAUSED ? snd_pcm_pause(pcm, 0)
                                                           : 0;
    EXPECT_EQ(released, 0);
    std::vector<std::byte> got(1000 * stage.setup.layout.frame_bytes());
    const auto frames = snd_pcm_readi(pcm, got.data(), 1000);
    if (frames == -EPIPE) return stage.late_by_xrun();
    EXPECT_EQ(frames, 1000);
    EXPECT_EQ(
        first_difference(stage.setup.layout, counter_frames(stage.setup.layout, 0, 1000), got), "");
    return Look::in_time;
  }

  CableRuntime runtime_;
  const std::string path_ = runtime_.path() / "played.raw";
};

TEST_P(ForkInState, TheChildIsTurnedAwayAndTheParentGoesOn) {
  look_in_time([&] {
    const Opened opened = try_open(arguments(), std::get<0>(GetParam()));
    EXPECT_EQ(opened.error, 0);
    Stage stage = roomy_stage();
    if (!bring_to(opened.pcm.get(), state(), kFrames, stage)) return Look::too_late;
    each_call_in_a_child(opened.pcm.get());
    all_calls_and_an_exit(opened.pcm.get());
    if (!stays_in(opened.pcm.get(), state(), stage)) return Look::too_late;
    return parent_goes_on(opened.pcm.get(), stage);
  });
}

std::string name_of(const ::testing::TestParamInfo<ForkInState::ParamType>& info) {
  const auto& [stream, state] = info.param;
  return std::string(snd_pcm_stream_name(stream)) + snd_pcm_state_name(state);
}

INSTANTIATE_TEST_SUITE_P(Alsa, ForkInState,
                         ::testing::Combine(::testing::Values(SND_PCM_STREAM_PLAYBACK,
                                                              SND_PCM_STREAM_CAPTURE),
                                            ::testing::ValuesIn(kStates)),
                         name_of);

/// The child of a killed process keeps none of the process's locks: not the subdevice, not the
/// cable, not the recording.
TEST(Fork, WhatAKilledParentHadIsFreeThoughItsChildLives) {
  const CableRuntime runtime;
  const Arguments arguments{
      {"SUBDEV", "0"}, {"CABLE", "test"}, {"FILE", runtime.path() / "played.wav"}};
  Forked parent([&](const Forked::Line& line) {
    Stage stage;
    const Opened opened = try_open(arguments, SND_PCM_STREAM_PLAYBACK);
    if (opened.error != 0 || !bring_to(opened.pcm.get(), SND_PCM_STATE_RUNNING, 1000, stage)) {
      return 1;
    }
    const Forked child([&](const Forked::Line&) {
      line.notify();
      line.wait();
      return 0;
    });
    line.wait();
    return 0;
  });
  ASSERT_TRUE(parent.notified());
  parent.kill();
  const Opened opened = try_open(arguments, SND_PCM_STREAM_PLAYBACK);
  ASSERT_EQ(opened.error, 0);
  Stage stage;
  EXPECT_TRUE(bring_to(opened.pcm.get(), SND_PCM_STATE_RUNNING, 1000, stage));
}

/// The card's threads belong to the parent. A child that opens a PCM gets an engine of its own.
TEST(Fork, AChildOpensAndPlaysItsOwn) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer lets no child of a process with threads have threads";
#endif
#ifdef __SANITIZE_ADDRESS__
  // A thread of the card may hold the lock of the sanitizer's allocator at the moment of the fork.
  // The child's copy of it stays locked, and the child's next allocation waits for ever.
  GTEST_SKIP() << "the address sanitizer's allocator may be locked for ever in a child";
#endif
  const CableRuntime runtime;
  const std::string path = runtime.path() / "child.raw";
  const Pcm parents = open_playback({{"COMPLETION", "shared"}});
  Stage stage;
  ASSERT_TRUE(bring_to(parents.get(), SND_PCM_STATE_RUNNING, 48000, stage));
  look_in_time([&] {
    Forked child([&] {
      const Opened own =
          try_open({{"COMPLETION", "shared"}, {"FILE", path}}, SND_PCM_STREAM_PLAYBACK);
      if (own.error != 0) return kWrong;
      Stage fresh;
      if (!bring_to(own.pcm.get(), SND_PCM_STATE_RUNNING, 9600, fresh)) return kTooLate;
      const int answer = snd_pcm_drain(own.pcm.get());
      if (answer == -EPIPE) static_cast<void>(fresh.late_by_xrun());
      if (HasFailure() || (answer != 0 && answer != -EPIPE)) return kWrong;
      return answer == 0 ? 0 : kTooLate;
    });
    const int answer = child.wait();
    if (answer == kTooLate) return Look::too_late;
    EXPECT_EQ(answer, 0);
    const auto played = pattern_frames(stage.setup.layout, 0, 9600);
    EXPECT_EQ(first_difference(stage.setup.layout, played, read_file(path)), "");
    return Look::in_time;
  });
}

}  // namespace
}  // namespace dmasim::test
