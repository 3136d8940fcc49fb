// SPDX-License-Identifier: LGPL-2.1-or-later
/// The module's entry and its ioplug callback table. The hooks here turn errno values into ALSA's
/// negative numbers. They let no exception out. pthread_cancel takes effect before or after a hook,
/// not within. In a forked child each hook answers an error. Nothing else is done here.
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "engine/card/owner_words.h"
#include "engine/card/subdevice.h"
#include "engine/device/sink.h"
#include "engine/recording/file_sink.h"
#include "plugin/config/channel_maps.h"
#include "plugin/config/pcm_config.h"
#include "plugin/open/pcm_open.h"
#include "plugin/pcm/hw_setup.h"
#include "plugin/pcm/substream.h"
#include "plugin/process/exit_flush.h"
#include "plugin/process/fork_guard.h"
#include "plugin/process/hook.h"
#include "plugin/process/no_cancellation.h"
#include "plugin/process/thread_limits.h"
#include "plugin/report/loss.h"
#include "plugin/report/report.h"
#include "plugin/report/report_file.h"

namespace dmasim {
namespace {

/// io.private_data points to it.
struct Plugin {
  snd_pcm_ioplug_t io{};
  std::string name;
  PcmConfig config;
  ForkGuard guard{io};
  std::optional<Subdevice> subdevice;  // released after the substream
  std::unique_ptr<ChannelMaps> channel_maps;
  std::unique_ptr<Substream> substream;
  LossWords loss;
  std::optional<ExitFlush> exit_flush;  // if there is a recording
};

Plugin& plugin_of(snd_pcm_ioplug_t* io) { return *static_cast<Plugin*>(io->private_data); }

int to_errno(const Result<void>& result) { return -result.error(); }

/// Runs `hook` on the substream. `Answer` is the type of the answer to ALSA. In a forked child it
/// calls `in_child` instead.
template <typename Answer, typename Hook, typename InChild = int (*)() noexcept>
Answer call(snd_pcm_ioplug_t* io, Hook hook, InChild in_child = no_device) noexcept {
  Plugin& plugin = plugin_of(io);
  const auto disconnected = [=]() noexcept {
    io->state = SND_PCM_STATE_DISCONNECTED;
    return in_child();
  };
  return run_hook<Answer>(
      plugin.guard, [&] { return hook(*plugin.substream); }, disconnected);
}

/// The recording's file name. If the name has a %n, it is the pattern until the file is made.
std::string recording_of(const Plugin& plugin) {
  std::string name = plugin.substream->device().recorded_into();
  return name.empty() ? plugin.config.file : name;
}

/// Logs why a start has failed or would fail, if the recording or the machine is the reason. Does
/// not log EPIPE, EBADFD, EAGAIN and EINTR: they come from what the program does.
void log_start_failure(const Plugin& plugin, int error) {
  if (error == 0 || error == EPIPE || error == EBADFD || error == EAGAIN || error == EINTR) return;
  const std::string file = recording_of(plugin);
  const std::string trouble = plugin.substream->device().explain();
  if (!trouble.empty()) {
    SNDERR("dmasim: %s", trouble.c_str());
  } else if (error == ENOMEM) {
    SNDERR("dmasim: no memory, or no thread more, to start with; %s", thread_limits().c_str());
  } else if (error == EPERM && plugin.config.rt_priority > 0) {
    SNDERR("dmasim: rt_priority = %d: %s; accepted: 0, or what RLIMIT_RTPRIO allows",
           plugin.config.rt_priority, snd_strerror(-error));
  } else if (file.empty()) {
    SNDERR("dmasim: cannot start: %s", snd_strerror(-error));
  } else if (error == EBUSY) {
    SNDERR("dmasim: file = \"%s\" is in use by %s; accepted: a file of its own for each stream",
           file.c_str(), owner_words(file_lock_owner(file.c_str())).c_str());
  } else {
    SNDERR("dmasim: file = \"%s\", cannot go on: %s", file.c_str(), snd_strerror(-error));
  }
}

int on_start(snd_pcm_ioplug_t* io) {
  return call<int>(io, [io](Substream& s) {
    const Result<void> started = s.start();
    log_start_failure(plugin_of(io), started.error());
    return to_errno(started);
  });
}

int on_stop(snd_pcm_ioplug_t* io) {
  return call<int>(io, [](Substream& s) { return s.stop(), 0; });
}

/// The pointer in a forked child. It is no error, because alsa-lib would turn an error into XRUN.
/// The child sees that all frames were played, or that a full buffer was captured. Its next call
/// then answers the error.
snd_pcm_sframes_t in_child_position(const snd_pcm_ioplug_t* io) {
  const bool playback = io->stream == SND_PCM_STREAM_PLAYBACK;
  return static_cast<snd_pcm_sframes_t>(playback ? io->appl_ptr : io->appl_ptr + io->buffer_size);
}

snd_pcm_sframes_t on_pointer(snd_pcm_ioplug_t* io) {
  return call<snd_pcm_sframes_t>(
      io, [](Substream& s) { return static_cast<snd_pcm_sframes_t>(s.pointer()); },
      [io]() noexcept { return in_child_position(io); });
}

snd_pcm_sframes_t on_transfer(snd_pcm_ioplug_t* io, const snd_pcm_channel_area_t* areas,
                              snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
  return call<snd_pcm_sframes_t>(io, [=](Substream& s) -> snd_pcm_sframes_t {
    const Result<snd_pcm_uframes_t> done = s.transfer(areas, offset, size);
    return done ? static_cast<snd_pcm_sframes_t>(*done) : -done.error();
  });
}

/// Logs that the file cannot hold this combination. Each of the three values alone is allowed.
void log_unheld(const Plugin& plugin, const HwSetup& hw) {
  SNDERR(
      "dmasim: file = \"%s\" cannot hold format = %s, channels = %u and rate = %u together; "
      "accepted: what its type holds together, or a file that ends in .raw, which holds all",
      plugin.config.file.c_str(), snd_pcm_format_name(hw.alsa_format), hw.format.channels,
      hw.format.rate_hz);
}

int on_hw_params(snd_pcm_ioplug_t* io, snd_pcm_hw_params_t* params) {
  return call<int>(io, [io, params](Substream& s) {
    const auto setup = setup_of(*params);
    if (!setup) return -EINVAL;
    const Result<void> done = s.hw_params(*setup);
    if (done.error() == EINVAL) log_unheld(plugin_of(io), *setup);
    return to_errno(done);
  });
}

int on_hw_free(snd_pcm_ioplug_t* io) {
  return call<int>(io, [](Substream& s) { return to_errno(s.hw_free()); });
}

int on_sw_params(snd_pcm_ioplug_t* io, snd_pcm_sw_params_t* params) {
  return call<int>(io, [params](Substream& s) {
    SwSetup sw;
    snd_pcm_sw_params_get_avail_min(params, &sw.avail_min);
    snd_pcm_sw_params_get_stop_threshold(params, &sw.stop_threshold);
    snd_pcm_sw_params_get_silence_threshold(params, &sw.silence_threshold);
    snd_pcm_sw_params_get_silence_size(params, &sw.silence_size);
    snd_pcm_sw_params_get_boundary(params, &sw.boundary);
    int period_event = 0;
    snd_pcm_sw_params_get_period_event(params, &period_event);
    sw.period_event = period_event != 0;
    return to_errno(s.sw_params(sw));
  });
}

int on_prepare(snd_pcm_ioplug_t* io) {
  return call<int>(io, [io](Substream& s) {
    const Result<void> prepared = s.prepare();
    if (s.refused_by_device()) log_start_failure(plugin_of(io), prepared.error());
    return to_errno(prepared);
  });
}

int on_drain(snd_pcm_ioplug_t* io) {
  return call<int>(io, [io](Substream& s) {
    const Result<void> drained = s.drain();
    Plugin& plugin = plugin_of(io);
    if (drained.error() == EIO && !s.prepared()) {  // if it is PREPARED, the start has failed
      SNDERR("dmasim: %s",
             plugin.loss.at_drain(plugin.config, recording_of(plugin), s.stats().sink).c_str());
    } else {
      log_start_failure(plugin, drained.error());
    }
    return to_errno(drained);
  });
}

int on_pause(snd_pcm_ioplug_t* io, int enable) {
  return call<int>(io, [enable](Substream& s) { return to_errno(s.pause(enable != 0)); });
}

/// Nothing ever suspends this card. The hook exists so that the card says that it can resume, as
/// kernel cards do.
int on_resume(snd_pcm_ioplug_t*) { return 0; }

int on_delay(snd_pcm_ioplug_t* io, snd_pcm_sframes_t* delay) {
  return call<int>(io, [delay](Substream& s) {
    const Result<snd_pcm_sframes_t> frames = s.delay();
    if (frames) *delay = *frames;
    return -frames.error();
  });
}

/// Updates alsa-lib's copy of the position when a program wakes up. A kernel's card does the same
/// by its mapped status. snd_pcm_wait and snd_pcm_rewindable read this copy. alsa-lib does not hold
/// its lock while it runs this hook.
int on_poll_revents(snd_pcm_ioplug_t* io, pollfd*, unsigned, unsigned short* revents) {
  *revents = POLLERR | POLLNVAL;  // in a forked child
  Plugin& plugin = plugin_of(io);
  if (!plugin.guard.in_child()) {
    plugin.substream->woken();
    static_cast<void>(snd_pcm_avail_update(io->pcm));
  }
  return call<int>(io, [revents](Substream& s) { return *revents = s.poll_revents(), 0; });
}

snd_pcm_chmap_query_t** on_query_chmaps(snd_pcm_ioplug_t* io) {
  const Plugin& plugin = plugin_of(io);
  return plugin.guard.in_child() ? nullptr : plugin.channel_maps->query();
}

snd_pcm_chmap_t* on_get_chmap(snd_pcm_ioplug_t* io) {
  const Plugin& plugin = plugin_of(io);
  if (plugin.guard.in_child()) return nullptr;
  const unsigned channels = plugin.substream->channels();
  return channels == 0 ? nullptr : plugin.channel_maps->get(channels);
}

int on_set_chmap(snd_pcm_ioplug_t* io, const snd_pcm_chmap_t* map) {
  ChannelMaps& maps = *plugin_of(io).channel_maps;
  return call<int>(io, [&maps, map](Substream& s) {
    if (maps.empty()) return -ENXIO;
    return s.prepared() ? to_errno(maps.set(s.channels(), *map)) : -EBADFD;
  });
}

void dump(const Plugin& plugin, snd_output_t* out) {
  const bool playback = plugin.io.stream == SND_PCM_STREAM_PLAYBACK;
  const std::string subdevice =
      plugin.subdevice ? std::to_string(plugin.subdevice->number()) : "none";
  const std::string end = playback ? recording_of(plugin) : plugin.config.source;
  snd_output_printf(out, "dmasim PCM card '%s' device %u subdevice %s, %s %s\n",
                    plugin.config.card.c_str(), plugin.config.dev, subdevice.c_str(),
                    playback ? "recording to" : "playing from",
                    end.empty() ? (playback ? "nowhere" : "silence") : end.c_str());
  if (!plugin.config.cable.empty()) {
    snd_output_printf(out, "Its cable is: %s\n", plugin.config.cable.c_str());
  }
  for (const std::string& each : plugin.config.unused) snd_output_printf(out, "%s\n", each.c_str());
  snd_output_printf(out, "Its setup is:\n");
  snd_pcm_dump_setup(plugin.io.pcm, out);
  const SubstreamStats stats = plugin.substream->stats();
  snd_output_printf(out, "  appl_ptr     : %lu\n", stats.appl_ptr);
  snd_output_printf(out, "  hw_ptr       : %lu\n", stats.hw_ptr);
}

void on_dump(snd_pcm_ioplug_t* io, snd_output_t* out) {
  const Plugin& plugin = plugin_of(io);
  if (plugin.guard.in_child()) {
    snd_output_printf(out, "dmasim PCM of a process that has forked: not this one's\n");
    return;
  }
  call<int>(io, [&plugin, out](Substream&) { return dump(plugin, out), 0; });
}

void report(const Plugin& plugin) {
  if (plugin.config.report.empty()) return;
  const auto number = plugin.subdevice ? std::optional(plugin.subdevice->number()) : std::nullopt;
  const std::string line = report_line(plugin.name, plugin.io.stream, plugin.config,
                                       recording_of(plugin), number, plugin.substream->stats());
  if (const Result<void> done = append_report(plugin.config.report, line); !done) {
    SNDERR("dmasim: report = \"%s\": %s", plugin.config.report.c_str(),
           snd_strerror(-done.error()));
  }
}

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

/// A forked child frees nothing: the threads and locks of the substream belong to the parent.
int on_close(snd_pcm_ioplug_t* io) {
  Plugin& plugin = plugin_of(io);
  if (plugin.guard.in_child()) {
    close(io->poll_fd);  // this descriptor is the child's own
    return 0;
  }
  const NoCancellation all_of_it;
  const std::unique_ptr<Plugin> owned(&plugin);
  return call<int>(io, [&plugin](Substream& s) {
    s.close();
    const std::string loss =
        plugin.loss.at_close(plugin.config, recording_of(plugin), s.stats().sink);
    if (!loss.empty()) SNDERR("dmasim: %s", loss.c_str());
    report(plugin);
    return 0;
  });
}

const snd_pcm_ioplug_callback_t* callbacks() {
  static const snd_pcm_ioplug_callback_t table = [] {
    snd_pcm_ioplug_callback_t t{};
    t.start = on_start;
    t.stop = on_stop;
    t.pointer = on_pointer;
    t.transfer = on_transfer;
    t.close = on_close;
    t.hw_params = on_hw_params;
    t.hw_free = on_hw_free;
    t.sw_params = on_sw_params;
    t.prepare = on_prepare;
    t.drain = on_drain;
    t.pause = on_pause;
    t.resume = on_resume;
    t.poll_revents = on_poll_revents;
    t.dump = on_dump;
    t.delay = on_delay;
    t.query_chmaps = on_query_chmaps;
    t.get_chmap = on_get_chmap;
    t.set_chmap = on_set_chmap;
    return t;
  }();
  return &table;
}

void fill_ioplug(Plugin& plugin) {
  plugin.io.version = SND_PCM_IOPLUG_VERSION;
  plugin.io.name = "dmasim simulated sound card";
  // Not FLAG_MONOTONIC: with it snd_pcm_hw_params_is_monotonic would answer that time stamps are
  // not monotonic, because ioplug's refine overwrites the field that it reads.
  plugin.io.flags = SND_PCM_IOPLUG_FLAG_BOUNDARY_WA;
  plugin.io.poll_fd = plugin.substream->poll_level().fd();
  plugin.io.poll_events = static_cast<unsigned>(plugin.substream->poll_level().events());
  plugin.io.mmap_rw = 0;  // no DMA on alsa-lib's buffer: alsa-lib unmaps it before on_close()
  plugin.io.callback = callbacks();
  plugin.io.private_data = &plugin;
}

struct IoplugDeleter {
  void operator()(snd_pcm_ioplug_t* io) const noexcept { snd_pcm_ioplug_delete(io); }
};

/// After snd_pcm_ioplug_create has succeeded, snd_pcm_ioplug_delete calls on_close(), which closes
/// and frees the Plugin.
int create(std::unique_ptr<Plugin> plugin, snd_pcm_t** pcm, const char* name, int mode) {
  if (const int err = snd_pcm_ioplug_create(&plugin->io, name, plugin->io.stream, mode); err < 0) {
    plugin->substream->close();
    return err;
  }
  std::unique_ptr<snd_pcm_ioplug_t, IoplugDeleter> io(&plugin.release()->io);
  io->nonblock = (mode & SND_PCM_NONBLOCK) != 0 ? 1 : 0;  // alsa-lib does not set it
  if (const int err = set_hw_constraints(*io, plugin_of(io.get()).config); err < 0) return err;
  *pcm = io.release()->pcm;
  return 0;
}

int open_pcm(snd_pcm_t** pcm, const char* name, const snd_config_t* conf, snd_pcm_stream_t stream,
             int mode) {
  auto plugin = std::make_unique<Plugin>();
  plugin->name = name != nullptr ? name : "dmasim";
  plugin->io.stream = stream;
  Result<PcmConfig> config = open_config(conf, stream);
  if (!config) return -config.error();
  plugin->config = std::move(*config);
  if (const auto writable = check_report(plugin->config); !writable) return -writable.error();
  Result<std::optional<Subdevice>> subdevice = acquire_subdevice(plugin->config, stream);
  if (!subdevice) return -subdevice.error();
  if (*subdevice) {
    plugin->config.taken = (*subdevice)->number();
    plugin->subdevice.emplace(**std::move(subdevice));
  }
  Result<SubstreamParts> parts = make_parts(plugin->config, stream);
  if (!parts) return -parts.error();
  plugin->channel_maps =
      std::make_unique<ChannelMaps>(plugin->config.channel_maps, plugin->config.channels);
  plugin->substream = std::make_unique<Substream>(plugin->io, stream, std::move(*parts));
  if (const Result<void> opened = plugin->substream->open(); !opened) return -opened.error();
  if (stream == SND_PCM_STREAM_PLAYBACK && !plugin->config.file.empty()) {
    Substream& flushed = *plugin->substream;
    plugin->exit_flush.emplace([&flushed] { static_cast<void>(flushed.sync_recording()); });
  }
  fill_ioplug(*plugin);
  return create(std::move(plugin), pcm, name, mode);
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
