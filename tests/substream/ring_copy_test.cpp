// SPDX-License-Identifier: LGPL-2.1-or-later
/// Copies between a ring and a program's areas, interleaved or not.
#include "plugin/pcm/ring_copy.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <numeric>
#include <vector>

#include "engine/dma/dma_device.h"
#include "tests/substream/lockstep.h"

namespace dmasim {
namespace {

constexpr snd_pcm_uframes_t kFrames = 8;
using Samples16 = std::vector<int16_t>;
using Areas = std::array<snd_pcm_channel_area_t, 2>;

class RingCopy : public ::testing::Test {
 protected:
  RingCopy() {
    auto ring = Ring::allocate(kFrames * 4);
    ring_ = std::move(*ring);
    areas_.configure(ring_, SND_PCM_FORMAT_S16_LE, 2, kFrames);
    areas_.fill_silence();
    auto channel = device_->request_chan();
    channel_ = std::move(*channel);
    std::iota(samples_.begin(), samples_.end(), int16_t{1});
  }
  [[nodiscard]] Samples16 ring() const {
    Samples16 all(kFrames * 2);
    std::memcpy(all.data(), ring_.span().data(), all.size() * 2);
    return all;
  }
  static snd_pcm_channel_area_t area(int16_t* at, unsigned first_bits, unsigned step_bits) {
    return {.addr = at, .first = first_bits, .step = step_bits};
  }

  std::shared_ptr<DmaDevice> device_ = std::make_shared<DmaDevice>(
      std::make_shared<lockstep::LockstepClock>(), DmaDevice::Options{});
  ChannelHandle channel_;
  Ring ring_;
  RingAreas areas_;
  Samples16 samples_ = Samples16(kFrames * 4);  // 1, 2, 3, ...
};

TEST_F(RingCopy, TakesInterleavedFramesAcrossTheEnd) {
  const Areas areas{area(samples_.data(), 0, 32), area(samples_.data(), 16, 32)};
  areas_.copy_in(*channel_, 6, areas.data(), 1, 4);
  EXPECT_EQ(ring(), (Samples16{7, 8, 9, 10, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 5, 6}));
}

TEST_F(RingCopy, TakesAnAreaForEachChannel) {
  const Areas areas{area(samples_.data(), 0, 16), area(samples_.data() + 16, 0, 16)};
  areas_.copy_in(*channel_, 0, areas.data(), 1, 2);
  EXPECT_EQ(ring(), (Samples16{2, 18, 3, 19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_F(RingCopy, TakesChannelsOfTwoBuffers) {
  const Areas areas{area(samples_.data(), 0, 32), area(samples_.data() + 16, 16, 32)};
  areas_.copy_in(*channel_, 0, areas.data(), 0, 2);
  EXPECT_EQ(ring(), (Samples16{1, 18, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_F(RingCopy, TakesTwoOfThreeChannels) {
  const Areas areas{area(samples_.data(), 0, 48), area(samples_.data(), 16, 48)};
  areas_.copy_in(*channel_, 0, areas.data(), 0, 2);
  EXPECT_EQ(ring(), (Samples16{1, 2, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_F(RingCopy, TakesChannelsInAnotherOrder) {
  const Areas areas{area(samples_.data(), 16, 32), area(samples_.data(), 0, 32)};
  areas_.copy_in(*channel_, 0, areas.data(), 0, 2);
  EXPECT_EQ(ring(), (Samples16{2, 1, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_F(RingCopy, GivesFramesInEitherLayout) {
  const Areas source{area(samples_.data(), 0, 32), area(samples_.data(), 16, 32)};
  areas_.copy_in(*channel_, 0, source.data(), 0, 4);
  Samples16 got(8);
  const Areas interleaved{area(got.data(), 0, 32), area(got.data(), 16, 32)};
  areas_.copy_out(*channel_, 1, interleaved.data(), 1, 3);
  EXPECT_EQ(got, (Samples16{0, 0, 3, 4, 5, 6, 7, 8}));
  const Areas apart{area(got.data(), 0, 16), area(got.data() + 4, 0, 16)};
  areas_.copy_out(*channel_, 0, apart.data(), 0, 4);
  EXPECT_EQ(got, (Samples16{1, 3, 5, 7, 2, 4, 6, 8}));
}

/// As in snd_pcm_areas_copy: a null buffer has silence, and takes nothing. snd_pcm_writen gives one
/// buffer for each channel, and any of them may be null. With one channel its frames lie as the
/// ring's.
TEST_F(RingCopy, TakesSilenceFromANullBuffer) {
  const Areas areas{area(samples_.data(), 0, 32), area(samples_.data(), 16, 32)};
  areas_.copy_in(*channel_, 0, areas.data(), 0, 8);
  const Areas none{area(nullptr, 0, 32), area(nullptr, 16, 32)};
  areas_.copy_in(*channel_, 6, none.data(), 0, 3);
  EXPECT_EQ(ring(), (Samples16{0, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0}));
}

TEST_F(RingCopy, GivesNothingToANullBuffer) {
  const Areas none{area(nullptr, 0, 32), area(nullptr, 16, 32)};
  areas_.copy_out(*channel_, 6, none.data(), 0, 3);
  EXPECT_EQ(ring(), Samples16(kFrames * 2));
}

}  // namespace
}  // namespace dmasim
