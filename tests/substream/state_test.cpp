// SPDX-License-Identifier: LGPL-2.1-or-later
/// The pure part of the substream: events in, actions out.
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>

#include "tests/substream/state_in_phase.h"

namespace dmasim {
namespace {

using namespace state_in_phase;

TEST(SubstreamState, ComesIntoEachPhase) {
  for (const Phase phase : kAllPhases) {
    EXPECT_EQ(in_phase(phase, stream_of(phase)).phase(), phase);
  }
}

TEST(SubstreamState, RefusesEachHookAsItsTableSays) {
  const std::map<Hook, std::string> table{
      // open setup prepared running paused draining drained xrun; d EBADFD, b EBUSY, p EPIPE
      {Hook::hw_params, "...ddddd"}, {Hook::hw_free, "...ddddd"},  {Hook::prepare, "d..b.b.."},
      {Hook::start, "dd.ddddd"},     {Hook::pause, "ddd.dddd"},    {Hook::unpause, "dddd.ddd"},
      {Hook::drain, "........"},     {Hook::transfer, "d......p"}, {Hook::delay, "dd....dp"},
  };
  const std::map<char, int> errors{{'.', 0}, {'d', EBADFD}, {'b', EBUSY}, {'p', EPIPE}};
  for (const auto& [hook, row] : table) {
    for (const Phase phase : kAllPhases) {
      const auto column = static_cast<size_t>(phase);
      EXPECT_EQ(in_phase(phase, stream_of(phase)).refusal(hook), errors.at(row[column]))
          << "hook " << int(hook) << " in phase " << column;
    }
  }
}

TEST(SubstreamState, RefusesNoWriteIntoMappedMemoryForAnXrun) {
  SubstreamState state = in_phase(Phase::xrun, SND_PCM_STREAM_PLAYBACK, true);
  EXPECT_EQ(state.refusal(Hook::transfer), 0);
  state.quiesce();
  EXPECT_EQ(state.refusal(Hook::transfer), EBADFD);
}

TEST(SubstreamState, RefusesWhatUsesTheRingWhileAHookWaits) {
  for (const auto& [hook, phase] :
       {std::pair(Hook::start, Phase::prepared), std::pair(Hook::pause, Phase::running),
        std::pair(Hook::unpause, Phase::paused), std::pair(Hook::transfer, Phase::running),
        std::pair(Hook::drain, Phase::running)}) {
    SubstreamState state = in_phase(phase);
    EXPECT_EQ(state.refusal(hook), 0);
    state.quiesce();
    EXPECT_EQ(state.refusal(hook), EBADFD) << int(hook);
    EXPECT_FALSE(state.is_live());
  }
}

TEST(SubstreamState, StopsTheChannelAtAnXrunBeforeItShowsIt) {
  SubstreamState state = in_phase(Phase::running);
  EXPECT_FALSE(state.moved({.hw_frames = 15}).count_frames);
  EXPECT_EQ(state.settle().terminate, std::nullopt);
  state.moved({.hw_frames = 16});
  const Actions actions = state.settle();
  EXPECT_EQ(actions.terminate, Fifo::comes_out);
  EXPECT_TRUE(actions.count_xrun);
  EXPECT_EQ(actions.show, SND_PCM_STATE_XRUN);
  EXPECT_EQ(actions.alarm.kind, AlarmChange::Kind::after_ns);
  EXPECT_EQ(actions.alarm.ns, 8'000'000) << "a period";
  EXPECT_EQ(state.phase(), Phase::xrun);
}

TEST(SubstreamState, ShowsAnXrunAgainUntilAHookHasSeenIt) {
  SubstreamState state = in_phase(Phase::xrun);
  EXPECT_EQ(state.alarm().alarm.ns, 16'000'000);
  EXPECT_EQ(state.alarm().show, SND_PCM_STATE_XRUN);
  Actions seen = state.acknowledge_xrun();
  EXPECT_EQ(seen.show, SND_PCM_STATE_XRUN);
  EXPECT_EQ(seen.alarm.kind, AlarmChange::Kind::disarm);
  seen = state.acknowledge_xrun();
  EXPECT_EQ(seen.show, SND_PCM_STATE_XRUN);
  EXPECT_EQ(seen.alarm.kind, AlarmChange::Kind::keep) << "disarmed already";
}

TEST(SubstreamState, HasNoXrunToSeeInAnyOtherPhase) {
  for (const Phase phase : kAllPhases) {
    if (phase == Phase::xrun) continue;
    SubstreamState state = in_phase(phase, stream_of(phase));
    EXPECT_EQ(state.acknowledge_xrun().show, std::nullopt) << int(phase);
    EXPECT_EQ(state.alarm().show, std::nullopt) << int(phase);
  }
}

TEST(SubstreamState, DrainsUntilTheLastFrameHasLeftTheFifo) {
  SubstreamState state = in_phase(Phase::draining);
  state.moved({.hw_frames = 16 + kFifo - 1});
  EXPECT_EQ(state.settle().terminate, std::nullopt);
  state.moved({.hw_frames = 16 + kFifo});
  const Actions actions = state.settle();
  EXPECT_EQ(actions.terminate, Fifo::as_committed);
  EXPECT_EQ(actions.show, SND_PCM_STATE_SETUP);
  EXPECT_EQ(actions.level, true);
  EXPECT_EQ(state.phase(), Phase::setup);
}

TEST(SubstreamState, LeavesItToAlsaToShowTheEndOfADrainThatIsWaitedFor) {
  SubstreamState state = in_phase(Phase::draining);
  state.begin_wait();
  EXPECT_EQ(state.drain_answer(0, false), std::nullopt);
  state.moved({.hw_frames = 16 + kFifo});
  EXPECT_EQ(state.settle().show, std::nullopt);
  ASSERT_NE(state.drain_answer(0, false), std::nullopt);
  EXPECT_TRUE(*state.drain_answer(0, false));
  EXPECT_EQ(state.end_wait(false).show, std::nullopt);
}

TEST(SubstreamState, ShowsTheEndOfADrainThatLostFrames) {
  SubstreamState state = in_phase(Phase::draining);
  state.begin_wait();
  state.moved({.hw_frames = 16 + kFifo});
  state.settle();
  EXPECT_EQ(state.end_wait(true).show, SND_PCM_STATE_SETUP);
}

TEST(SubstreamState, SetsAnAlarmOnlyBetweenTwoTicks) {
  SubstreamState state(SND_PCM_STREAM_PLAYBACK, 0);
  state.hw_params(hw_setup());
  SwSetup sw = sw_setup();
  sw.avail_min = 12;
  ASSERT_TRUE(state.sw_params(sw));
  state.prepare();
  state.transferred(kBuffer);
  state.start();
  Actions actions = state.readiness();
  EXPECT_EQ(actions.level, false);
  EXPECT_EQ(actions.alarm.kind, AlarmChange::Kind::at_frames);
  EXPECT_EQ(actions.alarm.frames, 12u);
  EXPECT_EQ(state.readiness().alarm.kind, AlarmChange::Kind::keep) << "it is set already";
  sw.avail_min = 16;
  ASSERT_TRUE(state.sw_params(sw));
  EXPECT_EQ(state.settle().alarm.kind, AlarmChange::Kind::disarm) << "a tick wakes the program";
}

TEST(SubstreamState, IsReadyForPollAsTheKernelIs) {
  const std::map<Phase, Readiness> expected{
      {Phase::open, Readiness::error},     {Phase::setup, Readiness::error},
      {Phase::prepared, Readiness::ready}, {Phase::running, Readiness::ready},
      {Phase::paused, Readiness::ready},   {Phase::draining, Readiness::not_ready},
      {Phase::drained, Readiness::ready},  {Phase::xrun, Readiness::error}};
  for (const auto& [phase, readiness] : expected) {
    Actions actions;
    EXPECT_EQ(in_phase(phase, stream_of(phase)).poll(actions), readiness) << int(phase);
  }
}

TEST(SubstreamState, IgnoresAPositionOfZeroWhileTheHardwareRuns) {
  SubstreamState state = in_phase(Phase::running);
  state.see_appl_ptr(0);
  EXPECT_EQ(state.pointers().appl_ptr(), 16u);
  state.pause();
  state.see_appl_ptr(0);
  EXPECT_EQ(state.pointers().appl_ptr(), 0u);
}

TEST(SubstreamState, FillsWhatTheHardwareHasPassedWithEndlessSilence) {
  SubstreamState state = in_phase(Phase::running);
  SwSetup sw = sw_setup();
  sw.silence_size = kBoundary;
  ASSERT_TRUE(state.sw_params(sw));
  const FrameSpan begun = state.silence_at_start();
  EXPECT_EQ(begun.start_frames, 16u);
  EXPECT_EQ(begun.count_frames, 17u) << "all but the 15 frames that wait to be played";
  const FrameSpan passed = state.moved({.hw_frames = 4});
  EXPECT_EQ(passed.start_frames, 1u);
  EXPECT_EQ(passed.count_frames, 3u);
  EXPECT_TRUE(state.silence_at_tick().empty()) << "the other rule";
}

TEST(SubstreamState, RefusesSilenceThatDoesNotFit) {
  SubstreamState state = in_phase(Phase::setup);
  SwSetup sw = sw_setup();
  sw.silence_threshold = 4;
  sw.silence_size = 5;
  EXPECT_EQ(state.sw_params(sw).error(), EINVAL);
  sw.silence_size = 4;
  EXPECT_TRUE(state.sw_params(sw));
  sw.silence_threshold = kBuffer + 1;
  EXPECT_EQ(state.sw_params(sw).error(), EINVAL);
}

TEST(SubstreamState, RefusesAWriteThatComesAfterTheXrun) {
  SubstreamState state = in_phase(Phase::running);
  EXPECT_EQ(state.refused_from_frames(16), 16u) << "stop_threshold is the buffer";
  SwSetup sw = sw_setup();
  sw.stop_threshold = kBuffer + 3;
  ASSERT_TRUE(state.sw_params(sw));
  EXPECT_EQ(state.refused_from_frames(16), 19u);
  sw.stop_threshold = kBoundary;
  ASSERT_TRUE(state.sw_params(sw));
  EXPECT_EQ(state.refused_from_frames(16), std::nullopt) << "it never stops";
}

TEST(SubstreamState, GivesNoAnswerFromBeforeAChangeOfThePhase) {
  SubstreamState state = in_phase(Phase::running);
  state.answer(0);
  EXPECT_TRUE(state.may_repeat());
  state.answer(0);
  state.pause();
  state.run(time_from(0));
  EXPECT_FALSE(state.may_repeat());
}

TEST(FreeRunTest, ReportsEachFrameOfTheNextLapOnce) {
  FreeRun run;
  FrameSpan span = run.ahead(0, 32);
  EXPECT_EQ(span.start_frames, 0u);
  EXPECT_EQ(span.count_frames, 32u);
  EXPECT_TRUE(run.ahead(0, 32).empty());
  span = run.ahead(5, 32);
  EXPECT_EQ(span.start_frames, 32u);
  EXPECT_EQ(span.count_frames, 5u);
  span = run.ahead(100, 32);
  EXPECT_EQ(span.start_frames, 100u) << "frames that have passed are not reported any more";
  EXPECT_EQ(span.count_frames, 32u);
  run.reset();
  EXPECT_EQ(run.ahead(101, 32).count_frames, 32u);
}

TEST(FreeRunTest, ReportsAChangeForTheLapInWhichItIsPlayed) {
  const auto ahead = FreeRun::changed({.start_frames = 40, .count_frames = 4}, 36, 32);
  EXPECT_EQ(ahead[0].start_frames, 40u);
  EXPECT_EQ(ahead[0].count_frames, 4u);
  EXPECT_TRUE(ahead[1].empty());
  const auto behind = FreeRun::changed({.start_frames = 34, .count_frames = 4}, 36, 32);
  EXPECT_EQ(behind[0].start_frames, 66u) << "two frames are played a lap later";
  EXPECT_EQ(behind[0].count_frames, 2u);
  EXPECT_EQ(behind[1].start_frames, 36u) << "and two in this lap";
  EXPECT_EQ(behind[1].count_frames, 2u);
}

TEST(XrunLatchTest, StoresLessAndLessOften) {
  XrunLatch latch;
  EXPECT_EQ(latch.begin(300'000'000), 300'000'000);
  EXPECT_EQ(latch.again(), 600'000'000);
  EXPECT_EQ(latch.again(), 1'000'000'000);
  EXPECT_EQ(latch.again(), 1'000'000'000) << "a second at most";
  EXPECT_EQ(latch.begin(7), 7) << "a new xrun";
}

TEST(LastAnswerTest, IsGivenAgainOnceAndOnlyForAMoment) {
  LastAnswer last;
  EXPECT_FALSE(last.use_repeat()) << "there is none";
  last.set({.answer = 5}, 1'000'000);
  EXPECT_TRUE(last.is_recent(1'099'999));
  EXPECT_FALSE(last.is_recent(1'100'000));
  EXPECT_TRUE(last.use_repeat());
  EXPECT_FALSE(last.use_repeat());
  last.set({.answer = 6}, 2'000'000);
  last.expire();
  EXPECT_FALSE(last.use_repeat());
}

}  // namespace
}  // namespace dmasim
