// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/dma/prep.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "engine/dma/channel_state.h"
#include "tests/unit/dma/recording_port.h"

namespace dmasim {
namespace {

class PrepTest : public ::testing::Test {
 protected:
  PrepContext playback() {
    config_.port = &port_;
    config_.maxburst = 4;
    return {config_, caps_};
  }
  PrepContext memory() { return {config_, caps_}; }
  SgEntry piece(size_t bytes) { return {memory_.data(), bytes}; }

  int sg_error(std::vector<SgEntry> list, Direction direction = Direction::mem_to_dev) {
    return make_slave_sg(playback(), list, direction, {}).error();
  }

  RecordingPort port_;
  SlaveConfig config_;
  SlaveCaps caps_;
  std::array<std::byte, 64> memory_{};
};

TEST_F(PrepTest, AListNeedsMemoryInEachPiece) {
  EXPECT_EQ(sg_error({}), EINVAL);
  EXPECT_EQ(sg_error({piece(4), piece(0)}), EINVAL);
  EXPECT_EQ(sg_error({piece(4), {nullptr, 4}}), EINVAL);
  EXPECT_EQ(sg_error({piece(4), piece(8)}), 0);
}

TEST_F(PrepTest, AListIsWholeBurstsInTotalIfNotInEachPiece) {
  EXPECT_EQ(sg_error({piece(3), piece(4)}), EINVAL);
  EXPECT_EQ(sg_error({piece(3), piece(5)}), 0);
}

TEST_F(PrepTest, LengthsThatOverflowAreRefused) {
  EXPECT_EQ(sg_error({piece(SIZE_MAX - 3), piece(8)}), EINVAL);
  const InterleavedTemplate layout{
      .src_start = memory_.data(), .numf = SIZE_MAX / 2, .sgl = {{.size = 4}}};
  EXPECT_EQ(make_interleaved(playback(), layout, {}).error(), EINVAL);
}

TEST_F(PrepTest, ASlaveTransferGoesTheWayThatTheDeviceWasConfiguredFor) {
  EXPECT_EQ(sg_error({piece(4)}, Direction::dev_to_mem), EINVAL);
  EXPECT_EQ(sg_error({piece(4)}, Direction::mem_to_mem), EINVAL);
  EXPECT_EQ(make_cyclic(playback(), memory_, 4, Direction::mem_to_mem, {}).error(), EINVAL);
  EXPECT_EQ(make_slave_sg(memory(), {}, Direction::mem_to_dev, {}).error(), EINVAL);
}

TEST_F(PrepTest, OnlyAnUnconfiguredChannelCopiesMemory) {
  const auto copy = [this](const PrepContext& context) {
    return make_memcpy(context, memory_.data() + 32, memory_.data(), 7, {}).error();
  };
  EXPECT_EQ(copy(memory()), 0);
  EXPECT_EQ(copy(playback()), EINVAL);
}

TEST_F(PrepTest, ACopyNeedsBothSidesAndALength) {
  std::byte* const at = memory_.data();
  EXPECT_EQ(make_memcpy(memory(), nullptr, at, 4, {}).error(), EINVAL);
  EXPECT_EQ(make_memcpy(memory(), at, nullptr, 4, {}).error(), EINVAL);
  EXPECT_EQ(make_memcpy(memory(), at, at + 8, 0, {}).error(), EINVAL);
}

TEST_F(PrepTest, AControllerWithoutTheCapCopiesNothing) {
  caps_.mem_to_mem = false;
  EXPECT_EQ(make_memcpy(memory(), memory_.data() + 32, memory_.data(), 7, {}).error(), EINVAL);
}

TEST_F(PrepTest, ATemplateNeedsFramesChunksAndItsSideOfMemory) {
  const auto error = [this](size_t frames, std::vector<DataChunk> sgl, const std::byte* src) {
    const InterleavedTemplate layout{.src_start = src, .numf = frames, .sgl = std::move(sgl)};
    return make_interleaved(playback(), layout, {}).error();
  };
  EXPECT_EQ(error(1, {{.size = 4}}, memory_.data()), 0);
  EXPECT_EQ(error(0, {{.size = 4}}, memory_.data()), EINVAL);
  EXPECT_EQ(error(1, {}, memory_.data()), EINVAL);
  EXPECT_EQ(error(1, {{.size = 0}}, memory_.data()), EINVAL);
  EXPECT_EQ(error(1, {{.size = 4}}, nullptr), EINVAL);
  EXPECT_EQ(error(1, {{.size = 6}}, memory_.data()), EINVAL);
  EXPECT_EQ(error(2, {{.size = 6}}, memory_.data()), 0) << "bursts may span the frames";
}

TEST_F(PrepTest, OnlyATemplateRepeats) {
  const std::vector<SgEntry> list{piece(4)};
  EXPECT_FALSE(make_slave_sg(playback(), list, Direction::mem_to_dev, {.repeat = true})->cyclic);
  const InterleavedTemplate layout{.src_start = memory_.data(), .numf = 2, .sgl = {{.size = 4}}};
  const Result<Transfer> repeated = make_interleaved(playback(), layout, {.repeat = true});
  EXPECT_TRUE(repeated->cyclic);
  EXPECT_EQ(repeated->period_bytes, 8u);
}

class CapsTest : public ::testing::Test {
 protected:
  static int configure_error(const SlaveCaps& caps, SlaveConfig config) {
    RecordingPort port;
    config.port = &port;
    return ChannelState({.caps = caps}).configure(config).error();
  }
};

TEST_F(CapsTest, ADirectionThatTheControllerHasNotIsInvalid) {
  const SlaveConfig playback{.direction = Direction::mem_to_dev};
  const SlaveConfig capture{.direction = Direction::dev_to_mem};
  EXPECT_EQ(configure_error({.mem_to_dev = false}, playback), EINVAL);
  EXPECT_EQ(configure_error({.mem_to_dev = false}, capture), 0);
  EXPECT_EQ(configure_error({.dev_to_mem = false}, capture), EINVAL);
  EXPECT_EQ(configure_error({.dev_to_mem = false}, playback), 0);
  EXPECT_EQ(configure_error({}, {.direction = Direction::mem_to_mem}), EINVAL);
}

TEST_F(CapsTest, AWidthThatTheControllerHasNotIsInvalid) {
  EXPECT_EQ(configure_error({}, {.addr_width_bytes = 8}), 0);
  for (const uint32_t width : {0u, 5u, 16u, 64u, 66u}) {
    EXPECT_EQ(configure_error({}, {.addr_width_bytes = width}), EINVAL) << width;
  }
}

TEST_F(CapsTest, ABurstLongerThanTheControllersIsInvalid) {
  const SlaveCaps caps{.max_burst = 16};
  EXPECT_EQ(configure_error(caps, {.maxburst = 16}), 0);
  EXPECT_EQ(configure_error(caps, {.maxburst = 17}), EINVAL);
  EXPECT_EQ(configure_error(caps, {.maxburst = 0}), EINVAL);
}

TEST_F(CapsTest, AControllerThatCannotPauseSaysSo) {
  ChannelState no_pause({.caps = {.cmd_pause = false}});
  EXPECT_EQ(no_pause.pause(0).error(), ENOSYS);
  EXPECT_EQ(no_pause.resume(0).error(), EINVAL) << "it could, but nothing is paused";
  ChannelState no_resume({.caps = {.cmd_resume = false}});
  EXPECT_EQ(no_resume.pause(0).error(), EINVAL);
  EXPECT_EQ(no_resume.resume(0).error(), ENOSYS);
}

}  // namespace
}  // namespace dmasim
