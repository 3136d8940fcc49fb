// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/report/report.h"

#include <nlohmann/json.hpp>

#include "plugin/pcm/alsa_format.h"

namespace dmasim {
namespace {

/// A JSON object that is safe when memory runs out. nlohmann::json has three problems then. A value
/// that begins as null breaks if it cannot allocate its object. A value made from a list leaks. The
/// destructor of an object that is not empty allocates memory, and ends the program if there is
/// none. So this one begins as an object, and is emptied from the inside out before it is
/// destroyed.
class JsonObject {
 public:
  ~JsonObject() {
    for (auto& value : object_) value.clear();
    object_.clear();
  }
  JsonObject() = default;
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  nlohmann::ordered_json& operator*() noexcept { return object_; }

 private:
  nlohmann::ordered_json object_ = nlohmann::ordered_json::object();
};

double microseconds(int64_t ns) { return static_cast<double>(ns) / 1000; }

}  // namespace

std::string report_line(const std::string& pcm, snd_pcm_stream_t stream, const PcmConfig& config,
                        const std::string& recording, std::optional<unsigned> subdevice,
                        const SubstreamStats& stats) {
  const bool playback = stream == SND_PCM_STREAM_PLAYBACK;
  const LatenessHistogram& lateness = stats.irq.lateness;
  JsonObject object;
  auto& line = *object;
  line["pcm"] = pcm;
  line["stream"] = playback ? "playback" : "capture";
  line["card"] = config.card;
  line["device"] = config.dev;
  line["subdevice"] = subdevice ? nlohmann::ordered_json(*subdevice) : nlohmann::ordered_json();
  for (const char* key : {"format", "channels", "rate", "period_size", "buffer_size"}) {
    line[key] = nlohmann::ordered_json();
  }
  if (stats.hw.buffer_size > 0) {  // hw_params was called
    line["format"] = snd_pcm_format_name(stats.hw.alsa_format);
    line["channels"] = stats.hw.format.channels;
    line["rate"] = stats.hw.format.rate_hz;
    line["period_size"] = stats.hw.period_size;
    line["buffer_size"] = stats.hw.buffer_size;
  }
  line["starts"] = stats.starts;
  line["frames"] = playback ? stats.sink.written_frames : stats.source.read_frames;
  line["periods"] = stats.irq.periods_due;
  line["interrupts"] = stats.irq.callbacks;
  line["coalesced"] = stats.irq.coalesced;
  line["dropped"] = stats.irq.dropped;
  line["alarms"] = stats.irq.alarms;
  line["xruns"] = stats.xruns;
  line["xrun_frames"] = stats.xrun_frames;
  auto& late_us = line["irq_lateness_us"] = nlohmann::ordered_json::object();
  late_us["p50"] = microseconds(lateness.quantile_ns(0.5));
  late_us["p99"] = microseconds(lateness.quantile_ns(0.99));
  late_us["max"] = microseconds(lateness.max_ns());
  line["file"] = playback ? recording : std::string{};
  line["source"] = playback ? std::string{} : config.source;
  line["cable"] = config.cable;
  line["unused"] = config.unused;
  line["lost_frames"] = stats.sink.lost_frames;
  auto& gain = line["least_gain"] = nlohmann::ordered_json::object();
  gain["left"] = stats.sink.least_gain.left;
  gain["right"] = stats.sink.least_gain.right;
  line["late_frames"] = stats.source.late_frames;
  line["callbacks_after_synchronize"] = stats.irq.callbacks_after_synchronize;
  line["terminations_in_callback"] = stats.irq.terminations_in_callback;
  line["closes_during_callback"] = stats.closes_during_callback;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace dmasim
