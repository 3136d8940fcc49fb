// SPDX-License-Identifier: LGPL-2.1-or-later
/// A PCM's configuration: the keys next to `type dmasim` in an ALSA conf. Each value is checked
/// here. For a value that is refused, the log gets a line with the key, the value and what is
/// accepted.
#pragma once

#include <alsa/asoundlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/card/cable_directory.h"
#include "engine/dma/dma_device.h"
#include "engine/pcm/pcm_format.h"
#include "plugin/config/channel_maps.h"
#include "plugin/config/clock_choice.h"
#include "plugin/config/config_block.h"
#include "plugin/config/profile.h"
#include "plugin/config/range_or_list.h"

namespace dmasim {

inline constexpr unsigned kMostSubdevices = 128;

/// The limits come from a profile, and from the keys that override it.
struct PcmConfig {
  std::string file;     ///< the recording of what is played: a FilePattern; empty: no recording
  bool append = false;  ///< the recording is appended to the file
  std::string source;   ///< what is captured; empty: silence
  std::string cable;    ///< the cable that playbacks and captures share; empty: none
  std::string report;   ///< the file that gets a JSON line for each closed PCM; empty: none

  std::string card = "dmasim";
  unsigned dev = 0;
  std::optional<unsigned> subdev;  ///< the subdevice that was asked for; empty: any that is free
  std::optional<unsigned> taken;   ///< the subdevice that was taken; empty: none, or not yet
  unsigned subdevices = 0;         ///< how many there are; `subdev` may be too high
  bool subdevices_chosen = false;  ///< a key gives `subdevices`: then it limits PCMs at a cable too
  bool loop = false;               ///< each subdevice is a loop with a cable of its own

  CableDirectory directory;  ///< has cables, mixer and locks; make_pcm_config() finds it

  std::vector<SampleFormat> formats;  ///< never empty
  bool takes_carried_dsd = false;     ///< a cable that carries DSD adds its format to them
  RangeOrList channels;
  bool channels_chosen = false;  ///< if false, a source with more channels widens the range
  RangeOrList rate_hz;
  bool only_usual_rates = false;  ///< of a range `rate_hz` only its usual rates and its ends are
                                  ///< offered; a sound file or a cable may have each rate of it
  Range period_bytes;
  Range buffer_bytes;
  Range periods;
  bool noninterleaved = true;
  std::vector<ChannelMap> channel_maps;

  CompletionTopology completion = CompletionTopology::per_channel;
  int rt_priority = 0;
  uint32_t fifo_frames = 0;
  ClockChoice clock;
  int32_t ppm = 0;
  unsigned queue_ms = 500;
  unsigned flush_ms = 2000;
  int64_t slow_callback_ns = 0;

  std::vector<std::string> unused;  ///< a sentence for each value that is not used
};

/// Sets the limits of that profile. False if there is none of that name.
bool apply_profile(std::string_view name, PcmConfig& out);

/// Says whether the limits allow `format`, which the PCM's cable carries.
[[nodiscard]] bool allows_carried(const PcmConfig& config, const PcmFormat& format) noexcept;

/// Says whether the clock can pace what the PCM has. Not if it is freerun: another process moves
/// the other end of a cable, and a fault comes when time passes.
[[nodiscard]] bool clock_paces_all(const PcmConfig& config) noexcept;

/// Says whether the smallest number of the smallest periods fits into the largest buffer.
[[nodiscard]] bool leaves_room_for_periods(const PcmConfig& config) noexcept;

/// Errors: EINVAL, after a line in ALSA's error log.
Result<GivenValues> gather_pcm_values(const snd_config_t* conf);

/// Checks each value alone, not whether the values go together. Errors: EINVAL, after a line in
/// ALSA's error log, for a value that is not accepted.
Result<PcmConfig> make_pcm_config(const GivenValues& values);

}  // namespace dmasim
