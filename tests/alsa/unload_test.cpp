// SPDX-License-Identifier: LGPL-2.1-or-later
/// alsa-lib unloads modules. DMASIM_UNLOADABLE_MODULE is the plugin, built so that dlclose really
/// unloads it. If any of its code ran afterwards, the test would crash.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "tests/alsa/local_config.h"
#include "tests/alsa/pcm_fixture.h"
#include "tests/alsa/process_view.h"

namespace dmasim::test {
namespace {

constexpr const char* kModule = DMASIM_UNLOADABLE_MODULE;

bool loaded() {
  void* module = dlopen(kModule, RTLD_NOLOAD | RTLD_LAZY);
  if (module != nullptr) dlclose(module);
  return module != nullptr;
}

std::string configuration(const std::string& keys) {
  return std::string("pcm_type.dmasim { lib \"") + kModule + "\" }\npcm.gone { type dmasim " +
         keys + " }\n";
}

/// Loads the module, runs a stream, and unloads the module.
void load_play_unload(const std::string& keys, snd_pcm_stream_t stream, int turn) {
  {
    LocalConfig config = LocalConfig::alone(configuration(keys));
    Opened opened = config.try_open("gone", stream);
    ASSERT_EQ(opened.error, 0) << snd_strerror(opened.error);
    ASSERT_TRUE(loaded());
    snd_pcm_t* pcm = opened.pcm.get();
    PcmSetup setup;
    setup.period_size = 64;
    setup.buffer_size = 2048;
    ASSERT_NO_FATAL_FAILURE(configure(pcm, setup));
    if (stream == SND_PCM_STREAM_PLAYBACK) {
      ASSERT_EQ(write_frames(pcm, std::vector<std::byte>(2048 * 4)), 2048);
    }
    if (turn % 4 != 3) {
      ASSERT_EQ(snd_pcm_start(pcm), 0);
    }
    if (turn % 4 == 1) {
      ASSERT_EQ(snd_pcm_drop(pcm), 0);
    }
  }
  snd_config_update_free_global();
  ASSERT_FALSE(loaded());
}

TEST(Unload, AThousandTimesLeavesNothing) {
  const TemporaryDirectory directory;
  const std::string file = "file \"" + directory.file("played.wav") + "\"";
  ASSERT_NO_FATAL_FAILURE(load_play_unload("", SND_PCM_STREAM_PLAYBACK, 0));
  const Footprint before = footprint();
  for (int turn = 0; turn < 1000; ++turn) {
    const auto stream = turn % 3 == 0 ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK;
    ASSERT_NO_FATAL_FAILURE(load_play_unload(turn % 5 == 0 ? file : "", stream, turn));
  }
  EXPECT_EQ(settled_footprint(before), before);
}

TEST(Unload, WithASharedCompletionThread) {
  for (int turn = 0; turn < 100; ++turn) {
    ASSERT_NO_FATAL_FAILURE(load_play_unload("completion shared", SND_PCM_STREAM_PLAYBACK, turn));
  }
}

/// A callback takes as long as a period, so that a close comes while a callback runs.
TEST(Unload, RightAfterACallback) {
  for (int turn = 0; turn < 100; ++turn) {
    ASSERT_NO_FATAL_FAILURE(
        load_play_unload("faults \"slow_callback=2ms\"", SND_PCM_STREAM_PLAYBACK, turn));
  }
}

}  // namespace
}  // namespace dmasim::test
