// SPDX-License-Identifier: LGPL-2.1-or-later
/// How a stress program reports an error.
#pragma once

#include <alsa/asoundlib.h>

#include <stdexcept>
#include <string>

namespace dmasim::stress {

/// A broken promise of the PCM under test. It ends the worker that found it, and then the program.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void expect(bool holds, const std::string& promise) {
  if (!holds) throw Violation(promise);
}

/// For a call that must succeed.
inline void expect_done(long result, const char* call) {
  if (result >= 0) return;
  throw Violation(std::string(call) + ": " + snd_strerror(static_cast<int>(result)));
}

}  // namespace dmasim::stress
