// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/narrow.h"

#include <algorithm>

#include "engine/cable.h"
#include "engine/sink.h"
#include "plugin/pcm_mixer.h"
#include "plugin/ring_copy.h"

namespace dmasim {
namespace {

/// The largest value of `range` for which `fits` holds, which it does up to some value and for the
/// least one.
template <typename Fits>
unsigned largest(Range range, Fits fits) {
  while (range.min < range.max) {
    const unsigned middle = range.max - (range.max - range.min) / 2;
    if (fits(middle)) {
      range.min = middle;
    } else {
      range.max = middle - 1;
    }
  }
  return range.min;
}

/// The same for rates, of which a FLAC above 65535 Hz holds multiples of ten only: among those up
/// to some value, and then among what lies between two of them.
template <typename Fits>
unsigned largest_rate(Range range, Fits fits) {
  const Range tens{(range.min + 9) / 10, range.max / 10};
  if (tens.min <= tens.max) {
    range.min = 10 * largest(tens, [&](unsigned ten) { return fits(10 * ten); });
    range.max = std::min(range.max, range.min + 9);
  }
  return largest(range, fits);
}

bool narrow(Range& range, unsigned value) {
  if (!range.has(value)) return false;
  range = {value, value};
  return true;
}

}  // namespace

FilePattern file_pattern(const PcmConfig& config) {
  const std::string subdevice = config.taken ? std::to_string(*config.taken) : "none";
  const auto pattern =
      FilePattern::parse(config.file, {.card = config.card, .subdevice = subdevice});
  return pattern ? *pattern : FilePattern::plain(config.file);
}

bool is_sound_file(const std::string& source) noexcept {
  return !source.empty() && source != "silence" && source != "counter" && !tone_hz(source);
}

bool narrow_to_file(PcmConfig& config, const char* path) {
  const auto accepts = [&](SampleFormat format, unsigned channels, unsigned rate_hz) {
    return file_sink_accepts(path, {.sample = format, .channels = channels, .rate_hz = rate_hz});
  };
  std::erase_if(config.formats, [&](SampleFormat format) {
    return !accepts(format, config.channels.min, config.rate_hz.min);
  });
  if (config.formats.empty()) return false;
  const SampleFormat any = config.formats.front();
  config.channels.max = largest(config.channels, [&](unsigned channels) {
    return accepts(any, channels, config.rate_hz.min);
  });
  config.rate_hz.max = largest_rate(
      config.rate_hz, [&](unsigned rate_hz) { return accepts(any, config.channels.min, rate_hz); });
  return true;
}

bool narrow_to_shape(PcmConfig& config, const Source::Shape& shape) {
  if (!config.channels_chosen && shape.channels <= kMaxChannels) {
    config.channels.max = std::max(config.channels.max, shape.channels);
  }
  return narrow(config.channels, shape.channels) && narrow(config.rate_hz, shape.rate_hz);
}

bool narrow_to_format(PcmConfig& config, const PcmFormat& format) {
  if (!allows(config, format)) return false;
  config.formats = {format.sample};
  return narrow(config.channels, format.channels) && narrow(config.rate_hz, format.rate_hz);
}

std::optional<PcmFormat> carried_format(const PcmConfig& config, snd_pcm_stream_t stream) {
  if (config.cable.empty()) return std::nullopt;
  const auto notify = notify_switch(config);
  if (stream == SND_PCM_STREAM_PLAYBACK && notify && notify()) return std::nullopt;
  return cable_carries(config.cable, config.directory);
}

}  // namespace dmasim
