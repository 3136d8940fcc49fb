// SPDX-License-Identifier: LGPL-2.1-or-later
/// One short stream with one format and buffer shape. It is played or captured, and compared bit
/// for bit.
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
  Arguments extra{};  ///< further arguments of the PCM

  [[nodiscard]] std::string name() const;
};

struct MatrixOutcome {
  std::string failure;  ///< empty: every bit is right
  bool late = false;    ///< an xrun that this thread may have caused, because it was late
};

/// Runs one case. The recording goes to `directory`. Any thread may call it.
MatrixOutcome run_case(const MatrixCase& each, const std::filesystem::path& directory);

struct MatrixTotals {
  size_t cases = 0;
  size_t retries = 0;
  std::vector<std::string> failures;
};

/// Runs `parallel` cases at a time, because most of the time a case waits for the card. A case that
/// was late is counted, and tried again at most twenty times.
MatrixTotals run_cases(const std::vector<MatrixCase>& cases, size_t parallel);

}  // namespace dmasim::test
