// SPDX-License-Identifier: LGPL-2.1-or-later
/// The entry of the PCM module: opens a PCM. Its hooks are in hooks/.
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <memory>
#include <optional>
#include <utility>

#include "plugin/hooks/hooks.h"
#include "plugin/hooks/open_pcm.h"
#include "plugin/open/pcm_open.h"
#include "plugin/process/hook.h"
#include "plugin/report/report_file.h"

namespace dmasim {
namespace {

/// Refuses a report file that cannot be written already at open, where the program gets the error.
Result<void> check_report(const PcmConfig& config) {
  if (config.report.empty()) return {};
  const Result<void> writable = check_report_file(config.report);
  if (!writable) {
    SNDERR(
        "dmasim: report = \"%s\": %s; accepted: a file, a character device, or a pipe that "
        "somebody reads",
        config.report.c_str(), snd_strerror(-writable.error()));
  }
  return writable;
}

/// alsa-lib has set the access when a program has set up the PCM.
bool is_noninterleaved(const snd_pcm_ioplug_t& io) {
  return io.access == SND_PCM_ACCESS_RW_NONINTERLEAVED ||
         io.access == SND_PCM_ACCESS_MMAP_NONINTERLEAVED;
}

void fill_ioplug(OpenPcm& pcm) {
  pcm.io.version = SND_PCM_IOPLUG_VERSION;
  pcm.io.name = "dmasim simulated sound card";
  // Not FLAG_MONOTONIC: with it snd_pcm_hw_params_is_monotonic would answer that time stamps are
  // not monotonic, because ioplug's refine overwrites the field that it reads.
  pcm.io.flags = SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
  pcm.io.poll_fd = pcm.substream->poll_level().fd();
  pcm.io.poll_events = static_cast<unsigned>(pcm.substream->poll_level().events());
  pcm.io.mmap_rw = 0;  // no DMA on alsa-lib's buffer: alsa-lib unmaps it before it calls close
  pcm.io.callback = pcm_hooks(pcm.io.stream);
  pcm.io.private_data = &pcm;
}

struct IoplugDeleter {
  void operator()(snd_pcm_ioplug_t* io) const noexcept { snd_pcm_ioplug_delete(io); }
};

/// After snd_pcm_ioplug_create has succeeded, snd_pcm_ioplug_delete calls the close hook, which
/// closes and frees the OpenPcm.
int create(std::unique_ptr<OpenPcm> opened, snd_pcm_t** pcm, const char* name, int mode) {
  if (const int err = snd_pcm_ioplug_create(&opened->io, name, opened->io.stream, mode); err < 0) {
    opened->substream->close();
    return err;
  }
  std::unique_ptr<snd_pcm_ioplug_t, IoplugDeleter> io(&opened.release()->io);
  io->nonblock = (mode & SND_PCM_NONBLOCK) != 0 ? 1 : 0;  // alsa-lib does not set it
  if (const int err = set_hw_constraints(*io, open_pcm_of(io.get()).config); err < 0) return err;
  *pcm = io.release()->pcm;
  return 0;
}

/// Makes what is behind the ioplug.
Result<void> make_open_pcm(OpenPcm& pcm, const snd_config_t* conf) {
  const snd_pcm_stream_t stream = pcm.io.stream;
  Result<PcmConfig> config = open_config(conf, stream);
  if (!config) return config.as_errno();
  pcm.config = std::move(*config);
  if (Result<void> writable = check_report(pcm.config); !writable) return writable;
  Result<std::optional<Subdevice>> subdevice = acquire_subdevice(pcm.config, stream);
  if (!subdevice) return subdevice.as_errno();
  if (*subdevice) {
    pcm.config.taken = (*subdevice)->number();
    pcm.subdevice.emplace(**std::move(subdevice));
  }
  Result<SubstreamParts> parts = make_parts(
      pcm.config, stream, [&io = std::as_const(pcm.io)] { return is_noninterleaved(io); });
  if (!parts) return parts.as_errno();
  const bool flush_at_exit = parts->sink && parts->sink->flush_at_exit();
  pcm.channel_maps = std::make_unique<ChannelMaps>(pcm.config.channel_maps, pcm.config.channels);
  pcm.substream = std::make_unique<Substream>(pcm.io, stream, std::move(*parts));
  if (Result<void> opened = pcm.substream->open(); !opened) return opened;
  if (flush_at_exit) {
    Substream& flushed = *pcm.substream;
    pcm.exit_flush.emplace([&flushed] { static_cast<void>(flushed.sync_recording()); });
  }
  return {};
}

int open_pcm(snd_pcm_t** pcm, const char* name, const snd_config_t* conf, snd_pcm_stream_t stream,
             int mode) {
  auto opened = std::make_unique<OpenPcm>();
  opened->name = name != nullptr ? name : "dmasim";
  opened->io.stream = stream;
  if (const Result<void> made = make_open_pcm(*opened, conf); !made) return -made.error();
  fill_ioplug(*opened);
  return create(std::move(opened), pcm, name, mode);
}

}  // namespace
}  // namespace dmasim

#pragma GCC visibility push(default)
extern "C" {

SND_PCM_PLUGIN_DEFINE_FUNC(dmasim) {
  static_cast<void>(root);
  return dmasim::run_uncancelled<int>(
      [=] { return dmasim::open_pcm(pcmp, name, conf, stream, mode); });
}

SND_PCM_PLUGIN_SYMBOL(dmasim);
}
#pragma GCC visibility pop
