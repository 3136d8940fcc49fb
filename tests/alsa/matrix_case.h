// SPDX-License-Identifier: LGPL-2.1-or-later
/// One short stream, played or captured in one format and shape, compared bit for bit.
#pragma once

#include <alsa/asoundlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

struct MatrixCase {
  snd_pcm_stream_t stream = SND_PCM_STREAM_PLAYBACK;
  PcmSetup setup;
  size_t frames = 0;
  Arguments extra{};  ///< more of the PCM's arguments

  [[nodiscard]] std::string name() const;
};

struct MatrixOutcome {
  std::string failure;  ///< empty: every bit is right
  bool late = false;    ///< an xrun, and this thread was late enough to have caused it
};

/// `directory` is for the recording. Any thread.
MatrixOutcome run_case(const MatrixCase& each, const std::filesystem::path& directory);

struct MatrixTotals {
  size_t cases = 0;
  size_t retries = 0;
  std::vector<std::string> failures;
};

/// Runs them `parallel` at a time: the card paces, the processor idles. A case that came late is
/// tried again, twenty times at most, and counted.
MatrixTotals run_cases(const std::vector<MatrixCase>& cases, size_t parallel);

}  // namespace dmasim::test
