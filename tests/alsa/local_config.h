// SPDX-License-Identifier: LGPL-2.1-or-later
/// An ALSA configuration of the test's own.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "tests/alsa/pcm_fixture.h"

namespace dmasim::test {

class LocalConfig {
 public:
  /// The present global configuration, and `text` in addition.
  static LocalConfig beside_global(const std::string& text) { return LocalConfig(text, true); }
  /// Only `text`.
  static LocalConfig alone(const std::string& text) { return LocalConfig(text, false); }
  ~LocalConfig();
  LocalConfig(const LocalConfig&) = delete;
  LocalConfig& operator=(const LocalConfig&) = delete;

  /// Opens from this configuration. Reads no configuration file again.
  [[nodiscard]] Opened try_open(const std::string& name, snd_pcm_stream_t stream, int mode = 0);
  /// The configuration, for other functions that open from one.
  [[nodiscard]] snd_config_t* top() const noexcept { return top_; }

 private:
  LocalConfig(const std::string& text, bool global);

  snd_config_t* top_ = nullptr;
};

}  // namespace dmasim::test
