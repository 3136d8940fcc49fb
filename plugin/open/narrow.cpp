// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/open/narrow.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "engine/cable/cable.h"
#include "engine/recording/file_pattern.h"
#include "plugin/config/config_values.h"
#include "plugin/open/pcm_mixer.h"
#include "plugin/pcm/ring_copy.h"

namespace dmasim {
namespace {

/// The rates that the kernel has names for (SNDRV_PCM_RATE_*).
constexpr std::array kUsualRates{5512U,   8000U,   11025U,  12000U,  16000U,  22050U, 24000U,
                                 32000U,  44100U,  48000U,  64000U,  88200U,  96000U, 128000U,
                                 176400U, 192000U, 352800U, 384000U, 705600U, 768000U};

/// The largest value of `range` for which `fits` is true. `fits` must be true for range.min, and
/// for each value below one for which it is true.
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

/// Keeps the values for which `fits` is true. It must be true for the smallest one, and for each
/// value below one for which it is true.
template <typename Fits>
RangeOrList fitting(const RangeOrList& values, Fits fits) {
  if (values.list().empty()) {
    return RangeOrList(Range{values.min(), largest({values.min(), values.max()}, fits)});
  }
  std::vector<unsigned> list = values.list();
  std::erase_if(list, [&](unsigned value) { return !fits(value); });
  return RangeOrList(std::move(list));
}

/// The rates that may be left of `rates`: a list as it is; of a range, the usual rates in it and
/// its two ends.
std::vector<unsigned> listed(const RangeOrList& rates) {
  if (!rates.list().empty()) return rates.list();
  std::vector<unsigned> list;
  list.reserve(kUsualRates.size() + 2);
  list.push_back(rates.min());
  std::copy_if(kUsualRates.begin(), kUsualRates.end(), std::back_inserter(list),
               [&](unsigned rate_hz) { return rate_hz > rates.min() && rate_hz < rates.max(); });
  if (rates.max() > rates.min()) list.push_back(rates.max());
  return list;
}

/// The rates of `rates` that `sink` holds together with the rest of `format`. If it holds each rate
/// from the lowest to the highest, all are left. Else a list is left. Empty if none is left.
std::optional<RangeOrList> held_rates(const Sink& sink, PcmFormat format,
                                      const RangeOrList& rates) {
  format.rate_hz = rates.min();
  if (sink.holds_rates(format, rates.max())) return rates;
  std::vector<unsigned> list = listed(rates);
  std::erase_if(list, [&](unsigned rate_hz) {
    format.rate_hz = rate_hz;
    return !sink.holds(format);
  });
  if (list.empty()) return std::nullopt;
  return RangeOrList(std::move(list));
}

RangeOrList only(unsigned value) { return RangeOrList(Range{value, value}); }

}  // namespace

FilePattern file_pattern(const PcmConfig& config) {
  const std::string subdevice = config.taken ? std::to_string(*config.taken) : "none";
  return FilePattern::parse(config.file, {.card = config.card, .subdevice = subdevice}).value();
}

bool narrow_to_sink(PcmConfig& config, const Sink& sink) {
  const RangeOrList before = config.rate_hz;
  const auto rates = [&](SampleFormat format) {
    return held_rates(sink, {.sample = format, .channels = config.channels.min()}, before);
  };
  std::erase_if(config.formats, [&](SampleFormat format) { return !rates(format); });
  if (config.formats.empty()) return false;
  const SampleFormat any = config.formats.front();
  config.rate_hz = *rates(any);
  config.channels = fitting(config.channels, [&](unsigned channels) {
    return sink.holds({.sample = any, .channels = channels, .rate_hz = config.rate_hz.min()});
  });
  return true;
}

bool narrow_to_makes(PcmConfig& config, const Source& source) {
  std::erase_if(config.formats, [&](SampleFormat format) { return !source.makes(format); });
  return !config.formats.empty();
}

bool narrow_to_shape(PcmConfig& config, const Source::Shape& shape) {
  if (!config.channels_chosen && shape.channels <= kMaxChannels) {
    config.channels =
        RangeOrList(Range{config.channels.min(), std::max(config.channels.max(), shape.channels)});
  }
  if (!config.channels.contains(shape.channels) || !config.rate_hz.contains(shape.rate_hz)) {
    return false;
  }
  config.channels = only(shape.channels);
  config.rate_hz = only(shape.rate_hz);
  return true;
}

void narrow_to_usual_rates(PcmConfig& config) {
  if (config.only_usual_rates) config.rate_hz = RangeOrList(listed(config.rate_hz));
}

bool narrow_to_format(PcmConfig& config, const PcmFormat& format) {
  if (!allows_carried(config, format)) return false;
  config.formats = {format.sample};
  config.channels = only(format.channels);
  config.rate_hz = only(format.rate_hz);
  return true;
}

std::optional<PcmFormat> carried_format(const PcmConfig& config, snd_pcm_stream_t stream) {
  if (config.cable.empty()) return std::nullopt;
  const auto notify = notify_switch(config);
  if (stream == SND_PCM_STREAM_PLAYBACK && notify && notify()) return std::nullopt;
  return cable_carries(config.cable, config.directory);
}

}  // namespace dmasim
