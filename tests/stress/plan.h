// SPDX-License-Identifier: LGPL-2.1-or-later
/// What one cycle of the hammer does. It is chosen before the cycle begins, so that the watchdog
/// can describe a cycle that hangs.
#pragma once

#include <alsa/asoundlib.h>

#include <string>

#include "tests/stress/dice.h"

namespace dmasim::stress {

struct HammerOptions {
  uint64_t cycles = 1000;
  unsigned threads = 4;
  uint64_t seed = 0;
  std::string pcm = "dmasim";
  std::string completion = "channel";
  bool async_mode = false;  ///< SND_PCM_ASYNC in the open mode: alsa-lib then uses no lock
  bool locked = true;    ///< alsa-lib locks each PCM: no SND_PCM_ASYNC, no LIBASOUND_THREAD_SAFE=0
  bool partial = false;  ///< few cycles: a case may be missing
  unsigned watchdog_s = 60;

  /// Whether the PCM is the plugin under test, which accepts arguments. Any other PCM is opened
  /// without.
  [[nodiscard]] bool own_card() const { return pcm == "dmasim"; }
};

/// The state in which the cycle closes the PCM.
enum class Ending { open, setup, prepared, running, paused, draining, xrun };

/// What the worker's partner thread does with the PCM while the worker is inside a call.
enum class Intrusion {
  none,
  drop_writer,     ///< drop, against a blocked write or read
  drop_poller,     ///< drop, against a poll() of the PCM's descriptors
  abort_writer,    ///< snd_pcm_abort from a signal handler, in a blocked write or read
  abort_drain,     ///< the same, in a blocked drain
  drop_drain,      ///< drop, against a blocked drain
  restart_writer,  ///< drop and prepare, against a blocked write or read
  pause_writer,    ///< pause and resume, against a blocked write or read
  ask,             ///< status, avail, delay and state, again and again
};

/// A call that is refused while the hardware runs. After it, alsa-lib closes without stop and
/// hw_free.
enum class Refusal { none, hw_free, hw_params, hw_params_twice };

struct Plan {
  snd_pcm_stream_t stream = SND_PCM_STREAM_PLAYBACK;
  snd_pcm_access_t access = SND_PCM_ACCESS_RW_INTERLEAVED;
  snd_pcm_format_t format = SND_PCM_FORMAT_S16_LE;
  unsigned channels = 2;
  unsigned rate_hz = 192000;
  unsigned period_frames = 64;
  unsigned periods = 4;
  unsigned fifo_frames = 0;
  unsigned slow_callback_us = 0;
  bool to_file = false;  ///< playback records into a file; capture reads the counter
  bool nonblock = false;
  bool free_running = false;  ///< stop_threshold is the boundary: no xrun, the DMA continues
  bool configure_again = false;
  unsigned starts = 1;   ///< how often the cycle starts and drops the stream
  unsigned actions = 2;  ///< between a start and its drop
  Intrusion intrusion = Intrusion::none;
  Ending ending = Ending::open;
  Refusal refusal = Refusal::none;
};

[[nodiscard]] Plan draw_plan(Dice& dice, const HammerOptions& options);

/// The plan as text, for the output of a failed run.
[[nodiscard]] std::string describe(const Plan& plan);

/// The PCM's name with the plan's arguments. `scratch` is the worker's own path for files, without
/// an extension.
[[nodiscard]] std::string device_name(const Plan& plan, const HammerOptions& options,
                                      const std::string& report, const std::string& scratch);

}  // namespace dmasim::stress
