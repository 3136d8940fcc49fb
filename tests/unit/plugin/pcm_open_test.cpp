// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sink or source that a configuration gives, and the limits that they leave.
#include "plugin/open/pcm_open.h"

#include <sndfile.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "engine/cable/cable.h"
#include "engine/card/mixer_file.h"
#include "tests/unit/plugin/config_fixture.h"
#include "tests/unit/runtime_directory.h"

namespace dmasim {
namespace {

constexpr PcmFormat kStereo{.sample = SampleFormat::s16_le, .channels = 2, .rate_hz = 48000};

class PcmOpenTest : public ConfigTest {
 protected:
  Result<SubstreamParts> make(const std::string& text, snd_pcm_stream_t stream) {
    auto parsed = open_config(ConfigText(text).get(), stream);
    if (!parsed) return parsed.as_errno();
    config_ = *std::move(parsed);
    return make_parts(config_, stream);
  }
  Result<SubstreamParts> playback(const std::string& text) {
    return make(text, SND_PCM_STREAM_PLAYBACK);
  }
  Result<SubstreamParts> capture(const std::string& text) {
    return make(text, SND_PCM_STREAM_CAPTURE);
  }
  [[nodiscard]] std::string quoted(const std::string& name) const {
    return '"' + (runtime_.path() / name).string() + '"';
  }
  void write_sound(const std::string& name, int channels, int rate_hz = 44100) const {
    SF_INFO info{};
    info.samplerate = rate_hz;
    info.channels = channels;
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    SNDFILE* file = sf_open((runtime_.path() / name).c_str(), SFM_WRITE, &info);
    ASSERT_NE(file, nullptr);
    sf_close(file);
  }
  void expect_range(const RangeOrList& values, unsigned min, unsigned max) {
    EXPECT_EQ(values.min(), min);
    EXPECT_EQ(values.max(), max);
  }

  const RuntimeDirectory runtime_;
  PcmConfig config_;
};

TEST_F(PcmOpenTest, AToneHasUpTo384000Hertz) {
  for (const char* source : {"tone:384000", "tone:0.5", "tone:440"}) {
    EXPECT_TRUE(capture("source \"" + std::string(source) + '"')) << source << ": " << logged;
  }
  for (const char* source :
       {"tone:384001", "tone:0", "tone:-1", "tone:", "tone:440x", "tone:nan"}) {
    EXPECT_EQ(capture("source \"" + std::string(source) + '"').error(), EINVAL) << source;
  }
}

TEST_F(PcmOpenTest, AFileLeavesWhatItsTypeHolds) {
  ASSERT_TRUE(playback("channels \"1-32\"\nfile " + quoted("out.flac"))) << logged;
  expect_range(config_.channels, 1, 8);
  EXPECT_EQ(config_.formats.size(), 7U) << "whole numbers of up to 24 bits";
  ASSERT_TRUE(playback("channels \"1-32\"\nfile " + quoted("out.wav"))) << logged;
  expect_range(config_.channels, 1, 32);
  expect_range(config_.rate_hz, 4000, 768000);
  EXPECT_EQ(config_.formats.size(), kPcmFormats.size());
  EXPECT_EQ(playback("channels 9\nfile " + quoted("out.flac")).error(), EINVAL);
}

TEST_F(PcmOpenTest, APercentSignInAFileHasAMeaningOrIsRefused) {
  ASSERT_TRUE(playback("card x\nfile " + quoted("100%%-%c-%s.wav"))) << logged;
  EXPECT_EQ(config_.file, (runtime_.path() / "100%-x-none.wav").string());
  ASSERT_TRUE(playback("file " + quoted("%n.wav"))) << logged;
  EXPECT_EQ(playback("file " + quoted("100%.wav")).error(), EINVAL);
  EXPECT_NE(logged.find("write %%"), std::string::npos) << logged;
}

TEST_F(PcmOpenTest, AppendIsRefusedWhereNothingCanBeAppended) {
  ASSERT_TRUE(playback("append yes\nfile " + quoted("a.wav"))) << logged;
  EXPECT_EQ(playback("append yes\nfile " + quoted("a.flac")).error(), EINVAL);
  EXPECT_NE(logged.find("append"), std::string::npos) << logged;
  EXPECT_NE(logged.find(".flac"), std::string::npos) << logged;
}

/// Above 65535 Hz a FLAC holds only multiples of ten.
TEST_F(PcmOpenTest, AFileWithHolesInItsRatesLeavesTheUsualOnesAndTheEnds) {
  const auto left = [&](const std::string& rate) {
    EXPECT_TRUE(playback("rate \"" + rate + "\"\nfile " + quoted("out.flac"))) << logged;
    return config_.rate_hz.list();
  };
  using List = std::vector<unsigned>;
  EXPECT_EQ(left("4000-768000"),
            (List{4000, 5512, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000,
                  88200, 96000, 128000, 176400, 192000, 352800, 384000}));
  EXPECT_EQ(left("44101-90010"), (List{44101, 48000, 64000, 88200, 90010}));
  EXPECT_EQ(left("64000-65538"), List{64000}) << "65538 is not held, 64000 there once";
  EXPECT_EQ(left("70001-96000"), (List{88200, 96000})) << "70001 is not held";
  expect_range(config_.rate_hz, 88200, 96000);
}

TEST_F(PcmOpenTest, AFileWithoutHolesInTheseRatesLeavesEachOfThem) {
  for (const auto& [rate, min, max] :
       {std::tuple("4000-65535", 4000U, 65535U), std::tuple("44101", 44101U, 44101U),
        std::tuple("655350", 655350U, 655350U)}) {
    ASSERT_TRUE(playback("rate \"" + std::string(rate) + "\"\nfile " + quoted("out.flac")))
        << logged;
    EXPECT_TRUE(config_.rate_hz.list().empty()) << rate;
    expect_range(config_.rate_hz, min, max);
  }
}

TEST_F(PcmOpenTest, AFileLeavesOfListsWhatItsTypeHolds) {
  ASSERT_TRUE(playback("channels \"2+6+9\"\nrate \"96000+88201+37801\"\nfile " + quoted("a.flac")))
      << logged;
  EXPECT_EQ(config_.channels.text(), "2+6");
  EXPECT_EQ(config_.rate_hz.text(), "37801+96000");
  ASSERT_TRUE(playback("channels \"2+6+9\"\nrate \"96000+88201+37801\"\nfile " + quoted("a.wav")))
      << logged;
  EXPECT_EQ(config_.channels.text(), "2+6+9");
  EXPECT_EQ(config_.rate_hz.text(), "37801+88201+96000");
  EXPECT_EQ(playback("channels \"9+10\"\nfile " + quoted("a.flac")).error(), EINVAL);
  EXPECT_EQ(playback("rate \"88201+88203\"\nfile " + quoted("a.flac")).error(), EINVAL);
}

TEST_F(PcmOpenTest, AFileThatHoldsNoRateIsRefused) {
  for (const char* rate : {"88201", "655351-768000", "65536-65539"}) {
    EXPECT_EQ(playback("rate \"" + std::string(rate) + "\"\nfile " + quoted("out.flac")).error(),
              EINVAL)
        << rate;
    EXPECT_NE(logged.find("cannot hold any"), std::string::npos) << logged;
  }
}

constexpr const char* kUsualRates =
    "4000+5512+8000+11025+12000+16000+22050+24000+32000+44100+48000+64000+88200+96000+"
    "128000+176400+192000+352800+384000+705600+768000";

TEST_F(PcmOpenTest, TheUsualRatesAreOfferedIfNoneAreAskedFor) {
  for (const std::string& text :
       {std::string(), std::string("rate \"\""), std::string("profile dmasim"),
        std::string("loop yes"), std::string("cable mine"), "file " + quoted("a.wav")}) {
    ASSERT_TRUE(playback(text)) << logged;
    EXPECT_EQ(config_.rate_hz.text(), kUsualRates) << text;
  }
  for (const char* source : {"silence", "counter", "tone:440"}) {
    ASSERT_TRUE(capture("source \"" + std::string(source) + '"')) << logged;
    EXPECT_EQ(config_.rate_hz.text(), kUsualRates) << source;
  }
}

TEST_F(PcmOpenTest, ARangeOfRatesIsOfferedWithoutGaps) {
  for (const auto& [text, rates] : {std::pair("rate \"4000-768000\"", "4000-768000"),
                                    {"profile aloop", "8000-192000"},
                                    {"profile aloop\nloop yes", "8000-192000"},
                                    {"profile dummy", "5500-48000"}}) {
    ASSERT_TRUE(playback(text)) << logged;
    EXPECT_EQ(config_.rate_hz.text(), rates) << text;
  }
}

TEST_F(PcmOpenTest, ASourceMayHaveAnyRateIfNoneIsAskedFor) {
  ASSERT_NO_FATAL_FAILURE(write_sound("odd.wav", 2, 22000));
  const std::string source = "source " + quoted("odd.wav");
  ASSERT_TRUE(capture(source)) << logged;
  EXPECT_EQ(config_.rate_hz.text(), "22000");
  EXPECT_TRUE(capture(source + "\nrate \"4000-768000\"")) << logged;
  EXPECT_TRUE(capture(source + "\nrate \"22000+48000\"")) << logged;
  EXPECT_EQ(config_.rate_hz.text(), "22000");
  EXPECT_EQ(capture(source + "\nrate \"22050+48000\"").error(), EINVAL);
}

TEST_F(PcmOpenTest, TheRefusalOfASourceNamesAllThatIsAccepted) {
  ASSERT_NO_FATAL_FAILURE(write_sound("stereo.wav", 2));
  EXPECT_EQ(
      capture("channels \"2+6\"\nrate \"22050+48000\"\nsource " + quoted("stereo.wav")).error(),
      EINVAL);
  EXPECT_NE(logged.find("2 channels at 44100 Hz; accepted: channels = 2+6, rate = 22050+48000"),
            std::string::npos)
      << logged;
}

TEST_F(PcmOpenTest, ACableMayCarryAnyRateIfNoneIsAskedFor) {
  const auto listener = make_cable_source("mine", std::make_shared<RealtimeClock>());
  ASSERT_TRUE(listener->configure({SampleFormat::s16_le, 2, 12345}, 64));
  for (const snd_pcm_stream_t stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
    ASSERT_TRUE(make("cable mine", stream)) << logged;
    EXPECT_EQ(config_.rate_hz.text(), "12345");
    EXPECT_TRUE(make("cable mine\nrate \"12345+48000\"\nchannels \"1+2\"", stream)) << logged;
    logged.clear();
    EXPECT_EQ(make("cable mine\nrate \"12000+48000\"\nchannels \"1+2\"", stream).error(), EINVAL);
    EXPECT_NE(logged.find("channels = 1+2 or rate = 12000+48000 do not allow"), std::string::npos)
        << logged;
  }
}

TEST_F(PcmOpenTest, AListOfChannelCountsDoesNotGrowWithTheSource) {
  ASSERT_NO_FATAL_FAILURE(write_sound("four.wav", 4));
  const std::string source = "source " + quoted("four.wav");
  EXPECT_EQ(capture(source + "\nchannels \"2+6\"").error(), EINVAL);
  ASSERT_TRUE(capture(source + "\nchannels \"2+4\"")) << logged;
  EXPECT_EQ(config_.channels.text(), "4");
}

/// One catch-up is larger than the queue. The frames that do not fit are lost at once, even with a
/// fast disk.
TEST_F(PcmOpenTest, AFilesQueueIsAsLongAsQueueMsSays) {
  const auto parts = playback("queue_ms 1000\nflush_ms 5000\nfile " + quoted("out.raw"));
  ASSERT_TRUE(parts) << logged;
  ASSERT_TRUE(parts->sink->configure(kStereo, 10));
  const std::vector<std::byte> frames(50'000 * kStereo.frame_bytes());
  parts->sink->write(frames, true);
  EXPECT_EQ(parts->sink->stats().lost_frames, 50'000U - 48'000 - 11);
}

TEST_F(PcmOpenTest, ASoundFileGivesItsChannelsAndRate) {
  ASSERT_NO_FATAL_FAILURE(write_sound("ten.wav", 10));
  ASSERT_TRUE(capture("source " + quoted("ten.wav"))) << logged;
  expect_range(config_.channels, 10, 10);
  expect_range(config_.rate_hz, 44100, 44100);
  EXPECT_EQ(capture("channels \"1-8\"\nsource " + quoted("ten.wav")).error(), EINVAL);
  EXPECT_EQ(capture("rate 48000\nsource " + quoted("ten.wav")).error(), EINVAL);
}

TEST_F(PcmOpenTest, ASoundFileHasUpTo32Channels) {
  ASSERT_NO_FATAL_FAILURE(write_sound("most.wav", 32));
  EXPECT_TRUE(capture("source " + quoted("most.wav"))) << logged;
  ASSERT_NO_FATAL_FAILURE(write_sound("more.wav", 33));
  EXPECT_EQ(capture("source " + quoted("more.wav")).error(), EINVAL);
}

TEST_F(PcmOpenTest, ACableInUseGivesItsFormat) {
  const auto listener = make_cable_source("mine", std::make_shared<RealtimeClock>());
  ASSERT_TRUE(listener->configure(kStereo, 64));
  for (const snd_pcm_stream_t stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
    ASSERT_TRUE(make("cable mine", stream)) << logged;
    EXPECT_EQ(config_.formats, std::vector{kStereo.sample});
    expect_range(config_.channels, 2, 2);
    expect_range(config_.rate_hz, 48000, 48000);
    EXPECT_EQ(make("cable mine\nrate 44100", stream).error(), EINVAL);
    EXPECT_EQ(make("cable mine\nformat S32_LE", stream).error(), EINVAL);
  }
}

/// DSD is offered only if it is asked for, or if the cable carries it.
TEST_F(PcmOpenTest, ACableThatCarriesDsdGivesItToWhoNamesNoFormat) {
  constexpr PcmFormat kDsd{.sample = SampleFormat::dsd_u16_be, .channels = 2, .rate_hz = 176400};
  const auto listener = make_cable_source("mine", std::make_shared<RealtimeClock>());
  ASSERT_TRUE(listener->configure(kDsd, 64));
  for (const snd_pcm_stream_t stream : {SND_PCM_STREAM_PLAYBACK, SND_PCM_STREAM_CAPTURE}) {
    for (const char* extra :
         {"", "profile dmasim", "format DSD_U16_BE", "format S16_LE+DSD_U16_BE"}) {
      ASSERT_TRUE(make("cable mine\n" + std::string(extra), stream)) << extra << logged;
      EXPECT_EQ(config_.formats, std::vector{kDsd.sample}) << extra;
      expect_range(config_.rate_hz, 176400, 176400);
    }
    for (const char* extra : {"format S16_LE", "format DSD_U8", "profile aloop", "profile dummy"}) {
      EXPECT_EQ(make("cable mine\n" + std::string(extra), stream).error(), EINVAL) << extra;
      EXPECT_NE(logged.find("carries DSD_U16_BE"), std::string::npos) << logged;
    }
  }
}

TEST_F(PcmOpenTest, DsdIsOfferedIfItIsAskedFor) {
  ASSERT_TRUE(playback("cable free")) << logged;
  EXPECT_TRUE(std::none_of(config_.formats.begin(), config_.formats.end(), is_dsd));
  ASSERT_TRUE(playback("format DSD_U8+DSD_U32_LE")) << logged;
  EXPECT_EQ(config_.formats, (std::vector{SampleFormat::dsd_u8, SampleFormat::dsd_u32_le}));
}

TEST_F(PcmOpenTest, AFileThatHoldsNoDsdIsRefusedByName) {
  ASSERT_TRUE(playback("format DSD_U8\nfile " + quoted("out.raw"))) << logged;
  for (const char* name : {"out.wav", "out.w64", "out.flac"}) {
    logged.clear();
    EXPECT_EQ(playback("format DSD_U8\nfile " + quoted(name)).error(), EINVAL) << name;
    EXPECT_NE(logged.find(name), std::string::npos) << logged;
    EXPECT_NE(logged.find("format = DSD_U8,"), std::string::npos) << logged;
    EXPECT_NE(logged.find("accepted: "), std::string::npos) << logged;
    EXPECT_NE(logged.find("ends in .raw"), std::string::npos) << logged;
    ASSERT_TRUE(playback("format \"DSD_U8,S16_LE\"\nfile " + quoted(name))) << logged;
    EXPECT_EQ(config_.formats, std::vector{SampleFormat::s16_le}) << name;
  }
}

TEST_F(PcmOpenTest, ASourceThatMakesNoDsdIsRefusedByName) {
  ASSERT_NO_FATAL_FAILURE(write_sound("in.wav", 2));
  for (const std::string& source : {std::string("\"tone:440\""), quoted("in.wav")}) {
    logged.clear();
    EXPECT_EQ(capture("format DSD_U8\nsource " + source).error(), EINVAL) << source;
    EXPECT_NE(logged.find("source = " + source + " cannot make format = DSD_U8; accepted: "),
              std::string::npos)
        << logged;
    ASSERT_TRUE(capture("format DSD_U8+S16_LE\nsource " + source)) << logged;
    EXPECT_EQ(config_.formats, std::vector{SampleFormat::s16_le}) << source;
  }
  for (const char* source : {"silence", "counter"}) {
    ASSERT_TRUE(capture("format DSD_U8\nsource " + std::string(source))) << logged;
    EXPECT_EQ(config_.formats, std::vector{SampleFormat::dsd_u8}) << source;
  }
}

TEST_F(PcmOpenTest, AFileBesideACableInUseHasToHoldItsRate) {
  const auto listener = make_cable_source("mine", std::make_shared<RealtimeClock>());
  ASSERT_TRUE(listener->configure({SampleFormat::s16_le, 2, 37801}, 64));
  ASSERT_TRUE(playback("cable mine\nfile " + quoted("out.flac"))) << logged;
  expect_range(config_.rate_hz, 37801, 37801);
  const auto faster = make_cable_source("faster", std::make_shared<RealtimeClock>());
  ASSERT_TRUE(faster->configure({SampleFormat::s16_le, 2, 88201}, 64));
  EXPECT_EQ(playback("cable faster\nfile " + quoted("out.flac")).error(), EINVAL);
}

TEST_F(PcmOpenTest, AFilesListOfRatesIsKeptBesideACable) {
  ASSERT_TRUE(playback("cable mine\nrate \"64000-65538\"\nfile " + quoted("out.flac"))) << logged;
  EXPECT_EQ(config_.rate_hz.list(), std::vector{64000U});
}

/// A PCM whose frames nobody gets has no volume, so its mixer is never read.
TEST_F(PcmOpenTest, OnlyFramesThatSomebodyGetsHaveAVolume) {
  for (const char* text : {"", "cable mine", "source counter"}) {
    const auto played = playback(text);
    ASSERT_TRUE(played) << logged;
    EXPECT_EQ(played->sink->has_volume(), std::string(text) == "cable mine") << text;
    const auto captured = capture(text);
    ASSERT_TRUE(captured) << logged;
    EXPECT_EQ(captured->source->has_volume(), !std::string(text).empty()) << text;
  }
}

/// Frames for a file wait for the disk. Those for a cable are in its memory at once.
TEST_F(PcmOpenTest, OnlyAFileIsFlushedAtExit) {
  for (const std::string& text :
       {std::string(), std::string("cable mine"), "file " + quoted("a.wav"),
        "cable mine\nfile " + quoted("a.wav")}) {
    const auto parts = playback(text);
    ASSERT_TRUE(parts) << logged;
    EXPECT_EQ(parts->sink->flush_at_exit(), text.find("file") != std::string::npos) << text;
  }
}

TEST_F(PcmOpenTest, ACaptureHasOneOfSourceAndCable) {
  EXPECT_EQ(capture("cable mine\nsource counter").error(), EINVAL);
  EXPECT_NE(logged.find("mine"), std::string::npos) << logged;
  EXPECT_TRUE(playback("cable mine\nsource counter")) << logged;
}

TEST_F(PcmOpenTest, PeriodsThatDoNotFitTheBufferAreRefused) {
  EXPECT_EQ(playback("period_bytes 4096\nbuffer_bytes 4096").error(), EINVAL);
  EXPECT_NE(logged.find("period_bytes"), std::string::npos);
  EXPECT_NE(logged.find("buffer_bytes"), std::string::npos);
}

TEST_F(PcmOpenTest, ASubstreamGetsTheClockThatTheKeyNames) {
  const auto realtime = playback("ppm 100");
  ASSERT_TRUE(realtime) << logged;
  EXPECT_EQ(realtime->freerun, nullptr);
  const auto fast = playback("ppm 100\nclock x4");
  ASSERT_TRUE(fast) << logged;
  EXPECT_EQ(fast->ppm, 3'000'400);
  EXPECT_EQ(fast->freerun, nullptr);
  const auto freerun = playback("clock freerun");
  ASSERT_TRUE(freerun) << logged;
  EXPECT_NE(freerun->freerun, nullptr);
}

TEST_F(PcmOpenTest, ASubstreamGetsItsFifoItsClockAndItsFault) {
  const auto parts = playback("fifo 48\nppm -7\nfaults \"slow_callback=3us\"");
  ASSERT_TRUE(parts) << logged;
  EXPECT_EQ(parts->fifo_frames, 48U);
  EXPECT_EQ(parts->ppm, -7);
  EXPECT_EQ(parts->slow_callback_ns, 3000);
  EXPECT_FALSE(parts->ppm_at_start) << "no loop";
}

TEST_F(PcmOpenTest, ALoopsClockIsAskedForAtEachStart) {
  const auto parts = playback("loop yes\nsubdev 1\nppm 5");
  ASSERT_TRUE(parts && parts->ppm_at_start) << logged;
  EXPECT_EQ(parts->ppm_at_start(), 5);
  ASSERT_TRUE(*MixerFile::create("dmasim")->set(rate_shift_cell(0, 0), 80000));
  EXPECT_EQ(parts->ppm_at_start(), 5) << "another loop's";
  ASSERT_TRUE(*MixerFile::create("dmasim")->set(rate_shift_cell(0, 1), 80000));
  EXPECT_EQ(parts->ppm_at_start(), 250'006);
}

TEST_F(PcmOpenTest, ASourceIsCapturedThroughTheMixerOfItsCard) {
  ASSERT_TRUE(*MixerFile::create("other")->set(kCaptureSwitch, 0));
  for (const bool muted : {false, true}) {
    const auto parts = capture(muted ? "source counter\ncard other" : "source counter");
    ASSERT_TRUE(parts && parts->source->configure(kStereo, 64)) << logged;
    std::vector<std::byte> frames(64 * kStereo.frame_bytes());
    parts->source->read(frames);
    EXPECT_EQ(frames == std::vector<std::byte>(frames.size()), muted);
  }
}

TEST_F(PcmOpenTest, ACardHasOneWayToCallBackAtATime) {
  {
    const auto first = playback("completion shared\nrt_priority 0");
    ASSERT_TRUE(first) << logged;
    EXPECT_EQ(playback("completion channel").error(), EBUSY);
    EXPECT_TRUE(playback("completion shared")) << logged;
    EXPECT_TRUE(playback("completion channel\ncard another")) << logged;
  }
  EXPECT_TRUE(playback("completion channel")) << logged;
}

}  // namespace
}  // namespace dmasim
