// SPDX-License-Identifier: LGPL-2.1-or-later
/// For each call that can run out of memory: each of its allocations is refused once. Then the call
/// answers ENOMEM, keeps nothing, and succeeds the next time.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/card/mixer_file.h"
#include "engine/card/subdevice.h"
#include "engine/device/playback_port.h"
#include "engine/device/volume.h"
#include "engine/dma/dma_device.h"
#include "engine/recording/file_sink.h"
#include "engine/recording/file_source.h"
#include "tests/unit/cable/cable_fixture.h"
#include "tests/unit/dma/recording_port.h"
#include "tests/unit/refused_allocation.h"

namespace dmasim {
namespace {

constexpr PcmFormat kStereo{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};
constexpr uint64_t kBurst = 4096;
constexpr const char* kCable = "a-cable-whose-name-is-not-short";

size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

/// At the end there must be as many blocks and descriptors as before.
class RefusedMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    descriptors_ = open_descriptors();
    blocks_ = live_blocks();
  }
  void TearDown() override {
    EXPECT_EQ(live_blocks(), blocks_);
    EXPECT_EQ(open_descriptors(), descriptors_);
  }
  /// `call` answers a Result. For each refused allocation it must be ENOMEM. There must be `least`
  /// or more of them.
  template <typename Call>
  void refuse_each(Call call, size_t least = 1) {
    const size_t refused = refuse_each_allocation(
        [&] { return error_of(call); },
        [](int error, bool happened) { EXPECT_EQ(error, happened ? ENOMEM : 0); });
    EXPECT_GE(refused, least);
    EXPECT_LT(refused, kMostAllocations);
  }

  const RuntimeDirectory runtime_;

 private:
  size_t descriptors_ = 0;
  long blocks_ = 0;
};

/// Stores the object that a call has made.
template <typename T>
Result<void> keep(Result<T> made, std::optional<T>& kept) {
  if (!made) return made.as_errno();
  kept.emplace(*std::move(made));
  return {};
}

TEST_F(RefusedMemory, OfAFileSinkThatIsMade) {
  std::optional<std::unique_ptr<Sink>> sink;
  const std::string path = runtime_.path() / "played.wav";
  refuse_each([&] { return keep(make_file_sink(path.c_str(), {}), sink); });
  EXPECT_TRUE(sink);
  EXPECT_FALSE(std::filesystem::exists(path));
}

class RefusedMemoryOfARecording : public RefusedMemory,
                                  public ::testing::WithParamInterface<const char*> {};

TEST_P(RefusedMemoryOfARecording, WhenItBegins) {
  const std::vector<int16_t> samples(2 * 1000, 0x1234);
  const std::string path = runtime_.path() / (std::string("a.") + GetParam());
  auto sink = make_file_sink(path.c_str(), {});
  ASSERT_TRUE(sink);
  refuse_each([&] { return (*sink)->configure(kStereo, kBurst); }, 4);
  (*sink)->write(std::as_bytes(std::span(samples)), true);
  EXPECT_TRUE((*sink)->flush());
  EXPECT_EQ((*sink)->stats().lost_frames, 0U);
  *sink = nullptr;
  EXPECT_GT(std::filesystem::file_size(path), 40U);
}

INSTANTIATE_TEST_SUITE_P(Types, RefusedMemoryOfARecording,
                         ::testing::Values("wav", "raw", "w64", "flac"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_F(RefusedMemory, OfAnotherFormatsRecording) {
  const std::vector<int16_t> samples(2 * 1000, 0x1234);
  const std::string path = runtime_.path() / "a.raw";
  auto sink = make_file_sink(path.c_str(), {});
  ASSERT_TRUE(sink);
  ASSERT_TRUE((*sink)->configure(kStereo, kBurst));
  (*sink)->write(std::as_bytes(std::span(samples)), true);
  const PcmFormat mono{.sample = SampleFormat::s16_le, .channels = 1, .rate_hz = 48000};
  ASSERT_TRUE((*sink)->flush());
  refuse_each([&] { return (*sink)->configure(mono, kBurst); });
  (*sink)->write(std::as_bytes(std::span(samples)), true);
  EXPECT_TRUE((*sink)->flush());
  sink = std::unique_ptr<Sink>();
  EXPECT_EQ(std::filesystem::file_size(path), 4000U);
  EXPECT_EQ(std::filesystem::file_size(runtime_.path() / "a.1.raw"), 4000U);
}

TEST_F(RefusedMemory, OfALargerQueue) {
  auto sink = make_file_sink((runtime_.path() / "a.raw").c_str(), {});
  ASSERT_TRUE(sink);
  ASSERT_TRUE((*sink)->configure(kStereo, kBurst));
  refuse_each([&] { return (*sink)->configure(kStereo, 8 * kBurst); });
}

TEST_F(RefusedMemory, OfASoundFilesReader) {
  const std::string path = runtime_.path() / "sound.wav";
  SF_INFO info{};
  info.samplerate = 48000;
  info.channels = 2;
  info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr);
  const std::vector<int16_t> samples(2 * 1000, 0x1234);
  EXPECT_EQ(sf_write_short(file, samples.data(), 2000), 2000);
  sf_close(file);

  std::optional<std::unique_ptr<Source>> source;
  refuse_each([&] { return keep(make_file_source(path.c_str()), source); });
  ASSERT_TRUE(source);
  refuse_each([&] { return (*source)->configure(kStereo, kBurst); }, 2);
  std::vector<int16_t> captured(2 * 1000);
  (*source)->read(std::as_writable_bytes(std::span(captured)));
  EXPECT_EQ(captured, samples);
}

TEST_F(RefusedMemory, OfACablesReader) {
  const auto clock = std::make_shared<ManualClock>();
  Listener listener(clock, kCable);
  refuse_each([&] { return listener.start(0); });
}

TEST_F(RefusedMemory, OfACablesPlayerLeavesTheCableToOthers) {
  const auto clock = std::make_shared<ManualClock>();
  Player player(clock, kCable);
  const size_t refused =
      refuse_each_allocation([&] { return error_of([&] { return player.begin(1); }); },
                             [&](int error, bool happened) {
                               ASSERT_EQ(error, happened ? ENOMEM : 0);
                               if (!happened) return;
                               EXPECT_TRUE(Player(clock, kCable).begin(1));
                             });
  EXPECT_GE(refused, 1U);
}

TEST_F(RefusedMemory, OfACablesPlayerWithVolumeLeavesTheCableToOthers) {
  const auto clock = std::make_shared<ManualClock>();
  auto sink =
      make_volume_sink(make_cable_sink(kCable, clock, {}), {.card = "dmasim", .clock = clock});
  const size_t refused = refuse_each_allocation(
      [&] { return error_of([&] { return sink->configure(kSlow, kRingFrames); }); },
      [&](int error, bool happened) {
        ASSERT_EQ(error, happened ? ENOMEM : 0);
        if (!happened) return;
        sink->release();
        EXPECT_TRUE(Player(clock, kCable).begin(1));
      });
  EXPECT_GE(refused, 2U);
}

TEST_F(RefusedMemory, OfAMixersFile) {
  const std::string card(40, 'c');
  std::optional<MixerFile> file;
  refuse_each([&] { return keep(MixerFile::create(card), file); });
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->set(kPlaybackSwitch, 0));
  std::optional<MixerFile> again;
  refuse_each([&] { return keep(MixerFile::open(card), again); });
  ASSERT_TRUE(again);
  EXPECT_EQ(again->load().settings[kPlaybackSwitch].value, 0U);
}

/// If the mixer cannot be read, the reader answers the defaults. The next time it reads the mixer.
TEST_F(RefusedMemory, OfAMixersReaderFindsTheDefaults) {
  const std::string card(40, 'c');
  const uint32_t low = pack_volume({.left = 1, .right = 2});
  {
    auto file = MixerFile::create(card);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->set(0, low));
  }
  const auto directory = CableDirectory::find();
  const size_t refused = refuse_each_allocation(
      [&] { return read_mixer(card, directory).settings[0].value; },
      [&](uint32_t value, bool happened) { EXPECT_EQ(value, happened ? mixer_default(0) : low); });
  EXPECT_GE(refused, 1U);
}

TEST_F(RefusedMemory, OfAFifo) {
  const auto sink = make_null_sink();
  PlaybackPort port(*sink);
  refuse_each([&] { return port.configure(4, 64); }, 2);
  EXPECT_EQ(port.in_flight_bytes(), 0U);
}

TEST_F(RefusedMemory, OfASubdevice) {
  const PcmDevice device{
      .card = std::string(40, 'c'), .number = 0, .loop = false, .playback = true};
  std::optional<Subdevice> mine;
  refuse_each([&] { return keep(Subdevice::acquire(device, 3), mine); }, 2);
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->number(), 3U);
  EXPECT_EQ(Subdevice::acquire(device, 3).error(), EBUSY);
  mine.reset();
  refuse_each([&] { return keep(Subdevice::acquire_any(device, 2), mine); }, 2);
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->number(), 0U);
}

/// A channel of an engine whose clock does not move. Another channel of the engine is in use.
struct ChannelRig {
  explicit ChannelRig(CompletionTopology completion)
      : engine(std::make_shared<DmaDevice>(
            std::make_shared<ManualClock>(),
            DmaDevice::Options{.completion = completion, .channel_names = {kName}})) {
    auto handle = engine->request_chan();
    EXPECT_TRUE(handle);
    if (handle) other = *std::move(handle);
  }
  Result<void> prepared(Result<TxDescriptor*> made) {
    if (!made) return made.as_errno();
    transfer = *made;
    return {};
  }
  [[nodiscard]] SlaveConfig slave() {
    return {.direction = Direction::mem_to_dev,
            .addr_width_bytes = 2,
            .maxburst = 2,
            .frames_per_s = 48000,
            .port = &port};
  }

  static constexpr const char* kName = "a-name-that-is-not-short";
  const std::shared_ptr<DmaDevice> engine;
  RecordingPort port;
  ChannelHandle other;
  TxDescriptor* transfer = nullptr;
  std::vector<std::byte> memory = std::vector<std::byte>(4096);
  std::vector<std::byte> elsewhere = std::vector<std::byte>(4096);
};

class RefusedMemoryOfAChannel : public RefusedMemory,
                                public ::testing::WithParamInterface<CompletionTopology> {};

TEST_P(RefusedMemoryOfAChannel, WhenItIsHandedOut) {
  ChannelRig rig(GetParam());
  std::optional<ChannelHandle> any;
  refuse_each([&] { return keep(rig.engine->request_chan(), any); }, 2);
  ASSERT_TRUE(any);
  std::optional<ChannelHandle> named;
  refuse_each([&] { return keep(rig.engine->request_chan(ChannelRig::kName), named); }, 3);
  ASSERT_TRUE(named);
  EXPECT_EQ(rig.engine->request_chan(ChannelRig::kName).error(), EBUSY);
}

TEST_P(RefusedMemoryOfAChannel, WhenItIsConfiguredAndStarted) {
  ChannelRig rig(GetParam());
  refuse_each([&] { return rig.other->slave_config(rig.slave()); });
  refuse_each([&] { return rig.other->request_irq(); });
}

TEST_P(RefusedMemoryOfAChannel, WhenACopyIsPrepared) {
  ChannelRig rig(GetParam());
  Channel& channel = *rig.other;
  refuse_each(
      [&] {
        return rig.prepared(
            channel.prep_dma_memcpy(rig.memory.data(), rig.elsewhere.data(), rig.memory.size()));
      },
      2);
  const Result<Cookie> cookie = channel.submit(*rig.transfer);
  ASSERT_TRUE(cookie);
  EXPECT_EQ(channel.tx_status(*cookie).residue_bytes, 4096U);
}

TEST_P(RefusedMemoryOfAChannel, WhenATransferIsPrepared) {
  ChannelRig rig(GetParam());
  Channel& channel = *rig.other;
  ASSERT_TRUE(channel.slave_config(rig.slave()));
  refuse_each(
      [&] {
        return rig.prepared(channel.prep_dma_cyclic(rig.memory, 1024, Direction::mem_to_dev));
      },
      2);
  const std::vector<SgEntry> list{{rig.memory.data(), 1024}, {rig.elsewhere.data(), 1024}};
  refuse_each([&] { return rig.prepared(channel.prep_slave_sg(list, Direction::mem_to_dev)); }, 3);
  const InterleavedTemplate layout{.direction = Direction::mem_to_dev,
                                   .src_start = rig.memory.data(),
                                   .numf = 4,
                                   .sgl = {{.size = 64, .icg = 64}, {.size = 64, .icg = 0}}};
  refuse_each([&] { return rig.prepared(channel.prep_interleaved(layout)); }, 3);
  const Result<Cookie> cookie = channel.submit(*rig.transfer);
  ASSERT_TRUE(cookie);
  EXPECT_EQ(channel.tx_status(*cookie).residue_bytes, 4U * 128);
}

INSTANTIATE_TEST_SUITE_P(Topologies, RefusedMemoryOfAChannel,
                         ::testing::Values(CompletionTopology::per_channel,
                                           CompletionTopology::shared),
                         [](const auto& tested) {
                           return tested.param == CompletionTopology::shared ? "Shared" : "Channel";
                         });

}  // namespace
}  // namespace dmasim
