// SPDX-License-Identifier: LGPL-2.1-or-later
/// The effect of the mixer on the sound, and the controls of a loop.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <thread>

#include "tests/alsa/bracket.h"
#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"
#include "tests/alsa/report_file.h"

namespace dmasim::test {
namespace {

constexpr long k0dB = 120;
constexpr long kMinus20dB = 80;

/// Opens the capture or the playback of the loop. The capture's buffer is long, so that a busy
/// machine may be late.
Pcm open_loop(snd_pcm_stream_t stream, const char* name = "dmasim_loop") {
  snd_pcm_t* pcm = nullptr;
  const int error = snd_pcm_open(&pcm, name, stream, 0);
  EXPECT_EQ(error, 0) << snd_strerror(error);
  return Pcm(error < 0 ? nullptr : pcm);
}

std::vector<int32_t> samples_of(const std::vector<std::byte>& bytes) {
  std::vector<int32_t> samples(bytes.size() / sizeof(int32_t));
  std::memcpy(samples.data(), bytes.data(), bytes.size());
  return samples;
}

class MixerSound : public ::testing::Test {
 protected:
  void set_volume(const char* name, long left, long right) {
    ASSERT_GE(ctl_.write(ctl_.find(name), {left, right}), 0);
  }
  void set_switch(const char* name, bool on, unsigned subdevice = 0) {
    ASSERT_GE(ctl_.write(ctl_.find(name, 0, subdevice), {on ? 1 : 0}), 0);
  }
  [[nodiscard]] std::string path() const { return directory_.file("played.raw"); }
  /// Plays 4800 frames of two channels of 32 bits into path(). Answers the samples that it played.
  std::vector<int32_t> play() {
    const PcmSetup setup = cable_setup();
    const Pcm pcm = open_playback({{"FILE", path()}, {"REPORT", report_path()}});
    const auto data = pattern_frames(setup.layout, 0, 4800);
    if (pcm) configure(pcm.get(), setup);
    EXPECT_EQ(write_frames(pcm.get(), data, setup.layout), 4800);
    EXPECT_EQ(snd_pcm_drain(pcm.get()), 0);
    return samples_of(data);
  }
  [[nodiscard]] std::string report_path() const { return directory_.file("report"); }
  void expect_reported_gain(double left, double right) const {
    const ReportLine line(report_path());
    EXPECT_NEAR(line.real("least_gain", "left"), left, 1e-9);
    EXPECT_NEAR(line.real("least_gain", "right"), right, 1e-9);
  }
  std::vector<int32_t> played() { return samples_of(read_file(path())); }

  const CableRuntime runtime_;
  const TemporaryDirectory directory_;
  const Ctl ctl_;
};

void expect_scaled(const std::vector<int32_t>& out, const std::vector<int32_t>& in, double left,
                   double right) {
  ASSERT_EQ(out.size(), in.size());
  for (size_t i = 0; i < in.size(); ++i) {
    const double wanted = in[i] * (i % 2 == 0 ? left : right);
    ASSERT_NEAR(out[i], wanted, 0.51) << "sample " << i;
  }
}

TEST_F(MixerSound, IsUntouchedAt0dB) {
  set_volume("Master Playback Volume", 0, 0);
  set_volume("Master Playback Volume", k0dB, k0dB);
  const auto in = play();
  EXPECT_EQ(played(), in);
  expect_reported_gain(1, 1);
}

TEST_F(MixerSound, IsRecordedLower) {
  set_volume("Master Playback Volume", kMinus20dB, k0dB);
  const auto in = play();
  expect_scaled(played(), in, 0.1, 1);
  expect_reported_gain(0.1, 1);
  set_volume("Capture Volume", 0, 0);
  set_volume("Master Playback Volume", k0dB, 0);
  play();
  expect_scaled(played(), in, 1, 0);
}

TEST_F(MixerSound, IsSilentWhenSwitchedOffAndKeepsItsVolume) {
  set_volume("Master Playback Volume", kMinus20dB, kMinus20dB);
  set_switch("Master Playback Switch", false);
  const auto in = play();
  expect_scaled(played(), in, 0, 0);
  expect_reported_gain(0, 0);
  set_switch("Master Playback Switch", true);
  play();
  expect_scaled(played(), in, 0.1, 0.1);
}

TEST_F(MixerSound, IsAnotherCardsOwn) {
  set_switch("Master Playback Switch", false);
  const PcmSetup setup = cable_setup();
  const Pcm pcm = open_playback({{"CARD", "other"}, {"FILE", path()}});
  ASSERT_TRUE(pcm);
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  const auto data = pattern_frames(setup.layout, 0, 4800);
  ASSERT_EQ(write_frames(pcm.get(), data, setup.layout), 4800);
  ASSERT_EQ(snd_pcm_drain(pcm.get()), 0);
  EXPECT_EQ(read_file(path()), data);
}

/// Another process changes the volume in the middle of a stream. The recording is first loud and
/// then silent, with one edge.
TEST_F(MixerSound, ChangesWhileItPlays) {
  PcmSetup setup = cable_setup();
  setup.buffer_size = 24000;
  const std::vector<std::byte> loud(setup.buffer_size * setup.layout.frame_bytes(), std::byte{1});
  look_in_time([&] {
    set_switch("Master Playback Switch", true);
    const Pcm pcm = open_playback({{"FILE", path()}});
    configure(pcm.get(), setup);
    EXPECT_EQ(write_frames(pcm.get(), loud, setup.layout), 24000);
    const int64_t start_ns = now_ns();
    EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
    const auto written_by_now = [&] { return snd_pcm_avail(pcm.get()) > 2400; };
    EXPECT_TRUE(eventually(written_by_now));
    set_elsewhere("dmasim", ctl_.find("Master Playback Switch"), {0});
    // The card may have taken the last period already.
    if (now_ns() - start_ns >= setup.time_of(24000 - 1200)) return Look::too_late;
    EXPECT_EQ(snd_pcm_drain(pcm.get()), 0);
    const auto out = played();
    EXPECT_EQ(out.size(), 48000U);
    const auto edge = std::find(out.begin(), out.end(), 0);
    EXPECT_GE(edge - out.begin(), 4800);
    EXPECT_TRUE(std::all_of(out.begin(), edge, [](int32_t s) { return s == 0x01010101; }));
    EXPECT_TRUE(std::all_of(edge, out.end(), [](int32_t s) { return s == 0; }));
    EXPECT_NE(edge, out.end());
    return Look::in_time;
  });
}

TEST_F(MixerSound, IsCapturedLower) {
  const PcmSetup setup = cable_capture_setup();
  const auto capture = [&] {
    std::vector<int32_t> samples(9600);
    const Pcm pcm = open_capture({{"SOURCE", "counter"}});
    if (pcm) configure(pcm.get(), setup);
    EXPECT_EQ(snd_pcm_start(pcm.get()), 0);
    EXPECT_EQ(snd_pcm_readi(pcm.get(), samples.data(), 4800), 4800);
    return samples;
  };
  const auto in = capture();
  set_volume("Capture Volume", kMinus20dB, k0dB);
  expect_scaled(capture(), in, 0.1, 1);
  set_switch("Capture Switch", false);
  expect_scaled(capture(), in, 0, 0);
}

/// Plays tagged frames into the loop, and captures them.
class MixerLoop : public MixerSound {
 protected:
  void listen(snd_pcm_t* pcm) {
    ASSERT_NO_FATAL_FAILURE(configure(pcm, cable_capture_setup()));
    ASSERT_EQ(snd_pcm_start(pcm), 0);
  }
  void begin(snd_pcm_t* pcm, const PcmSetup& setup = cable_setup()) {
    ASSERT_NO_FATAL_FAILURE(fill(pcm, setup));
    ASSERT_EQ(snd_pcm_start(pcm), 0);
  }
  void fill(snd_pcm_t* pcm, const PcmSetup& setup) {
    ASSERT_NO_FATAL_FAILURE(configure(pcm, setup));
    const std::vector<std::byte> data(setup.buffer_size * setup.layout.frame_bytes(),
                                      std::byte{0x40});
    ASSERT_EQ(write_frames(pcm, data, setup.layout),
              static_cast<snd_pcm_sframes_t>(setup.buffer_size));
  }
  Look expect_rate(snd_pcm_t* pcm, const PcmSetup& setup, int rate_hz);
  [[nodiscard]] long read(const char* name, unsigned subdevice = 0) const {
    return ctl_.read(ctl_.find(name, 0, subdevice)).front();
  }
  std::set<std::string> events() {
    std::set<std::string> names;
    while (const auto numid = ctl_.event()) names.insert(elements_.at(*numid - 1).name);
    return names;
  }
  const std::vector<Element> elements_ = ctl_.elements();
};

/// Plays a quarter of the buffer, and measures the rate. Too late if the clock readings allow an
/// error of more than a twentieth.
Look MixerLoop::expect_rate(snd_pcm_t* pcm, const PcmSetup& setup, int rate_hz) {
  fill(pcm, setup);
  const Bracket start = bracket([&] { EXPECT_EQ(snd_pcm_start(pcm), 0); });
  snd_pcm_sframes_t played = 0;
  Bracket ask;
  const auto quarter = static_cast<snd_pcm_sframes_t>(setup.buffer_size / 4);
  EXPECT_TRUE(eventually([&] {
    ask = bracket([&] { played = snd_pcm_avail(pcm); });
    return played >= quarter || played < 0;
  }));
  const PositionRange range = position_range(start, ask, rate_hz);
  if (range.most >= static_cast<int64_t>(setup.buffer_size) ||
      range.most - range.least > range.most / 20) {
    return Look::too_late;
  }
  EXPECT_TRUE(range.holds(played))
      << played << " is not in " << range.least << " to " << range.most;
  return Look::in_time;
}

TEST_F(MixerLoop, IsCapturedLower) {
  set_volume("Master Playback Volume", kMinus20dB, kMinus20dB);
  const Pcm in = open_loop(SND_PCM_STREAM_CAPTURE);
  const Pcm out = open_loop(SND_PCM_STREAM_PLAYBACK);
  ASSERT_TRUE(in && out);
  ASSERT_NO_FATAL_FAILURE(listen(in.get()));
  ASSERT_NO_FATAL_FAILURE(begin(out.get()));
  const auto lower = static_cast<int32_t>(std::lround(0x40404040 * 0.1));
  std::vector<int32_t> captured(2400);
  size_t loud = 0;
  for (int i = 0; i < 40 && loud == 0; ++i) {
    ASSERT_EQ(snd_pcm_readi(in.get(), captured.data(), 1200), 1200);
    for (const int32_t sample : captured) {
      ASSERT_TRUE(sample == 0 || sample == lower) << sample;
      if (sample == lower) ++loud;
    }
  }
  EXPECT_GT(loud, 0U);
}

TEST_F(MixerLoop, ReportsWhatPlaysIntoIt) {
  EXPECT_EQ(read("PCM Slave Active"), 0);
  EXPECT_EQ(read("PCM Slave Format"), SND_PCM_FORMAT_S16_LE);
  EXPECT_EQ(read("PCM Slave Rate"), 48000);
  EXPECT_EQ(read("PCM Slave Channels"), 2);
  EXPECT_EQ(read("PCM Slave Access Mode"), 0);
  ctl_.subscribe();
  PcmSetup setup = cable_setup();
  setup.buffer_size = 30 * setup.period_size;
  setup.layout.channels = 3;
  setup.rate_hz = 44100;
  Pcm out = open_loop(SND_PCM_STREAM_PLAYBACK);
  ASSERT_TRUE(out);
  EXPECT_FALSE(ctl_.readable()) << "to open is not to play";
  ASSERT_NO_FATAL_FAILURE(begin(out.get(), setup));
  EXPECT_EQ(events(), (std::set<std::string>{"PCM Slave Active", "PCM Slave Format",
                                             "PCM Slave Rate", "PCM Slave Channels"}));
  EXPECT_EQ(read("PCM Slave Active"), 1);
  EXPECT_EQ(read("PCM Slave Active", 1), 0) << "which is another loop";
  EXPECT_EQ(read("PCM Slave Format"), SND_PCM_FORMAT_S32_LE);
  EXPECT_EQ(read("PCM Slave Rate"), 44100);
  EXPECT_EQ(read("PCM Slave Channels"), 3);
  ASSERT_EQ(snd_pcm_pause(out.get(), 1), 0);
  EXPECT_EQ(events(), std::set<std::string>{"PCM Slave Active"});
  EXPECT_EQ(read("PCM Slave Active"), 0);
  ASSERT_EQ(snd_pcm_pause(out.get(), 0), 0);
  EXPECT_EQ(events(), std::set<std::string>{"PCM Slave Active"});
  ASSERT_EQ(snd_pcm_drop(out.get()), 0);
  EXPECT_EQ(events(), std::set<std::string>{"PCM Slave Active"});
  EXPECT_EQ(read("PCM Slave Rate"), 44100) << "until it is closed";
  out.reset();
  EXPECT_EQ(read("PCM Slave Rate"), 48000);
}

/// The loop has no controls. A program that watches the card may wake up, and finds no event.
TEST_F(MixerLoop, IsNoEventWhereItHasNoControls) {
  ctl_.subscribe();
  const Pcm out = open_loop(SND_PCM_STREAM_PLAYBACK, "dmasim_loop:SUBDEV=9");
  ASSERT_TRUE(out);
  ASSERT_NO_FATAL_FAILURE(begin(out.get()));
  pollfd entry{};
  ASSERT_EQ(snd_ctl_poll_descriptors(ctl_.get(), &entry, 1), 1);
  unsigned short revents = POLLERR;
  ASSERT_EQ(snd_ctl_poll_descriptors_revents(ctl_.get(), &entry, 1, &revents), 0);
  EXPECT_EQ(revents, 0);
  EXPECT_FALSE(ctl_.readable());
}

TEST_F(MixerLoop, DoesNotEndAReadWhereItHasNoControls) {
  const Ctl waiting("dmasim", 0);
  waiting.subscribe();
  const Element element = ctl_.find("Master Playback Switch");
  const Pcm out = open_loop(SND_PCM_STREAM_PLAYBACK, "dmasim_loop:SUBDEV=9");
  ASSERT_TRUE(out);
  ASSERT_NO_FATAL_FAILURE(begin(out.get()));
  std::thread setter([&] {
    EXPECT_TRUE(eventually([&] { return !waiting.readable(); }))
        << "the read has looked, and waits";
    EXPECT_EQ(ctl_.write(element, {0}), 1);
  });
  snd_ctl_event_t* event = nullptr;
  snd_ctl_event_alloca(&event);
  EXPECT_EQ(snd_ctl_read(waiting.get(), event), 1);
  EXPECT_EQ(snd_ctl_event_elem_get_numid(event), element.numid);
  setter.join();
}

/// Compares two playbacks, one of them in a loop whose rate is shifted. As in snd-aloop, 80000 is a
/// quarter faster.
TEST_F(MixerLoop, HasAClockThatCanBeShifted) {
  ASSERT_GE(ctl_.write(ctl_.find("PCM Rate Shift 100000", 0, 1), {80000}), 0);
  PcmSetup setup = cable_setup();
  setup.period_size = 4800;
  setup.buffer_size = 48000;
  const Pcm plain = open_loop(SND_PCM_STREAM_PLAYBACK, "dmasim_loop:SUBDEV=0");
  const Pcm shifted = open_loop(SND_PCM_STREAM_PLAYBACK, "dmasim_loop:SUBDEV=1");
  ASSERT_TRUE(plain && shifted);
  look_in_time([&] {
    snd_pcm_drop(plain.get());  // of an earlier look
    snd_pcm_drop(shifted.get());
    const Look of_plain = expect_rate(plain.get(), setup, 48000);
    const Look of_shifted = expect_rate(shifted.get(), setup, 60000);
    return of_plain == Look::in_time ? of_shifted : of_plain;
  });
}

/// Both ends of the loop use the shifted clock: no frame is lost, and none is added.
TEST_F(MixerLoop, IsExactWhenItIsShifted) {
  ASSERT_GE(ctl_.write(ctl_.find("PCM Rate Shift 100000"), {87654}), 0);
  const Pcm in = open_loop(SND_PCM_STREAM_CAPTURE);
  const Pcm out = open_loop(SND_PCM_STREAM_PLAYBACK);
  ASSERT_TRUE(in && out);
  ASSERT_NO_FATAL_FAILURE(listen(in.get()));
  constexpr int32_t kFrames = 12000;
  ASSERT_NO_FATAL_FAILURE(configure(out.get(), cable_setup()));
  ASSERT_EQ(snd_pcm_writei(out.get(), tagged_frames(1, 1, kFrames).data(), kFrames), kFrames);
  ASSERT_EQ(snd_pcm_start(out.get()), 0);
  std::vector<CableFrame> captured(1200);
  int32_t next = 1;
  for (int i = 0; i < 60 && next <= kFrames; ++i) {
    ASSERT_EQ(snd_pcm_readi(in.get(), captured.data(), 1200), 1200);
    for (const CableFrame& frame : captured) {
      const bool outside = frame == kSilence && (next == 1 || next > kFrames);
      ASSERT_TRUE(outside || frame.index == next) << frame.index << " in place of " << next;
      if (!outside) ++next;
    }
  }
  EXPECT_EQ(next, kFrames + 1);
}

TEST_F(MixerLoop, RefusesAnotherFormatUnlessItNotifies) {
  const Pcm in = open_loop(SND_PCM_STREAM_CAPTURE);
  ASSERT_TRUE(in);
  ASSERT_NO_FATAL_FAILURE(listen(in.get()));
  PcmSetup setup = cable_capture_setup();
  setup.layout = {.format = SND_PCM_FORMAT_S16_LE, .channels = 2};
  {
    const Pcm out = open_loop(SND_PCM_STREAM_PLAYBACK);
    ASSERT_TRUE(out);
    EXPECT_LT(set_hw_params(out.get(), setup), 0);
  }
  set_switch("PCM Notify", true);
  const Pcm out = open_loop(SND_PCM_STREAM_PLAYBACK);
  ASSERT_TRUE(out);
  ASSERT_NO_FATAL_FAILURE(begin(out.get(), setup));
  EXPECT_TRUE(reaches_state(in.get(), SND_PCM_STATE_XRUN)) << "the capture is broken off";
  EXPECT_EQ(snd_pcm_state(out.get()), SND_PCM_STATE_RUNNING);
  EXPECT_EQ(read("PCM Slave Format"), SND_PCM_FORMAT_S16_LE);
  ASSERT_EQ(snd_pcm_prepare(in.get()), 0);
  const ErrorLog log;
  EXPECT_EQ(snd_pcm_start(in.get()), -EINVAL);
  EXPECT_NE(log.text().find("S16_LE"), std::string::npos) << log.text();
}

/// Some programs only read the properties of cards. This must not make a file.
TEST_F(MixerSound, LeavesNoFileWhereNobodyUsesIt) {
  const auto path = runtime_.files() / "dmasim.mixer";
  EXPECT_EQ(ctl_.read(ctl_.find("Master Playback Volume")), (Values{k0dB, k0dB}));
  EXPECT_EQ(ctl_.write(ctl_.find("Master Playback Switch"), {1}), 0) << "as it is";
  play();
  EXPECT_FALSE(std::filesystem::exists(path));
  set_switch("Master Playback Switch", false);
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace dmasim::test
