// SPDX-License-Identifier: LGPL-2.1-or-later
/// The frames in the ring where the program has not written. snd_pcm_forward commits them as they
/// are, so that they are played.
#include <gtest/gtest.h>
#include <malloc.h>

#include <tuple>

#include "tests/substream/ioplug_pcm.h"

namespace dmasim {
namespace {

constexpr snd_pcm_uframes_t kBoundary = 32 << 10;

const auto kSilence = [](size_t frames) { return Samples(frames, 0); };

SwParams silent(snd_pcm_uframes_t threshold, snd_pcm_uframes_t size) {
  return {.avail_min = 8,
          .start_threshold = 1000,
          .stop_threshold = kBoundary,
          .silence_threshold = threshold,
          .silence_size = size};
}

/// Within its scope malloc gives memory that is not zero, except for small pieces from its cache.
class DirtyMemory {
 public:
  DirtyMemory() { mallopt(M_PERTURB, 0x5a); }
  ~DirtyMemory() { mallopt(M_PERTURB, 0); }
  DirtyMemory(const DirtyMemory&) = delete;
  DirtyMemory& operator=(const DirtyMemory&) = delete;
};

constexpr PcmSetup kLarge{.period_size = 256, .buffer_size = 1024, .boundary = kBoundary};

TEST(SubstreamRing, IsSilentUntilSomethingIsWritten) {
  const DirtyMemory dirty;
  IoplugPcm pcm(kLarge);
  ASSERT_EQ(pcm.sw_params(silent(0, 0)), 0);
  ASSERT_EQ(pcm.write(5), 5);
  ASSERT_EQ(pcm.forward(1019), 1019);
  ASSERT_EQ(pcm.start(), 0);
  pcm.pass(1024);
  EXPECT_EQ(pcm.avail(), 1024);
  EXPECT_EQ(pcm.sink().played, counted(1, 5) + kSilence(1019));
}

TEST(SubstreamRing, IsSilentAgainAfterEachHwParams) {
  const DirtyMemory dirty;
  IoplugPcm pcm(kLarge);
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_EQ(pcm.sw_params(silent(0, 0)), 0);
    ASSERT_EQ(pcm.write(900), 900);
    ASSERT_EQ(pcm.hw_params(), 0);
    ASSERT_EQ(pcm.sw_params(silent(0, 0)), 0);
    ASSERT_EQ(pcm.forward(1024), 1024);
    ASSERT_EQ(pcm.start(), 0);
    pcm.pass(1024);
    ASSERT_EQ(pcm.avail(), 1024);
    ASSERT_EQ(pcm.sink().came_out, kSilence(1024));
    pcm.sink().came_out.clear();
    ASSERT_EQ(pcm.drop(), 0);
    ASSERT_EQ(pcm.prepare(), 0);
  }
}

TEST(SubstreamRing, KeepsOldDataAcrossPrepareAsAKernelsDoes) {
  IoplugPcm pcm({});
  ASSERT_EQ(pcm.sw_params(silent(0, 0)), 0);
  ASSERT_EQ(pcm.write(32), 32);
  ASSERT_EQ(pcm.drop(), 0);
  ASSERT_EQ(pcm.prepare(), 0);
  ASSERT_EQ(pcm.forward(32), 32);
  ASSERT_EQ(pcm.start(), 0);
  pcm.run(10);
  EXPECT_EQ(pcm.avail(), 10);
  EXPECT_EQ(pcm.sink().played, counted(1, 10));
}

/// The ring has old data 1 to 32. Then new data 33 to 42 is written, and the rest is committed at
/// once.
class SubstreamSilence : public ::testing::Test {
 protected:
  void prepare(snd_pcm_uframes_t threshold, snd_pcm_uframes_t size) {
    ASSERT_EQ(pcm_.sw_params(silent(threshold, size)), 0);
    ASSERT_EQ(pcm_.write(32), 32);
    ASSERT_EQ(pcm_.rewind(32), 32);
    ASSERT_EQ(pcm_.write(10), 10);
    ASSERT_EQ(pcm_.start(), 0);
  }
  /// The frames that are played up to the end of the ring.
  Samples rest_of_the_ring() {
    pcm_.forward(32 - pcm_.appl_ptr());
    pcm_.pass(32);
    EXPECT_GE(pcm_.avail(), 32);
    return Samples(pcm_.sink().came_out.begin(), pcm_.sink().came_out.begin() + 32);
  }

  IoplugPcm pcm_{{}};
};

TEST_F(SubstreamSilence, IsNotThereUnlessAskedFor) {
  prepare(0, 0);
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + counted(11, 22));
}

TEST_F(SubstreamSilence, EndlessIsAllThatIsNotWritten) {
  prepare(0, kBoundary);
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + kSilence(22));
}

TEST_F(SubstreamSilence, EndlessFollowsTheHardwareFrameByFrame) {
  ASSERT_EQ(pcm_.sw_params(silent(0, kBoundary)), 0);
  ASSERT_EQ(pcm_.write(32), 32);
  ASSERT_EQ(pcm_.start(), 0);
  pcm_.run(13);
  EXPECT_EQ(pcm_.avail(), 13);
  pcm_.forward(14);  // one frame more than the hardware has passed
  pcm_.pass(32);
  EXPECT_EQ(pcm_.avail(), 31);
  EXPECT_EQ(pcm_.sink().played, counted(1, 32) + kSilence(13));
  pcm_.run(1);
  EXPECT_EQ(pcm_.avail(), 32);
  EXPECT_EQ(pcm_.sink().played, counted(1, 32) + kSilence(14)) << "passed since";
}

TEST_F(SubstreamSilence, EndlessIsAllThatALateProgramPlays) {
  ASSERT_EQ(pcm_.sw_params(silent(0, kBoundary)), 0);
  ASSERT_EQ(pcm_.write(20), 20);
  ASSERT_EQ(pcm_.start(), 0);
  pcm_.run(100);
  EXPECT_EQ(pcm_.avail(), 112);
  EXPECT_EQ(pcm_.sink().played, counted(1, 20));
  EXPECT_EQ(pcm_.sink().leftovers, kSilence(80));
  for (size_t n = 0; n < 100; ++n)
    EXPECT_EQ(pcm_.sink().reported.at(n), pcm_.sink().came_out[n]) << n;
}

TEST_F(SubstreamSilence, EndlessBegunWhileItRunsIsBehindWhatIsWritten) {
  prepare(0, 0);
  pcm_.run(4);
  ASSERT_EQ(pcm_.sw_params(silent(0, kBoundary)), 0);
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + kSilence(22));
}

TEST_F(SubstreamSilence, ThresholdReachesSoFarAndNoFarther) {
  prepare(16, 16);
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + kSilence(6) + counted(17, 16));
}

TEST_F(SubstreamSilence, ThresholdThatIsWrittenAlreadyIsNoSilence) {
  prepare(10, 10);
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + counted(11, 22));
}

TEST_F(SubstreamSilence, SizeIsTheMostAtATime) {
  prepare(16, 4);
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + kSilence(4) + counted(15, 18));
}

TEST_F(SubstreamSilence, GoesOnWithEachTick) {
  prepare(16, 4);
  pcm_.run(7);
  EXPECT_EQ(pcm_.avail(), 29);
  pcm_.run(1);  // at frame 8: up to 14 there was silence, so four more, up to 18
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + kSilence(8) + counted(19, 14));
}

TEST_F(SubstreamSilence, OfATickIsTheTicksHoweverLateItComes) {
  prepare(8, 8);
  pcm_.run_late(11);  // the interrupt of frame 8 comes at frame 11
  lockstep::settle();
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + counted(11, 1) + kSilence(5) + counted(17, 16));
}

TEST_F(SubstreamSilence, BegunWhileItRunsLooksFromTheFrameOfThatMoment) {
  prepare(0, 0);
  pcm_.run(5);
  ASSERT_EQ(pcm_.sw_params(silent(12, 12)), 0);
  EXPECT_EQ(rest_of_the_ring(), counted(33, 10) + kSilence(7) + counted(18, 15));
}

TEST_F(SubstreamSilence, DrainLeavesSilenceBehindTheLastFrame) {
  prepare(0, 0);
  ASSERT_EQ(pcm_.drain(), 0);
  pcm_.sink().came_out.clear();
  ASSERT_EQ(pcm_.prepare(), 0);
  ASSERT_EQ(pcm_.write(10), 10);
  ASSERT_EQ(pcm_.start(), 0);
  EXPECT_EQ(rest_of_the_ring(), counted(43, 10) + kSilence(22));
}

class SubstreamSilenceAndPlay
    : public ::testing::TestWithParam<std::pair<snd_pcm_uframes_t, snd_pcm_uframes_t>> {};

/// All frames of a program that writes in time are played.
TEST_P(SubstreamSilenceAndPlay, NeverTouchesWhatTheProgramWrites) {
  IoplugPcm pcm({.period_size = 7, .buffer_size = 30, .boundary = 30 << 8});
  SwParams sw = silent(GetParam().first, GetParam().second);
  sw.start_threshold = 1;
  sw.stop_threshold = 30;
  ASSERT_EQ(pcm.sw_params(sw), 0);
  snd_pcm_uframes_t written = 0;
  for (snd_pcm_uframes_t size = 1; written < 500; size = size % 29 + 1) {
    ASSERT_EQ(pcm.write(size), static_cast<snd_pcm_sframes_t>(size));
    written += size;
    while (pcm.avail() < 13) pcm.run(1);
  }
  ASSERT_EQ(pcm.drain(), 0);
  EXPECT_EQ(pcm.sink().played, counted(1, written));
  EXPECT_TRUE(pcm.sink().leftovers.empty());
}

INSTANTIATE_TEST_SUITE_P(Rules, SubstreamSilenceAndPlay,
                         ::testing::Values(std::pair<snd_pcm_uframes_t, snd_pcm_uframes_t>{0, 0},
                                           std::pair<snd_pcm_uframes_t, snd_pcm_uframes_t>{0,
                                                                                           30 << 8},
                                           std::pair<snd_pcm_uframes_t, snd_pcm_uframes_t>{30, 30},
                                           std::pair<snd_pcm_uframes_t, snd_pcm_uframes_t>{8, 3}));

}  // namespace
}  // namespace dmasim
