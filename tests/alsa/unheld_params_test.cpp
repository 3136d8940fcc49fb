// SPDX-License-Identifier: LGPL-2.1-or-later
/// Parameters of which each was offered, but which a recording does not hold together: hw_params
/// answers an error.
///
/// The linker finds this program's snd_pcm_ioplug_set_param_list before alsa-lib's. A test can make
/// it offer all rates between the ends of a list of rates.
#include <alsa/asoundlib.h>
// These need the header above.
#include <alsa/pcm_external.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "tests/alsa/pcm_fixture.h"

namespace {
bool offers_between = false;
}  // namespace

#pragma GCC visibility push(default)
extern "C" int snd_pcm_ioplug_set_param_list(snd_pcm_ioplug_t* io, int type, unsigned count,
                                             const unsigned* list) {
  if (offers_between && type == SND_PCM_IOPLUG_HW_RATE) {
    return snd_pcm_ioplug_set_param_minmax(io, type, list[0], list[count - 1]);
  }
  const auto next = reinterpret_cast<decltype(snd_pcm_ioplug_set_param_list)*>(
      dlsym(RTLD_NEXT, "snd_pcm_ioplug_set_param_list"));
  return next(io, type, count, list);
}
#pragma GCC visibility pop

namespace dmasim::test {
namespace {

class UnheldParams : public ::testing::Test {
 protected:
  void SetUp() override { offers_between = true; }
  void TearDown() override { offers_between = false; }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.file("played.flac");
};

TEST_F(UnheldParams, AreRefusedByNameAndLeaveThePcmToOthers) {
  const Pcm pcm = open_playback({{"FILE", path_}});
  ASSERT_TRUE(pcm);
  PcmSetup setup;
  setup.rate_hz = 88201;
  const ErrorLog log;
  EXPECT_EQ(set_hw_params(pcm.get(), setup), -EINVAL);
  for (const char* word : {path_.c_str(), "S16_LE", "channels = 2", "rate = 88201", "accepted"}) {
    EXPECT_NE(log.text().find(word), std::string::npos) << word << ": " << log.text();
  }
  EXPECT_EQ(snd_pcm_state(pcm.get()), SND_PCM_STATE_OPEN);
  EXPECT_FALSE(std::filesystem::exists(path_));
  setup.rate_hz = 88200;
  ASSERT_NO_FATAL_FAILURE(configure(pcm.get(), setup));
  ASSERT_EQ(write_frames(pcm.get(), pattern_frames(setup.layout, 0, 100)), 100);
  EXPECT_EQ(snd_pcm_drain(pcm.get()), 0);
}

}  // namespace
}  // namespace dmasim::test
