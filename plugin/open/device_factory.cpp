// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/open/device_factory.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/cable/cable.h"
#include "engine/device/tee_sink.h"
#include "engine/recording/file_pattern.h"
#include "engine/recording/file_sink.h"
#include "engine/recording/file_source.h"
#include "plugin/config/config_values.h"
#include "plugin/open/narrow.h"
#include "plugin/open/pcm_mixer.h"

namespace dmasim {
namespace {

constexpr int64_t kMsNs = 1'000'000;

using MadeSink = Result<std::unique_ptr<Sink>>;
using MadeSource = Result<std::unique_ptr<Source>>;

void log_file_refusal(const PcmConfig& config, int error) {
  if (error == ENOTSUP) {
    SNDERR(
        "dmasim: file = \"%s\": nothing can be appended to a .flac, a FIFO or a device; accepted "
        "with append = yes: .wav .w64 .raw",
        config.file.c_str());
    return;
  }
  SNDERR(
      "dmasim: file = \"%s\": %s; accepted: a path that can be written, ending in "
      ".wav .w64 .flac or .raw, or a FIFO that can be read and written",
      config.file.c_str(), std::strerror(error));
}

MadeSink make_file(PcmConfig& config, const std::function<bool()>&) {
  const FilePattern pattern = file_pattern(config);
  if (!pattern.counts()) config.file = pattern.name(0);
  MadeSink sink = make_file_sink(pattern, {.queue_ns = config.queue_ms * kMsNs,
                                           .speed = config.clock.speed(),
                                           .flush_ns = config.flush_ms * kMsNs,
                                           .append = config.append,
                                           .client_waits = config.clock.freerun});
  if (sink) return sink;
  log_file_refusal(config, sink.error());
  return sink.error() == ENOTSUP ? Errno{EINVAL} : sink.as_errno();
}

MadeSink make_cable(PcmConfig& config, const std::function<bool()>& noninterleaved) {
  return make_cable_sink(config.cable, std::make_shared<RealtimeClock>(), notify_switch(config),
                         config.directory, noninterleaved);
}

/// A kind of sink. A PCM has one if the value of its key is not empty.
struct SinkKind {
  const char* key;  ///< for messages
  std::string PcmConfig::*value;
  MadeSink (*make)(PcmConfig& config, const std::function<bool()>& noninterleaved);
};

/// A PCM may have several at the same time.
constexpr std::array kSinks{
    SinkKind{"file", &PcmConfig::file, make_file},
    SinkKind{"cable", &PcmConfig::cable, make_cable},
};

MadeSource make_cable_end(PcmConfig& config) {
  if (config.source.empty()) {
    return make_cable_source(config.cable, std::make_shared<RealtimeClock>(), config.directory);
  }
  SNDERR("dmasim: source = \"%s\" and cable = \"%s\"; accepted: one of them for a capture",
         config.source.c_str(), config.cable.c_str());
  return Errno{EINVAL};
}

void log_source_refusal(const std::string& name, int error) {
  if (error == ENOTSUP) {
    SNDERR(
        "dmasim: source = \"%s\": its header gives a sample more bytes than its bits need, so that "
        "nobody knows which of them are the sound; accepted: a WAV of 8, 16, 24 or 32 bits in "
        "1, 2, 3 or 4 bytes, or of 24 in 4 as arecord writes them",
        name.c_str());
    return;
  }
  SNDERR(
      "dmasim: source = \"%s\": %s; accepted: silence, tone:HZ, counter or the path of a "
      "sound file",
      name.c_str(), std::strerror(error));
}

/// A source that `source` names by a word.
struct SourceKind {
  bool (*named)(const std::string& source);
  MadeSource (*make)(const std::string& source);
};

/// A capture has the first of these that its `source` names, else the sound file at that path.
constexpr std::array kSources{
    SourceKind{[](const std::string& source) { return source.empty() || source == "silence"; },
               [](const std::string&) -> MadeSource { return make_silence_source(); }},
    SourceKind{[](const std::string& source) { return source == "counter"; },
               [](const std::string&) -> MadeSource { return make_counter_source(); }},
    SourceKind{
        [](const std::string& source) { return tone_hz(source).has_value(); },
        [](const std::string& source) -> MadeSource { return make_tone_source(*tone_hz(source)); }},
};

const SourceKind* kind_of(const std::string& source) noexcept {
  const auto found = std::find_if(kSources.begin(), kSources.end(),
                                  [&](const SourceKind& kind) { return kind.named(source); });
  return found == kSources.end() ? nullptr : &*found;
}

MadeSource make_named(PcmConfig& config) {
  if (!config.cable.empty()) return make_cable_end(config);
  MadeSource source = make_plain_source(config.source);
  if (source) return source;
  log_source_refusal(config.source, source.error());
  return source.error() == ENOTSUP ? Errno{EINVAL} : source.as_errno();
}

std::string names_of(const std::vector<SampleFormat>& formats) {
  std::string names;
  for (const SampleFormat each : formats) {
    names.append(names.empty() ? "" : "+").append(facts_of(each).name);
  }
  return names;
}

bool narrow_to_source(PcmConfig& config, const Source& source) {
  const std::string formats = names_of(config.formats);
  if (!narrow_to_makes(config, source)) {
    SNDERR(
        "dmasim: source = \"%s\" cannot make format = %s; accepted: a format that is not DSD, or "
        "one of silence, counter and a cable for DSD",
        config.source.c_str(), formats.c_str());
    return false;
  }
  const auto shape = source.shape();
  if (!shape || narrow_to_shape(config, *shape)) return true;
  SNDERR("dmasim: source = \"%s\" has %u channels at %u Hz; accepted: channels = %s, rate = %s",
         config.source.c_str(), shape->channels, shape->rate_hz, config.channels.text().c_str(),
         config.rate_hz.text().c_str());
  return false;
}

}  // namespace

MadeSink make_sink(PcmConfig& config, const std::function<bool()>& noninterleaved) {
  std::unique_ptr<Sink> all;
  for (const SinkKind& kind : kSinks) {
    const std::string& value = config.*kind.value;
    if (value.empty()) continue;
    MadeSink sink = kind.make(config, noninterleaved);
    if (!sink) return sink;
    const std::string formats = names_of(config.formats);
    if (!narrow_to_sink(config, **sink)) {
      SNDERR(
          "dmasim: %s = \"%s\" cannot hold any of the formats, channels and rates that are "
          "allowed: format = %s, channels = %s, rate = %s; accepted: what its type holds "
          "together, or a file that ends in .raw, which holds all",
          kind.key, value.c_str(), formats.c_str(), config.channels.text().c_str(),
          config.rate_hz.text().c_str());
      return Errno{EINVAL};
    }
    all = all ? make_tee_sink(std::move(all), *std::move(sink)) : *std::move(sink);
  }
  if (!all) all = make_null_sink();
  return with_volume(config, std::move(all));
}

MadeSource make_source(PcmConfig& config) {
  MadeSource source = make_named(config);
  if (!source) return source;
  if (!narrow_to_source(config, **source)) return Errno{EINVAL};
  return with_volume(config, *std::move(source));
}

MadeSource make_plain_source(const std::string& source) {
  const SourceKind* kind = kind_of(source);
  return kind != nullptr ? kind->make(source) : make_file_source(source.c_str());
}

}  // namespace dmasim
