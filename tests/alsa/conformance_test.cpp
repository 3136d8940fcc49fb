// SPDX-License-Identifier: LGPL-2.1-or-later
/// Every call in every state, on any PCM, by the table of conformance_table.cpp.
///   DMASIM_TEST_PCM          the playback PCM, dmasim if unset
///   DMASIM_TEST_CAPTURE_PCM  the capture PCM, DMASIM_TEST_PCM if unset
/// A `hw` PCM must answer as the kernel does; any other PCM as alsa-lib does for plugins.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <tuple>

#include "tests/alsa/conformance_table.h"

namespace dmasim::test {
namespace {

std::string complaint(const std::string& call, const Outcome& outcome, const Expectation& expected,
                      bool plugin) {
  return call + " answers " + describe(outcome) + "; " +
         (plugin && expected.plugin_differs() ? "alsa-lib's plugins answer "
                                              : "a kernel's card answers ") +
         expected.text();
}

std::string name_for(snd_pcm_stream_t stream) {
  const char* given = std::getenv("DMASIM_TEST_CAPTURE_PCM");
  const bool other = stream == SND_PCM_STREAM_CAPTURE && given != nullptr && *given != '\0';
  return other ? given : pcm_name({});
}

PcmSetup setup_for(Situation situation) {
  PcmSetup setup;
  setup.period_size = situation == Situation::xrun ? 512 : 2048;
  setup.buffer_size = 8 * setup.period_size;
  return setup;
}

snd_pcm_state_t state_of(Situation situation) {
  switch (situation) {
    case Situation::open:
      return SND_PCM_STATE_OPEN;
    case Situation::setup:
      return SND_PCM_STATE_SETUP;
    case Situation::empty:
    case Situation::full:
      return SND_PCM_STATE_PREPARED;
    case Situation::running:
      return SND_PCM_STATE_RUNNING;
    case Situation::xrun:
      return SND_PCM_STATE_XRUN;
    case Situation::paused:
      return SND_PCM_STATE_PAUSED;
    default:
      return SND_PCM_STATE_DRAINING;
  }
}

void drain_without_wait(snd_pcm_t* pcm) {
  snd_pcm_nonblock(pcm, 1);
  snd_pcm_drain(pcm);
  snd_pcm_nonblock(pcm, 0);
}

/// Says whether the PCM is in `situation`, into which it was brought. A stream that runs may have
/// ended, if its time has passed since `begin_ns`: then the answer is false. If the PCM is not
/// there for another reason, this is a failed expectation.
bool is_there(snd_pcm_t* pcm, Situation situation, const PcmSetup& setup, int64_t begin_ns) {
  const snd_pcm_state_t now = snd_pcm_state(pcm);
  if (now == state_of(situation)) return true;
  EXPECT_GE(now_ns() - begin_ns, setup.time_of(setup.buffer_size))
      << snd_pcm_state_name(now) << " instead of " << snd_pcm_state_name(state_of(situation));
  return false;
}

/// Brings the PCM into `situation`. Answers false if the machine was too slow.
bool bring(snd_pcm_t* pcm, Situation situation, const PcmSetup& setup) {
  if (situation == Situation::open) return true;
  configure(pcm, setup);
  if (situation == Situation::setup) {
    EXPECT_EQ(snd_pcm_drop(pcm), 0);
  }
  if (situation == Situation::setup || situation == Situation::empty) {
    EXPECT_EQ(snd_pcm_state(pcm), state_of(situation));
    return true;
  }
  const bool playback = snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK;
  const snd_pcm_uframes_t frames =
      situation == Situation::xrun ? setup.period_size : setup.buffer_size;
  if (playback) {
    const auto data = pattern_frames(setup.layout, 0, frames);
    EXPECT_EQ(write_frames(pcm, data, setup.layout), static_cast<snd_pcm_sframes_t>(frames));
  }
  if (situation == Situation::full) {
    EXPECT_EQ(snd_pcm_state(pcm), state_of(situation));
    return true;
  }
  const int64_t begin_ns = now_ns();
  EXPECT_EQ(snd_pcm_start(pcm), 0);
  if (situation == Situation::xrun) {
    EXPECT_TRUE(reaches_state(pcm, SND_PCM_STATE_XRUN));
    return true;
  }
  const auto enough = static_cast<snd_pcm_sframes_t>(setup.period_size);  // then poll is ready
  EXPECT_TRUE(eventually([=] {
    const snd_pcm_sframes_t avail = snd_pcm_avail(pcm);
    return avail >= enough || avail < 0;
  }));
  if (situation == Situation::paused) snd_pcm_pause(pcm, 1);
  if (situation == Situation::draining) drain_without_wait(pcm);
  return is_there(pcm, situation, setup, begin_ns);
}

/// The moment before a call.
struct Moment {
  int64_t begin_ns;  ///< a time before the stream's start
  int64_t call_ns;
  snd_pcm_state_t before;

  /// Says whether the machine was too slow to judge the call. The stream ran, and the time of half
  /// of its buffer has passed since the start, or that of half of a period since the call.
  [[nodiscard]] bool is_late(snd_pcm_state_t after, const PcmSetup& setup) const {
    const auto runs = [](snd_pcm_state_t state) {
      return state == SND_PCM_STATE_RUNNING || state == SND_PCM_STATE_DRAINING;
    };
    const bool started = before != after && (runs(after) || after == SND_PCM_STATE_XRUN);
    if (!runs(before) && !started) return false;
    return now_ns() - begin_ns > setup.time_of(setup.buffer_size / 2) ||
           now_ns() - call_ns > setup.time_of(setup.period_size / 2);
  }
};

/// For an outcome that is not as expected. If the machine was late, it prints the complaint and
/// answers too late. Else the complaint is a failed expectation.
Look judge(const std::string& complaint, bool late) {
  if (late) {
    std::cout << "  " << complaint << '\n';
    return Look::too_late;
  }
  ADD_FAILURE() << complaint;
  return Look::in_time;
}

class Conformance : public ::testing::TestWithParam<std::tuple<snd_pcm_stream_t, Situation>> {
 protected:
  [[nodiscard]] static snd_pcm_stream_t stream() { return std::get<0>(GetParam()); }
  [[nodiscard]] static Situation situation() { return std::get<1>(GetParam()); }
  [[nodiscard]] static bool is_asked(const ConformanceRow& row) {
    return Expectation(cell_of(row, situation()), true).asked();
  }

  Conformance() { expect_a_look(); }

  void hold(const ConformanceRow& row) const {
    look_in_time([&] { return look(row); });
  }

  [[nodiscard]] Look look(const ConformanceRow& row) const {
    snd_pcm_t* raw = nullptr;
    EXPECT_EQ(snd_pcm_open(&raw, name_for(stream()).c_str(), stream(), 0), 0);
    if (raw == nullptr) return Look::in_time;
    const Pcm pcm(raw);
    const bool plugin = snd_pcm_type(raw) != SND_PCM_TYPE_HW;
    const Expectation expected(cell_of(row, situation()), plugin);
    const int64_t begin_ns = now_ns();
    if (!bring(raw, situation(), setup_)) return Look::too_late;
    const Moment moment{begin_ns, now_ns(), snd_pcm_state(raw)};
    Outcome outcome;
    outcome.answer = row.make(raw, setup_);
    outcome.state = snd_pcm_state(raw);
    if (expected.holds(outcome, moment.before, setup_)) return Look::in_time;
    return judge(complaint(row.call, outcome, expected, plugin),
                 moment.is_late(outcome.state, setup_));
  }

  const ErrorLog quiet_;
  const PcmSetup setup_ = setup_for(situation());
};

TEST_P(Conformance, OfEachCall) {
  for (const ConformanceRow& row :
       stream() == SND_PCM_STREAM_PLAYBACK ? playback_rows() : capture_rows()) {
    if (is_asked(row)) hold(row);
  }
}

std::string case_name(const ::testing::TestParamInfo<Conformance::ParamType>& info) {
  return name_of(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(
    Playback, Conformance,
    ::testing::Combine(::testing::Values(SND_PCM_STREAM_PLAYBACK),
                       ::testing::Values(Situation::open, Situation::setup, Situation::empty,
                                         Situation::full, Situation::running, Situation::xrun,
                                         Situation::paused, Situation::draining)),
    case_name);
INSTANTIATE_TEST_SUITE_P(Capture, Conformance,
                         ::testing::Combine(::testing::Values(SND_PCM_STREAM_CAPTURE),
                                            ::testing::Values(Situation::open, Situation::setup,
                                                              Situation::empty, Situation::running,
                                                              Situation::xrun, Situation::paused,
                                                              Situation::draining)),
                         case_name);

/// Makes the calls of a walk one after the other, on one PCM.
class ConformanceWalk : public ::testing::TestWithParam<size_t> {
 protected:
  ConformanceWalk() { expect_a_look(); }

  [[nodiscard]] static Look look(const Walk& walk) {
    snd_pcm_t* raw = nullptr;
    EXPECT_EQ(snd_pcm_open(&raw, name_for(walk.stream).c_str(), walk.stream, 0), 0);
    if (raw == nullptr) return Look::in_time;
    const Pcm pcm(raw);
    const bool plugin = snd_pcm_type(raw) != SND_PCM_TYPE_HW;
    configure(raw, walk.setup);
    const int64_t begin_ns = now_ns();
    for (const Step& step : walk.steps) {
      const Moment moment{begin_ns, now_ns(), snd_pcm_state(raw)};
      Outcome outcome;
      outcome.answer = step.make(raw);
      outcome.state = snd_pcm_state(raw);
      const Expectation expected(step.cell, plugin);
      if (expected.holds(outcome, moment.before, walk.setup)) continue;
      return judge(complaint(step.call, outcome, expected, plugin),
                   moment.is_late(outcome.state, walk.setup));
    }
    return Look::in_time;
  }
  const ErrorLog quiet_;
};

TEST_P(ConformanceWalk, StepByStep) {
  const Walk walk = walks()[GetParam()];
  look_in_time([&] { return look(walk); });
}

INSTANTIATE_TEST_SUITE_P(Alsa, ConformanceWalk, ::testing::Range(size_t{0}, walks().size()),
                         [](const auto& each) { return walks()[each.param].name; });

}  // namespace
}  // namespace dmasim::test
