// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/open/pcm_open.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "plugin/config/config_values.h"
#include "plugin/open/card.h"
#include "plugin/open/device_factory.h"
#include "plugin/open/narrow.h"
#include "plugin/open/pcm_mixer.h"
#include "plugin/open/precedence.h"
#include "plugin/pcm/alsa_format.h"

namespace dmasim {
namespace {

bool narrow_to_carried(PcmConfig& config, snd_pcm_stream_t stream) {
  const auto carried = carried_format(config, stream);
  if (!carried || narrow_to_format(config, *carried)) return true;
  SNDERR("dmasim: cable = \"%s\" carries %s, which format, channels = %s or rate = %s do not allow",
         config.cable.c_str(), describe(*carried).c_str(), config.channels.text().c_str(),
         config.rate_hz.text().c_str());
  return false;
}

bool check_clock(const PcmConfig& config) {
  if (clock_paces_all(config)) return true;
  const std::string other = config.cable.empty() ? "faults" : "cable = \"" + config.cable + '"';
  SNDERR("dmasim: clock = \"freerun\" and %s; accepted together: realtime or xN", other.c_str());
  return false;
}

bool check_together(const PcmConfig& config) {
  if (!check_clock(config)) return false;
  if (leaves_room_for_periods(config)) return true;
  SNDERR("dmasim: period_bytes = %u-%u leaves no room for %u periods in buffer_bytes = %u-%u",
         config.period_bytes.min, config.period_bytes.max, config.periods.min,
         config.buffer_bytes.min, config.buffer_bytes.max);
  return false;
}

int set_range(snd_pcm_ioplug_t& io, int param, const Range& range) {
  return snd_pcm_ioplug_set_param_minmax(&io, param, range.min, range.max);
}

int set_range_or_list(snd_pcm_ioplug_t& io, int param, const RangeOrList& values) {
  const std::vector<unsigned>& list = values.list();
  if (list.empty()) return set_range(io, param, {values.min(), values.max()});
  return snd_pcm_ioplug_set_param_list(&io, param, static_cast<unsigned>(list.size()), list.data());
}

int set_formats(snd_pcm_ioplug_t& io, const std::vector<SampleFormat>& formats) {
  std::vector<unsigned> list;
  list.reserve(formats.size());
  for (const SampleFormat format : formats) list.push_back(static_cast<unsigned>(to_alsa(format)));
  return snd_pcm_ioplug_set_param_list(&io, SND_PCM_IOPLUG_HW_FORMAT,
                                       static_cast<unsigned>(list.size()), list.data());
}

int set_accesses(snd_pcm_ioplug_t& io, bool noninterleaved) {
  static constexpr std::array<unsigned, 4> kAccesses{
      SND_PCM_ACCESS_MMAP_INTERLEAVED, SND_PCM_ACCESS_RW_INTERLEAVED,
      SND_PCM_ACCESS_MMAP_NONINTERLEAVED, SND_PCM_ACCESS_RW_NONINTERLEAVED};
  return snd_pcm_ioplug_set_param_list(&io, SND_PCM_IOPLUG_HW_ACCESS, noninterleaved ? 4 : 2,
                                       kAccesses.data());
}

}  // namespace

Result<PcmConfig> open_config(const snd_config_t* conf, snd_pcm_stream_t stream) {
  Result<GivenValues> values = gather_pcm_values(conf);
  if (!values) return values.as_errno();
  Result<PcmConfig> config = make_pcm_config(*values);
  if (!config) return config;
  std::vector<std::string> unused = leave_out_excluded(*values, stream);
  if (!unused.empty()) config = make_pcm_config(*values);
  if (!config || !check_together(*config)) return Errno{EINVAL};
  for (std::string& each : unused_by_direction(*values, stream)) unused.push_back(std::move(each));
  config->unused = std::move(unused);
  return config;
}

Result<SubstreamParts> make_parts(PcmConfig& config, snd_pcm_stream_t stream,
                                  const std::function<bool()>& noninterleaved) {
  SubstreamParts parts;
  parts.fifo_frames = config.fifo_frames;
  if (config.clock.freerun) parts.freerun = std::make_shared<ManualClock>();
  parts.ppm = config.clock.ppm(config.ppm);
  parts.ppm_at_start = shifted_clock(config);
  parts.slow_callback_ns = config.slow_callback_ns;
  if (!narrow_to_carried(config, stream)) return Errno{EINVAL};
  if (stream == SND_PCM_STREAM_PLAYBACK) {
    Result<std::unique_ptr<Sink>> sink = make_sink(config, noninterleaved);
    if (!sink) return sink.as_errno();
    parts.sink = *std::move(sink);
  } else {
    Result<std::unique_ptr<Source>> source = make_source(config);
    if (!source) return source.as_errno();
    parts.source = *std::move(source);
  }
  narrow_to_usual_rates(config);
  const Result<std::shared_ptr<DmaDevice>> device = dma_device_of_card(
      config.card, {.completion = config.completion, .rt_priority = config.rt_priority});
  if (!device) {
    SNDERR("dmasim: card = \"%s\" is open with another completion or rt_priority",
           config.card.c_str());
    return device.as_errno();
  }
  parts.dma_device = *device;
  return parts;
}

int set_hw_constraints(snd_pcm_ioplug_t& io, const PcmConfig& config) {
  const std::array results{set_accesses(io, config.noninterleaved),
                           set_formats(io, config.formats),
                           set_range_or_list(io, SND_PCM_IOPLUG_HW_CHANNELS, config.channels),
                           set_range_or_list(io, SND_PCM_IOPLUG_HW_RATE, config.rate_hz),
                           set_range(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, config.period_bytes),
                           set_range(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, config.buffer_bytes),
                           set_range(io, SND_PCM_IOPLUG_HW_PERIODS, config.periods)};
  const auto failed = std::find_if(results.begin(), results.end(), [](int r) { return r < 0; });
  return failed == results.end() ? 0 : *failed;
}

}  // namespace dmasim
