// SPDX-License-Identifier: LGPL-2.1-or-later
/// PCMs with the same options share a card's engine. Options with any difference are not the same.
#include <gtest/gtest.h>

#include <functional>

#include "engine/device/capture_port.h"
#include "engine/device/playback_port.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"
#include "engine/dma/dma_device.h"

namespace dmasim {
namespace {

TEST(EngineOptions, DifferInEachOfTheirMembers) {
  const std::vector<std::function<void(DmaDevice::Options&)>> changes{
      [](auto& o) { o.completion = CompletionTopology::shared; },
      [](auto& o) { o.rt_priority = 1; },
      [](auto& o) { o.channel_names = {"a"}; },
      [](auto& o) { o.channel.memcpy_bytes_per_s = 1; },
      [](auto& o) { o.channel.slow_to_stop = true; },
      [](auto& o) { o.channel.caps.mem_to_dev = false; },
      [](auto& o) { o.channel.caps.dev_to_mem = false; },
      [](auto& o) { o.channel.caps.mem_to_mem = false; },
      [](auto& o) { o.channel.caps.addr_widths = 2; },
      [](auto& o) { o.channel.caps.max_burst = 2; },
      [](auto& o) { o.channel.caps.cmd_pause = false; },
      [](auto& o) { o.channel.caps.cmd_resume = false; },
      [](auto& o) { o.channel.caps.descriptor_reuse = false; },
      [](auto& o) { o.channel.caps.residue_granularity = ResidueGranularity::descriptor; },
  };
  const DmaDevice::Options usual;
  EXPECT_EQ(usual, DmaDevice::Options{});
  for (size_t i = 0; i < changes.size(); ++i) {
    DmaDevice::Options other;
    changes[i](other);
    EXPECT_NE(usual, other) << "change " << i;
    EXPECT_EQ(other, DmaDevice::Options(other)) << "change " << i;
  }
}

TEST(ChannelHandles, MayBeMovedOntoThemselves) {
  const auto engine =
      std::make_shared<DmaDevice>(std::make_shared<ManualClock>(), DmaDevice::Options{});
  auto taken = engine->request_chan();
  ASSERT_TRUE(taken);
  ChannelHandle handle = *std::move(taken);
  ChannelHandle& same = handle;
  handle = std::move(same);
  EXPECT_TRUE(handle);
  EXPECT_TRUE(handle.release());
  EXPECT_FALSE(handle);
}

/// A device of one direction does not change memory when the other direction is called.
TEST(Ports, MoveNothingTheOtherWay) {
  const auto sink = make_null_sink();
  PlaybackPort playback(*sink);
  ASSERT_TRUE(playback.configure(4, 0));
  std::vector<std::byte> frames(16, std::byte{7});
  playback.read(frames);
  EXPECT_EQ(frames, std::vector(16, std::byte{7}));
  const auto source = make_counter_source();
  CapturePort capture(*source);
  capture.configure(4, 2);
  capture.write(frames, true);
  EXPECT_EQ(source->stats().read_frames, 0U);
  EXPECT_EQ(capture.in_flight_bytes(), 0U);
}

}  // namespace
}  // namespace dmasim
