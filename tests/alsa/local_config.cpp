// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/alsa/local_config.h"

#include <gtest/gtest.h>

namespace dmasim::test {

LocalConfig::LocalConfig(const std::string& text, bool global) {
  if (global) {
    EXPECT_GE(snd_config_update(), 0);
    EXPECT_GE(snd_config_copy(&top_, snd_config), 0);
  } else {
    EXPECT_EQ(snd_config_top(&top_), 0);
  }
  snd_input_t* input = nullptr;
  EXPECT_EQ(snd_input_buffer_open(&input, text.c_str(), static_cast<ssize_t>(text.size())), 0);
  EXPECT_GE(snd_config_load(top_, input), 0) << text;
  snd_input_close(input);
}

LocalConfig::~LocalConfig() { snd_config_delete(top_); }

Opened LocalConfig::try_open(const std::string& name, snd_pcm_stream_t stream, int mode) {
  snd_pcm_t* pcm = nullptr;
  const int error = snd_pcm_open_lconf(&pcm, name.c_str(), stream, mode, top_);
  return {.error = error, .pcm = Pcm(error < 0 ? nullptr : pcm)};
}

}  // namespace dmasim::test
