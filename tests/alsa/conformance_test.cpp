// SPDX-License-Identifier: LGPL-2.1-or-later
/// Every call in every state, on any PCM: the table of conformance_table.cpp.
///   DMASIM_TEST_PCM          the playback side, dmasim if unset
///   DMASIM_TEST_CAPTURE_PCM  the capture side, DMASIM_TEST_PCM if unset
/// A `hw` is held to what kernels answer, all else to what alsa-lib makes of it for plugins.
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
  EXPECT_EQ(snd_pcm_drain(pcm), -EAGAIN);
  snd_pcm_nonblock(pcm, 0);
}

/// False if the card cannot be brought there, or the machine was too slow.
bool bring(snd_pcm_t* pcm, Situation situation, const PcmSetup& setup) {
  if (situation == Situation::open) return true;
  configure(pcm, setup);
  if (situation == Situation::setup) return snd_pcm_drop(pcm) == 0;
  if (situation == Situation::empty) return true;
  const bool playback = snd_pcm_stream(pcm) == SND_PCM_STREAM_PLAYBACK;
  const snd_pcm_uframes_t frames =
      situation == Situation::xrun ? setup.period_size : setup.buffer_size;
  if (playback) {
    const auto data = pattern_frames(setup.layout, 0, frames);
    EXPECT_EQ(write_frames(pcm, data, setup.layout), static_cast<snd_pcm_sframes_t>(frames));
  }
  if (situation == Situation::full) return true;
  EXPECT_EQ(snd_pcm_start(pcm), 0);
  if (situation == Situation::xrun) return reaches_state(pcm, SND_PCM_STATE_XRUN);
  const auto enough = static_cast<snd_pcm_sframes_t>(setup.period_size);  // to be ready
  if (!eventually([=] { return snd_pcm_avail(pcm) >= enough; })) return false;
  if (situation == Situation::paused) static_cast<void>(snd_pcm_pause(pcm, 1));
  if (situation == Situation::draining) drain_without_wait(pcm);
  return snd_pcm_state(pcm) == state_of(situation);
}

class Conformance : public ::testing::TestWithParam<std::tuple<snd_pcm_stream_t, Situation>> {
 protected:
  [[nodiscard]] static snd_pcm_stream_t stream() { return std::get<0>(GetParam()); }
  [[nodiscard]] static Situation situation() { return std::get<1>(GetParam()); }

  void hold(const ConformanceRow& row) const {
    retry_when_late([&] { return attempt(row); });
  }

  /// False: too late to say. A stream that runs has half of its buffer's time.
  [[nodiscard]] bool attempt(const ConformanceRow& row) const {
    snd_pcm_t* raw = nullptr;
    EXPECT_EQ(snd_pcm_open(&raw, name_for(stream()).c_str(), stream(), 0), 0);
    if (raw == nullptr) return true;
    const Pcm pcm(raw);
    const bool plugin = snd_pcm_type(raw) != SND_PCM_TYPE_HW;
    const Expectation expected(cell_of(row, situation()), plugin);
    if (!expected.asked()) return true;
    const int64_t begin_ns = now_ns();
    if (!bring(raw, situation(), setup_)) return false;
    const snd_pcm_state_t before = snd_pcm_state(raw);
    Outcome outcome;
    outcome.answer = row.make(raw, setup_);
    outcome.state = snd_pcm_state(raw);
    if (expected.holds(outcome, before, setup_)) return true;
    if (now_ns() - begin_ns > setup_.time_of(setup_.buffer_size / 2)) return false;
    ADD_FAILURE() << complaint(row.call, outcome, expected, plugin);
    return true;
  }

  const ErrorLog quiet_;
  const PcmSetup setup_ = setup_for(situation());
};

TEST_P(Conformance, OfEachCall) {
  for (const ConformanceRow& row :
       stream() == SND_PCM_STREAM_PLAYBACK ? playback_rows() : capture_rows()) {
    hold(row);
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

/// Call after call on one PCM.
class ConformanceWalk : public ::testing::TestWithParam<size_t> {
 protected:
  /// False: too late to say.
  [[nodiscard]] static bool attempt(const Walk& walk) {
    snd_pcm_t* raw = nullptr;
    EXPECT_EQ(snd_pcm_open(&raw, name_for(walk.stream).c_str(), walk.stream, 0), 0);
    if (raw == nullptr) return true;
    const Pcm pcm(raw);
    const bool plugin = snd_pcm_type(raw) != SND_PCM_TYPE_HW;
    configure(raw, walk.setup);
    const int64_t begin_ns = now_ns();
    for (const Step& step : walk.steps) {
      const snd_pcm_state_t before = snd_pcm_state(raw);
      Outcome outcome;
      outcome.answer = step.make(raw);
      outcome.state = snd_pcm_state(raw);
      const Expectation expected(step.cell, plugin);
      if (expected.holds(outcome, before, walk.setup)) continue;
      if (now_ns() - begin_ns > walk.setup.time_of(walk.setup.buffer_size / 2)) return false;
      ADD_FAILURE() << complaint(step.call, outcome, expected, plugin);
      return true;
    }
    return true;
  }
  const ErrorLog quiet_;
};

TEST_P(ConformanceWalk, StepByStep) {
  const Walk walk = walks()[GetParam()];
  retry_when_late([&] { return attempt(walk); });
}

INSTANTIATE_TEST_SUITE_P(Alsa, ConformanceWalk, ::testing::Range(size_t{0}, walks().size()),
                         [](const auto& each) { return walks()[each.param].name; });

}  // namespace
}  // namespace dmasim::test
