// SPDX-License-Identifier: LGPL-2.1-or-later
/// The control "PCM Slave Access Mode" of a loop, which newer versions of snd-aloop have.
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/ctl_fixture.h"

namespace dmasim::test {
namespace {

class SlaveAccessMode : public ::testing::Test {
 protected:
  static Pcm open_loop() {
    snd_pcm_t* pcm = nullptr;
    EXPECT_EQ(snd_pcm_open(&pcm, "dmasim_loop", SND_PCM_STREAM_PLAYBACK, 0), 0);
    return Pcm(pcm);
  }
  [[nodiscard]] long shown() const { return ctl_.read(mode_).front(); }
  /// Takes all events. Says whether one of them is of this control.
  [[nodiscard]] bool changed() const {
    bool found = false;
    while (const auto numid = ctl_.event()) found = found || *numid == mode_.numid;
    return found;
  }

  const CableRuntime runtime_;
  const Ctl ctl_;
  const Element mode_ = ctl_.find("PCM Slave Access Mode");
};

TEST_F(SlaveAccessMode, IsAnEnumerationThatCanOnlyBeRead) {
  EXPECT_EQ(mode_.type, SND_CTL_ELEM_TYPE_ENUMERATED);
  EXPECT_EQ(mode_.iface, SND_CTL_ELEM_IFACE_PCM);
  EXPECT_EQ(mode_.count, 1U);
  EXPECT_TRUE(mode_.readable);
  EXPECT_FALSE(mode_.writable);
  EXPECT_EQ(ctl_.items(mode_), (std::vector<std::string>{"Interleaved", "Non-interleaved"}));
  EXPECT_EQ(ctl_.write(mode_, {1}), -EPERM);
}

TEST_F(SlaveAccessMode, IsThatOfWhatPlaysIntoTheLoopFromItsStartOn) {
  ctl_.subscribe();
  PcmSetup setup = cable_setup();
  setup.buffer_size = 30 * setup.period_size;
  Pcm out = open_loop();
  ASSERT_TRUE(out);
  for (const auto& [access, value] : {std::pair(SND_PCM_ACCESS_RW_NONINTERLEAVED, 1),
                                      {SND_PCM_ACCESS_RW_INTERLEAVED, 0},
                                      {SND_PCM_ACCESS_MMAP_INTERLEAVED, 0},
                                      {SND_PCM_ACCESS_MMAP_NONINTERLEAVED, 1}}) {
    const long before = shown();
    setup.access = access;
    ASSERT_NO_FATAL_FAILURE(configure(out.get(), setup));
    EXPECT_EQ(shown(), before) << "until it starts";
    ASSERT_EQ(snd_pcm_forward(out.get(), setup.buffer_size),
              static_cast<snd_pcm_sframes_t>(setup.buffer_size));
    ASSERT_EQ(snd_pcm_start(out.get()), 0);
    EXPECT_EQ(shown(), value);
    EXPECT_EQ(changed(), value != before);
    ASSERT_EQ(snd_pcm_drop(out.get()), 0);
  }
  EXPECT_EQ(shown(), 1) << "until it is closed";
  out.reset();
  EXPECT_EQ(shown(), 0);
}

}  // namespace
}  // namespace dmasim::test
