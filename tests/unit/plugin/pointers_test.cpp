// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/pointers.h"

#include <gtest/gtest.h>

namespace dmasim {
namespace {

Pointers make(snd_pcm_stream_t stream, snd_pcm_uframes_t boundary = 64) {
  Pointers pointers;
  pointers.configure(stream, 16);
  pointers.set_boundary(boundary);
  return pointers;
}

TEST(Pointers, NothingIsDividedByAnUnknownBoundary) {
  const Pointers unset;
  EXPECT_EQ(unset.hw_ptr(), 0u);
  EXPECT_EQ(unset.avail(), 0u);
  EXPECT_EQ(unset.appl_frames(), 0u);
}

TEST(Pointers, PlaybackAvailIsTheEmptyPart) {
  Pointers pointers = make(SND_PCM_STREAM_PLAYBACK);
  EXPECT_EQ(pointers.avail(), 16u);
  pointers.show_appl_ptr(12);
  EXPECT_EQ(pointers.avail(), 4u);
  pointers.set_hw_frames(12);
  EXPECT_EQ(pointers.avail(), 16u);
  pointers.set_hw_frames(20);
  EXPECT_EQ(pointers.avail(), 24u) << "the hardware has passed the application";
  EXPECT_EQ(pointers.lead(), -8);
}

TEST(Pointers, CaptureAvailIsTheFilledPart) {
  Pointers pointers = make(SND_PCM_STREAM_CAPTURE);
  pointers.set_hw_frames(20);
  pointers.show_appl_ptr(15);
  EXPECT_EQ(pointers.avail(), 5u);
}

TEST(Pointers, PositionsWrapAtTheBoundary) {
  Pointers pointers = make(SND_PCM_STREAM_PLAYBACK);
  for (uint64_t hw = 0; hw < 500; ++hw) {
    for (uint64_t lead = 0; lead <= 16; ++lead) {
      pointers.set_hw_frames(hw);
      pointers.show_appl_ptr((hw + lead) % 64);
      ASSERT_EQ(pointers.hw_ptr(), hw % 64);
      ASSERT_EQ(pointers.lead(), static_cast<snd_pcm_sframes_t>(lead));
      ASSERT_EQ(pointers.appl_frames(), hw + lead);
      ASSERT_EQ(pointers.avail(), 16 - lead);
    }
  }
}

/// The hardware runs freely, and the application does not move.
TEST(Pointers, TheApplicationIsLessThanHalfABoundaryAway) {
  Pointers pointers = make(SND_PCM_STREAM_PLAYBACK);
  pointers.show_appl_ptr(20);
  for (int64_t hw = 0; hw < 500; ++hw) {
    pointers.set_hw_frames(static_cast<uint64_t>(hw));
    ASSERT_GE(pointers.lead(), -32) << hw;
    ASSERT_LT(pointers.lead(), 32) << hw;
    ASSERT_EQ((hw + pointers.lead() - 20) % 64, 0) << hw;
  }
}

/// snd_pcm_mmap_appl_forward
snd_pcm_uframes_t forwarded(snd_pcm_uframes_t appl_ptr, snd_pcm_uframes_t frames) {
  appl_ptr += frames;
  return appl_ptr >= 64 ? appl_ptr - 64 : appl_ptr;
}

TEST(Pointers, ATransferCountsBeforeAlsaLibShowsIt) {
  for (snd_pcm_uframes_t before = 0; before < 64; ++before) {
    Pointers pointers = make(SND_PCM_STREAM_PLAYBACK);
    pointers.show_appl_ptr(before);
    const snd_pcm_uframes_t marked = pointers.transferred(8);
    const snd_pcm_uframes_t after = (before + 8) % 64;
    ASSERT_EQ(pointers.appl_ptr(), after);
    if (before + 8 < 64) {
      pointers.show_appl_ptr(marked);
      ASSERT_EQ(pointers.appl_ptr(), after) << "alsa-lib has not moved its pointer yet";
    }
    ASSERT_EQ(forwarded(marked, 8), after);
    pointers.show_appl_ptr(after);
    pointers.show_appl_ptr(before);
    ASSERT_EQ(pointers.appl_ptr(), before) << "it has, and the application went back";
  }
}

TEST(Pointers, TheDefaultBoundaryIsAlsaLibs) {
  const snd_pcm_uframes_t boundary = Pointers::default_boundary(48000);
  EXPECT_EQ(boundary % 48000, 0u);
  EXPECT_LE(boundary, static_cast<snd_pcm_uframes_t>(__LONG_MAX__) - 48000);
  EXPECT_GT(boundary, static_cast<snd_pcm_uframes_t>(__LONG_MAX__) / 2 - 48000);
}

}  // namespace
}  // namespace dmasim
