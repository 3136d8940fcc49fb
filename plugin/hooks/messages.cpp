// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/hooks/messages.h"

#include <atomic>
#include <cerrno>
#include <optional>

#include "plugin/process/thread_limits.h"
#include "plugin/report/report.h"
#include "plugin/report/report_file.h"

namespace dmasim {
namespace {

/// The recording's file name. If the name has a %n, it is the pattern until the file is made.
std::string recording_of(const OpenPcm& pcm) {
  std::string name = pcm.substream->device().recorded_into();
  return name.empty() ? pcm.config.file : name;
}

}  // namespace

void log_start_failure(const OpenPcm& pcm, int error) {
  if (error == 0 || error == EPIPE || error == EBADFD || error == EAGAIN || error == EINTR) return;
  const std::string reason = pcm.substream->device().explain();
  if (!reason.empty()) {
    SNDERR("dmasim: %s", reason.c_str());
  } else if (error == ENOMEM) {
    SNDERR("dmasim: no memory, or no thread more, to start with; %s", thread_limits().c_str());
  } else if (error == EPERM && pcm.config.rt_priority > 0) {
    SNDERR("dmasim: rt_priority = %d: %s; accepted: 0, or what RLIMIT_RTPRIO allows",
           pcm.config.rt_priority, snd_strerror(-error));
  } else {
    SNDERR("dmasim: cannot start: %s", snd_strerror(-error));
  }
}

void log_unheld(const OpenPcm& pcm, const HwSetup& hw) {
  SNDERR(
      "dmasim: file = \"%s\" cannot hold format = %s, channels = %u and rate = %u together; "
      "accepted: what its type holds together, or a file that ends in .raw, which holds all",
      pcm.config.file.c_str(), snd_pcm_format_name(hw.alsa_format), hw.format.channels,
      hw.format.rate_hz);
}

void log_fast_wake_ups(const OpenPcm& pcm, const HwSetup& hw) {
  constexpr double kShortestUs = 100;
  static std::atomic<bool> said{false};
  const ClockChoice& clock = pcm.config.clock;
  const double period_us =
      static_cast<double>(hw.period_size) * 1e6 / (hw.format.rate_hz * clock.speed());
  if (clock.freerun || clock.realtime() || period_us >= kShortestUs || said.exchange(true)) return;
  SNDERR(
      "dmasim: clock: a period of %lu frames at %u Hz lasts %.0f us at this speed; accepted, but "
      "below %.0f us a program is often late",
      hw.period_size, hw.format.rate_hz, period_us, kShortestUs);
}

void log_loss_at_drain(OpenPcm& pcm) {
  const SinkStats stats = pcm.substream->stats().sink;
  SNDERR("dmasim: %s", pcm.loss.at_drain(pcm.config, recording_of(pcm), stats).c_str());
}

void log_loss_at_close(OpenPcm& pcm) {
  const SinkStats stats = pcm.substream->stats().sink;
  const std::string loss = pcm.loss.at_close(pcm.config, recording_of(pcm), stats);
  if (!loss.empty()) SNDERR("dmasim: %s", loss.c_str());
}

void dump(const OpenPcm& pcm, snd_output_t* out) {
  const bool playback = pcm.io.stream == SND_PCM_STREAM_PLAYBACK;
  const std::string subdevice = pcm.subdevice ? std::to_string(pcm.subdevice->number()) : "none";
  const std::string end = playback ? recording_of(pcm) : pcm.config.source;
  snd_output_printf(out, "dmasim PCM card '%s' device %u subdevice %s, %s %s\n",
                    pcm.config.card.c_str(), pcm.config.dev, subdevice.c_str(),
                    playback ? "recording to" : "playing from",
                    end.empty() ? (playback ? "nowhere" : "silence") : end.c_str());
  if (!pcm.config.cable.empty()) {
    snd_output_printf(out, "Its cable is: %s\n", pcm.config.cable.c_str());
  }
  for (const std::string& each : pcm.config.unused) snd_output_printf(out, "%s\n", each.c_str());
  snd_output_printf(out, "Its setup is:\n");
  snd_pcm_dump_setup(pcm.io.pcm, out);
  const SubstreamStats stats = pcm.substream->stats();
  snd_output_printf(out, "  appl_ptr     : %lu\n", stats.appl_ptr);
  snd_output_printf(out, "  hw_ptr       : %lu\n", stats.hw_ptr);
}

void report(const OpenPcm& pcm) {
  if (pcm.config.report.empty()) return;
  const auto number = pcm.subdevice ? std::optional(pcm.subdevice->number()) : std::nullopt;
  const std::string line = report_line(pcm.name, pcm.io.stream, pcm.config, recording_of(pcm),
                                       number, pcm.substream->stats());
  if (const Result<void> done = append_report(pcm.config.report, line); !done) {
    SNDERR("dmasim: report = \"%s\": %s", pcm.config.report.c_str(), snd_strerror(-done.error()));
  }
}

}  // namespace dmasim
