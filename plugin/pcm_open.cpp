// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm_open.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "engine/cable.h"
#include "engine/cable_text.h"
#include "plugin/alsa_format.h"
#include "plugin/card.h"
#include "plugin/pcm_mixer.h"

namespace dmasim {
namespace {

constexpr int64_t kMsNs = 1'000'000;
constexpr std::string_view kTone = "tone:";

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

/// A recording's type may not hold every format, channel count and rate.
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

/// The recording's name or names. Where it has one, `config` has it from here on.
std::optional<FilePattern> take_pattern(PcmConfig& config) {
  const std::string subdevice = config.taken ? std::to_string(*config.taken) : "none";
  auto pattern = FilePattern::parse(config.file, {.card = config.card, .subdevice = subdevice});
  if (!pattern) {
    SNDERR(
        "dmasim: file = \"%s\" has a %% that means nothing; accepted: %%p (process), %%n (number "
        "of "
        "the recording), %%c (card), %%s (subdevice); write %%%% for a percent sign",
        config.file.c_str());
  } else if (!pattern->counts()) {
    config.file = pattern->name(0);
  }
  return pattern;
}

void log_file_refusal(const PcmConfig& config, int error) {
  if (error == ENOTSUP) {
    SNDERR(
        "dmasim: file = \"%s\": nothing can be appended to a .flac or to a device; accepted with "
        "append = yes: .wav .w64 .raw",
        config.file.c_str());
    return;
  }
  SNDERR(
      "dmasim: file = \"%s\": %s; accepted: a path that can be written, ending in "
      ".wav .w64 .flac or .raw",
      config.file.c_str(), std::strerror(error));
}

Result<std::unique_ptr<Sink>> make_file(PcmConfig& config) {
  const auto pattern = take_pattern(config);
  if (!pattern) return Errno{EINVAL};
  Result<std::unique_ptr<Sink>> sink =
      make_file_sink(*pattern, {.queue_ns = config.queue_ms * kMsNs,
                                .flush_ns = config.flush_ms * kMsNs,
                                .append = config.append});
  if (!sink) {
    log_file_refusal(config, sink.error());
    return sink.error() == ENOTSUP ? Errno{EINVAL} : sink.as_errno();
  }
  if (!narrow_to_file(config, pattern->name(0).c_str())) {
    SNDERR(
        "dmasim: file = \"%s\" cannot hold any of the formats, channels and rates that are "
        "allowed",
        config.file.c_str());
    return Errno{EINVAL};
  }
  return sink;
}

Result<std::unique_ptr<Sink>> make_sink(PcmConfig& config) {
  if (config.cable.empty() && config.file.empty()) return make_null_sink();
  if (config.cable.empty()) return make_file(config);
  std::unique_ptr<Sink> cable = make_cable_sink(config.cable, std::make_shared<RealtimeClock>(),
                                                notify_switch(config), config.directory);
  if (config.file.empty()) return cable;
  Result<std::unique_ptr<Sink>> file = make_file(config);
  if (!file) return file;
  return make_tee_sink(std::move(*file), std::move(cable));
}

bool narrow(Range& range, unsigned value) {
  if (value < range.min || value > range.max) return false;
  range = {value, value};
  return true;
}

/// A sound file has one rate and one channel count, as a card with a fixed clock has.
bool narrow_to_source(PcmConfig& config, const Source& source) {
  const auto shape = source.shape();
  if (!shape) return true;
  if (!config.channels_chosen && shape->channels <= kMaxChannels) {
    config.channels.max = std::max(config.channels.max, shape->channels);
  }
  if (narrow(config.channels, shape->channels) && narrow(config.rate_hz, shape->rate_hz)) {
    return true;
  }
  SNDERR(
      "dmasim: source = \"%s\" has %u channels at %u Hz; accepted: channels = %u-%u, "
      "rate = %u-%u",
      config.source.c_str(), shape->channels, shape->rate_hz, config.channels.min,
      config.channels.max, config.rate_hz.min, config.rate_hz.max);
  return false;
}

Result<std::unique_ptr<Source>> make_tone(const PcmConfig& config) {
  const std::string_view text = std::string_view(config.source).substr(kTone.size());
  double frequency_hz = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), frequency_hz);
  if (error == std::errc{} && end == text.data() + text.size() && frequency_hz > 0 &&
      frequency_hz <= 384000) {
    return make_tone_source(frequency_hz);
  }
  SNDERR("dmasim: source = \"%s\"; accepted: tone:HZ with HZ above 0, up to 384000",
         config.source.c_str());
  return Errno{EINVAL};
}

Result<std::unique_ptr<Source>> make_cable_end(const PcmConfig& config) {
  if (config.source.empty()) {
    return make_cable_source(config.cable, std::make_shared<RealtimeClock>(), config.directory);
  }
  SNDERR("dmasim: source = \"%s\" and cable = \"%s\"; accepted: one of them for a capture",
         config.source.c_str(), config.cable.c_str());
  return Errno{EINVAL};
}

Result<std::unique_ptr<Source>> make_source(PcmConfig& config) {
  const std::string& name = config.source;
  if (!config.cable.empty()) return make_cable_end(config);
  if (name.empty() || name == "silence") return make_silence_source();
  if (name == "counter") return make_counter_source();
  if (name.starts_with(kTone)) return make_tone(config);
  Result<std::unique_ptr<Source>> source = make_file_source(name.c_str());
  if (source.error() == ENOTSUP) {
    SNDERR(
        "dmasim: source = \"%s\": its header gives a sample more bytes than its bits need, so that "
        "nobody knows which of them are the sound; accepted: a WAV of 8, 16, 24 or 32 bits in 1, "
        "2, "
        "3 or 4 bytes, or of 24 in 4 as arecord writes them",
        name.c_str());
    return Errno{EINVAL};
  }
  if (!source) {
    SNDERR(
        "dmasim: source = \"%s\": %s; accepted: silence, tone:HZ, counter or the path of a "
        "sound file",
        name.c_str(), std::strerror(source.error()));
    return source;
  }
  if (!narrow_to_source(config, **source)) return Errno{EINVAL};
  return source;
}

/// While others are on the cable it is a card with one format; `plug` converts, as for any card.
bool narrow_to_cable(PcmConfig& config) {
  if (config.cable.empty()) return true;
  const std::optional<PcmFormat> carried = cable_carries(config.cable, config.directory);
  if (!carried) return true;
  const bool known = std::count(config.formats.begin(), config.formats.end(), carried->sample) > 0;
  if (known && narrow(config.channels, carried->channels) &&
      narrow(config.rate_hz, carried->rate_hz)) {
    config.formats = {carried->sample};
    return true;
  }
  SNDERR(
      "dmasim: cable = \"%s\" carries %s, which format, channels = %u-%u or rate = %u-%u do not "
      "allow",
      config.cable.c_str(), describe(*carried).c_str(), config.channels.min, config.channels.max,
      config.rate_hz.min, config.rate_hz.max);
  return false;
}

int set_range(snd_pcm_ioplug_t& io, int param, const Range& range) {
  return snd_pcm_ioplug_set_param_minmax(&io, param, range.min, range.max);
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

Result<SubstreamParts> make_parts(PcmConfig& config, snd_pcm_stream_t stream) {
  SubstreamParts parts;
  parts.fifo_frames = config.fifo_frames;
  parts.ppm = config.ppm;
  parts.ppm_at_start = shifted_clock(config);
  parts.slow_callback_ns = config.slow_callback_ns;
  const auto notify = notify_switch(config);
  const bool free = stream == SND_PCM_STREAM_PLAYBACK && notify && notify();
  if (!free && !narrow_to_cable(config)) return Errno{EINVAL};
  if (stream == SND_PCM_STREAM_PLAYBACK) {
    Result<std::unique_ptr<Sink>> sink = make_sink(config);
    if (!sink) return sink.as_errno();
    parts.sink = mix(config, *std::move(sink));
  } else {
    Result<std::unique_ptr<Source>> source = make_source(config);
    if (!source) return source.as_errno();
    parts.source = mix(config, *std::move(source));
  }
  const Result<std::shared_ptr<Engine>> engine = engine_of_card(
      config.card, {.completion = config.completion, .rt_priority = config.rt_priority});
  if (!engine) {
    SNDERR("dmasim: card = \"%s\" is open with another completion or rt_priority",
           config.card.c_str());
    return engine.as_errno();
  }
  parts.engine = *engine;
  return parts;
}

int set_hw_constraints(snd_pcm_ioplug_t& io, const PcmConfig& config) {
  const std::array results{set_accesses(io, config.noninterleaved),
                           set_formats(io, config.formats),
                           set_range(io, SND_PCM_IOPLUG_HW_CHANNELS, config.channels),
                           set_range(io, SND_PCM_IOPLUG_HW_RATE, config.rate_hz),
                           set_range(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, config.period_bytes),
                           set_range(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, config.buffer_bytes),
                           set_range(io, SND_PCM_IOPLUG_HW_PERIODS, config.periods)};
  const auto failed = std::find_if(results.begin(), results.end(), [](int r) { return r < 0; });
  return failed == results.end() ? 0 : *failed;
}

}  // namespace dmasim
