// SPDX-License-Identifier: LGPL-2.1-or-later
/// A PCM's configuration: what stands behind `type dmasim` in an ALSA conf. Each value is checked
/// here; a refusal is logged with the key, the value and what is accepted.
#pragma once

#include <alsa/asoundlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/card/cable_directory.h"
#include "engine/dma/engine.h"
#include "engine/pcm/pcm_format.h"
#include "plugin/config/channel_maps.h"
#include "plugin/config/config_block.h"
#include "plugin/config/profile.h"
#include "plugin/config/rates.h"

namespace dmasim {

inline constexpr unsigned kMostSubdevices = 128;

/// The limits are those of a profile, and of what overrides it.
struct PcmConfig {
  std::string file;     ///< record what is played: a FilePattern; empty: nowhere
  bool append = false;  ///< behind what the file holds
  std::string source;   ///< what is captured; empty: silence
  std::string cable;    ///< heard by and from others; empty: none
  std::string report;   ///< a JSON line for each closed PCM is appended here; empty: none

  std::string card = "dmasim";
  unsigned dev = 0;
  std::optional<unsigned> subdev;  ///< which one; none: any that is free
  std::optional<unsigned> taken;   ///< which one it has become; none: none, or not yet
  unsigned subdevices = 0;         ///< that there are; `subdev` may be beyond them
  bool subdevices_chosen = false;  ///< else one more at a cable is not refused for their number
  bool loop = false;               ///< its subdevices are those of a loop, each with a cable

  CableDirectory directory = CableDirectory::find();  ///< of cables, mixer and locks

  std::vector<SampleFormat> formats;  ///< never empty
  Range channels;
  bool channels_chosen = false;  ///< else a source with more of them widens the range
  Rates rate_hz;
  Range period_bytes;
  Range buffer_bytes;
  Range periods;
  bool noninterleaved = true;
  std::vector<ChannelMap> channel_maps;

  CompletionTopology completion = CompletionTopology::per_channel;
  int rt_priority = 0;
  uint32_t fifo_frames = 0;
  int32_t ppm = 0;
  unsigned queue_ms = 500;
  unsigned flush_ms = 2000;
  int64_t slow_callback_ns = 0;

  std::vector<std::string> unused;  ///< what was given and does nothing, and why: whole sentences
};

/// The frequency of a source `tone:HZ`; none of another one, or if HZ is not accepted.
[[nodiscard]] std::optional<double> tone_hz(std::string_view source) noexcept;

/// Whether the limits allow `format`.
[[nodiscard]] bool allows(const PcmConfig& config, const PcmFormat& format) noexcept;

/// Whether the least periods fit into the largest buffer.
[[nodiscard]] bool leaves_room_for_periods(const PcmConfig& config) noexcept;

/// Errors: EINVAL, after a line in ALSA's error log.
Result<GivenValues> gather_pcm_values(const snd_config_t* conf);

/// Errors: EINVAL, after a line in ALSA's error log, for a value that is not accepted. Values that
/// do not go together are not looked for.
Result<PcmConfig> make_pcm_config(const GivenValues& values);

}  // namespace dmasim
