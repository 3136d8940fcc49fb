// SPDX-License-Identifier: LGPL-2.1-or-later
/// DSD under the real alsa-lib. Its samples pass bit for bit, and silence is 0x69 in each byte.
/// That each format is recorded and captured in every access mode is tested in bit_exact_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"
#include "tests/alsa/pcm_transfer.h"
#include "tests/alsa/report_file.h"

namespace dmasim::test {
namespace {

constexpr std::array kDsd{SND_PCM_FORMAT_DSD_U8, SND_PCM_FORMAT_DSD_U16_LE,
                          SND_PCM_FORMAT_DSD_U16_BE, SND_PCM_FORMAT_DSD_U32_LE,
                          SND_PCM_FORMAT_DSD_U32_BE};
constexpr std::byte kSilentByte{0x69};

/// A buffer of two and a half seconds, so that a busy machine may be late.
PcmSetup setup_of(snd_pcm_format_t format) {
  PcmSetup setup;
  setup.layout = {.format = format, .channels = 2};
  setup.buffer_size = 25 * setup.period_size;
  return setup;
}

std::vector<std::byte> silence(const FrameLayout& layout, size_t frames) {
  return std::vector<std::byte>(frames * layout.frame_bytes(), kSilentByte);
}

std::vector<std::byte> joined(std::vector<std::byte> first, const std::vector<std::byte>& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

std::vector<std::byte> captured(snd_pcm_t* pcm, const PcmSetup& setup, size_t frames) {
  std::vector<std::byte> bytes(frames * setup.layout.frame_bytes());
  size_t moved = 0;
  EXPECT_EQ(read_all(pcm, setup, bytes, &moved), 0) << "after " << moved << " frames";
  return bytes;
}

/// Says whether the PCM offers the format.
bool offers(snd_pcm_t* pcm, snd_pcm_format_t format) {
  snd_pcm_hw_params_t* hw = nullptr;
  snd_pcm_hw_params_alloca(&hw);
  EXPECT_GE(snd_pcm_hw_params_any(pcm, hw), 0);
  return snd_pcm_hw_params_test_format(pcm, hw, format) == 0;
}

class Dsd : public ::testing::Test {
 protected:
  const CableRuntime runtime_;
  const TemporaryDirectory directory_;
};

class DsdFormat : public Dsd, public ::testing::WithParamInterface<snd_pcm_format_t> {
 protected:
  [[nodiscard]] std::string name() const { return snd_pcm_format_name(GetParam()); }

  const PcmSetup setup_ = setup_of(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Alsa, DsdFormat, ::testing::ValuesIn(kDsd), [](const auto& tested) {
  std::string name = snd_pcm_format_name(tested.param);
  std::erase(name, '_');
  return name;
});

/// The capture names no format: it is offered what the cable carries.
TEST_P(DsdFormat, PassesALoopBitForBitWithSilenceAroundIt) {
  constexpr size_t kPlayed = 4801;
  const Pcm out = open_playback({{"CABLE", "test"}, {"FORMAT", name()}});
  ASSERT_TRUE(out);
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), setup_));
  ASSERT_EQ(write_frames(out.get(), pattern_frames(setup_.layout, 0, 10), setup_.layout), 10);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);  // from here on it takes part in the cable
  ASSERT_EQ(snd_pcm_drop(out.get()), 0);
  const Pcm in = open_capture({{"CABLE", "test"}});
  ASSERT_TRUE(in);
  ASSERT_NO_FATAL_FAILURE(configure(in.get(), setup_));
  ASSERT_EQ(snd_pcm_prepare(out.get()), 0);
  ASSERT_EQ(snd_pcm_start(in.get()), 0);
  const auto before = captured(in.get(), setup_, 480);
  EXPECT_EQ(first_difference(setup_.layout, silence(setup_.layout, 480), before), "");
  const auto frames = pattern_frames(setup_.layout, 0, kPlayed);
  ASSERT_EQ(write_frames(out.get(), frames, setup_.layout), kPlayed);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);
  ASSERT_EQ(snd_pcm_drain(out.get()), 0);
  const snd_pcm_sframes_t avail = snd_pcm_avail(in.get());
  ASSERT_GE(avail, snd_pcm_sframes_t{kPlayed}) << "these were played while the capture ran";
  const auto found = captured(in.get(), setup_, static_cast<size_t>(avail) + 2000);
  const auto first = std::search(found.begin(), found.end(), frames.begin(), frames.begin() + 32);
  const auto at = static_cast<size_t>(first - found.begin()) / setup_.layout.frame_bytes();
  const size_t all = found.size() / setup_.layout.frame_bytes();
  ASSERT_LT(at + kPlayed, all) << "the frames did not come";
  const auto expected = joined(joined(silence(setup_.layout, at), frames),
                               silence(setup_.layout, all - at - kPlayed));
  EXPECT_EQ(first_difference(setup_.layout, expected, found), "");
}

TEST_P(DsdFormat, IsSilentWhileNobodyPlays) {
  for (const Arguments& end : {Arguments{{"CABLE", "nobody"}}, Arguments{{"SOURCE", "silence"}}}) {
    Arguments arguments = end;
    arguments.emplace_back("FORMAT", name());
    const Pcm pcm = open_capture(arguments);
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup_));
    ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
    EXPECT_EQ(first_difference(setup_.layout, silence(setup_.layout, 1000),
                               captured(pcm.get(), setup_, 1000)),
              "");
  }
}

/// snd_pcm_forward commits a part of the ring that the program has not written.
TEST_P(DsdFormat, IsSilentInARingThatNobodyWrote) {
  const std::string path = directory_.file("played.raw");
  const Pcm pcm = open_playback({{"FORMAT", name()}, {"FILE", path}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup_));
  const auto frames = pattern_frames(setup_.layout, 0, 100);
  ASSERT_EQ(write_frames(pcm.get(), frames, setup_.layout), 100);
  ASSERT_EQ(snd_pcm_forward(pcm.get(), 1000), 1000);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(first_difference(setup_.layout, joined(frames, silence(setup_.layout, 1000)),
                             read_file(path)),
            "");
}

TEST_P(DsdFormat, PassesTheMixerUnchangedWhenItIsTurnedDownOrOff) {
  const Ctl ctl;
  ASSERT_GE(ctl.write(ctl.find("Master Playback Volume"), {60, 60}), 0);
  ASSERT_GE(ctl.write(ctl.find("Capture Switch"), {0}), 0);
  for (const long on : {1L, 0L}) {
    ASSERT_GE(ctl.write(ctl.find("Master Playback Switch"), {on}), 0);
    const std::string path = directory_.file("played.raw");
    const std::string report = directory_.file("report" + std::to_string(on));
    Pcm pcm = open_playback({{"FORMAT", name()}, {"FILE", path}, {"REPORT", report}});
    ASSERT_TRUE(pcm);
    ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup_));
    const auto frames = pattern_frames(setup_.layout, 0, 1000);
    ASSERT_EQ(write_frames(pcm.get(), frames, setup_.layout), 1000);
    ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
    pcm.reset();
    EXPECT_EQ(first_difference(setup_.layout, frames, read_file(path)), "");
    EXPECT_EQ(ReportLine(report).real("least_gain", "left"), 1);
  }
  const Pcm pcm = open_capture({{"FORMAT", name()}, {"SOURCE", "counter"}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup_));
  ASSERT_EQ(snd_pcm_start(pcm.get()), 0);
  EXPECT_EQ(first_difference(setup_.layout, counter_frames(setup_.layout, 0, 1000),
                             captured(pcm.get(), setup_, 1000)),
            "");
}

TEST_F(Dsd, IsOfferedOnlyIfItIsAskedFor) {
  const Pcm all = open_playback({});
  const Pcm some = open_playback({{"FORMAT", "S16_LE+DSD_U8+DSD_U32_BE"}});
  ASSERT_TRUE(all && some);
  for (const snd_pcm_format_t format : kDsd) EXPECT_FALSE(offers(all.get(), format));
  EXPECT_TRUE(offers(all.get(), SND_PCM_FORMAT_FLOAT64_BE));
  EXPECT_TRUE(offers(some.get(), SND_PCM_FORMAT_S16_LE));
  EXPECT_TRUE(offers(some.get(), SND_PCM_FORMAT_DSD_U8));
  EXPECT_TRUE(offers(some.get(), SND_PCM_FORMAT_DSD_U32_BE));
  EXPECT_FALSE(offers(some.get(), SND_PCM_FORMAT_DSD_U16_LE));
}

TEST_F(Dsd, IsRefusedByNameWhereItCannotBeKeptOrMade) {
  for (const char* file : {"a.wav", "a.w64", "a.flac"}) {
    const ErrorLog log;
    EXPECT_EQ(try_open({{"FORMAT", "DSD_U16_BE"}, {"FILE", directory_.file(file)}},
                       SND_PCM_STREAM_PLAYBACK)
                  .error,
              -EINVAL);
    EXPECT_NE(log.text().find("format = DSD_U16_BE"), std::string::npos) << log.text();
    EXPECT_NE(log.text().find("ends in .raw"), std::string::npos) << log.text();
  }
  const ErrorLog log;
  EXPECT_EQ(try_open({{"FORMAT", "DSD_U8"}, {"SOURCE", "tone:440"}}, SND_PCM_STREAM_CAPTURE).error,
            -EINVAL);
  EXPECT_NE(log.text().find("\"tone:440\" cannot make format = DSD_U8"), std::string::npos)
      << log.text();
}

}  // namespace
}  // namespace dmasim::test
