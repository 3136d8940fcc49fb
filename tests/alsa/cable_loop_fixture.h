// SPDX-License-Identifier: LGPL-2.1-or-later
/// A playback and a capture of this process on the cable `test`, in a runtime directory of the
/// test.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "tests/alsa/cable_setup.h"
#include "tests/alsa/pcm_transfer.h"

namespace dmasim::test {

class CableLoop : public ::testing::Test {
 protected:
  [[nodiscard]] static Pcm playback(const Arguments& extra = {}) {
    return open_playback(with_cable(extra));
  }
  [[nodiscard]] static Pcm capture(const Arguments& extra = {}) {
    return open_capture(with_cable(extra));
  }
  static Arguments with_cable(Arguments arguments) {
    arguments.emplace_back("CABLE", "test");
    return arguments;
  }
  CableRuntime runtime_;
};

inline snd_pcm_sframes_t write_tagged(snd_pcm_t* pcm, const std::vector<CableFrame>& frames) {
  return snd_pcm_writei(pcm, frames.data(), frames.size());
}

}  // namespace dmasim::test
