// SPDX-License-Identifier: LGPL-2.1-or-later
/// The hooks turn errno values into ALSA's negative numbers. They let no exception out.
/// pthread_cancel takes effect before or after a hook, not within. In a forked child each hook
/// answers an error. Nothing else is done here.
///
/// [locked] says that alsa-lib holds the PCM's lock while the hook runs, [unlocked] that it does
/// not. A hook of the first kind must not wait for a callback. No hook relies on the lock: a
/// program can switch it off.
#include "plugin/hooks/hooks.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "plugin/hooks/messages.h"
#include "plugin/hooks/open_pcm.h"
#include "plugin/process/hook.h"
#include "plugin/process/no_cancellation.h"

namespace dmasim {
namespace {

int to_errno(const Result<void>& result) { return -result.error(); }

/// What a hook does in a forked child: the PCM is gone there.
template <typename InChild>
auto disconnect(snd_pcm_ioplug_t* io, InChild in_child) noexcept {
  return [=]() noexcept {
    io->state = SND_PCM_STATE_DISCONNECTED;
    return in_child();
  };
}

/// Runs `hook` on the substream. `Answer` is the type of the answer to ALSA. In a forked child it
/// calls `in_child` instead.
template <typename Answer, typename Hook, typename InChild = int (*)() noexcept>
Answer call(snd_pcm_ioplug_t* io, Hook hook, InChild in_child = no_device) noexcept {
  OpenPcm& pcm = open_pcm_of(io);
  return run_hook<Answer>(
      pcm.guard, [&] { return hook(*pcm.substream); }, disconnect(io, in_child));
}

/// The same for the hooks that come several times in a period: see run_frequent_hook().
template <typename Answer, typename Hook, typename InChild = int (*)() noexcept>
Answer call_frequent(snd_pcm_ioplug_t* io, Hook hook, InChild in_child = no_device) noexcept {
  OpenPcm& pcm = open_pcm_of(io);
  return run_frequent_hook<Answer>(
      pcm.guard, [&] { return hook(*pcm.substream); }, disconnect(io, in_child));
}

/// [locked]
int on_start(snd_pcm_ioplug_t* io) {
  return call<int>(io, [io](Substream& s) {
    const Result<void> started = s.start();
    log_start_failure(open_pcm_of(io), started.error());
    return to_errno(started);
  });
}

/// [locked]
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

/// [locked]
snd_pcm_sframes_t on_pointer(snd_pcm_ioplug_t* io) {
  return call_frequent<snd_pcm_sframes_t>(
      io, [](Substream& s) { return static_cast<snd_pcm_sframes_t>(s.pointer()); },
      [io]() noexcept { return in_child_position(io); });
}

/// [locked]
snd_pcm_sframes_t on_transfer(snd_pcm_ioplug_t* io, const snd_pcm_channel_area_t* areas,
                              snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
  return call_frequent<snd_pcm_sframes_t>(io, [=](Substream& s) -> snd_pcm_sframes_t {
    const Result<snd_pcm_uframes_t> done = s.transfer(areas, offset, size);
    return done ? static_cast<snd_pcm_sframes_t>(*done) : -done.error();
  });
}

/// [unlocked]
int on_hw_params(snd_pcm_ioplug_t* io, snd_pcm_hw_params_t* params) {
  return call<int>(io, [io, params](Substream& s) {
    const auto setup = setup_of(*params);
    if (!setup) return -EINVAL;
    const Result<void> done = s.hw_params(*setup);
    if (done.error() == EINVAL) log_unheld(open_pcm_of(io), *setup);
    if (done) log_fast_wake_ups(open_pcm_of(io), *setup);
    return to_errno(done);
  });
}

/// [unlocked]
int on_hw_free(snd_pcm_ioplug_t* io) {
  return call<int>(io, [](Substream& s) { return to_errno(s.hw_free()); });
}

/// [unlocked]
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

/// [unlocked]
int on_prepare(snd_pcm_ioplug_t* io) {
  return call<int>(io, [io](Substream& s) {
    const Result<void> prepared = s.prepare();
    if (s.refused_by_device()) log_start_failure(open_pcm_of(io), prepared.error());
    return to_errno(prepared);
  });
}

/// [unlocked]
int on_drain(snd_pcm_ioplug_t* io) {
  return call<int>(io, [io](Substream& s) {
    const Result<void> drained = s.drain();
    OpenPcm& pcm = open_pcm_of(io);
    if (drained.error() == EIO && !s.prepared()) {  // if it is PREPARED, the start has failed
      log_loss_at_drain(pcm);
    } else {
      log_start_failure(pcm, drained.error());
    }
    return to_errno(drained);
  });
}

/// [locked]
int on_pause(snd_pcm_ioplug_t* io, int enable) {
  return call<int>(io, [enable](Substream& s) { return to_errno(s.pause(enable != 0)); });
}

/// [unlocked] Nothing ever suspends this card. The hook exists so that the card says that it can
/// resume, as kernel cards do.
int on_resume(snd_pcm_ioplug_t*) { return 0; }

/// [locked]
int on_delay(snd_pcm_ioplug_t* io, snd_pcm_sframes_t* delay) {
  return call_frequent<int>(io, [delay](Substream& s) {
    const Result<snd_pcm_sframes_t> frames = s.delay();
    if (frames) *delay = *frames;
    return -frames.error();
  });
}

bool is_mapped(snd_pcm_access_t access) {
  return access == SND_PCM_ACCESS_MMAP_INTERLEAVED || access == SND_PCM_ACCESS_MMAP_COMPLEX ||
         access == SND_PCM_ACCESS_MMAP_NONINTERLEAVED;
}

/// [unlocked] Of a capture. A mapped one commits what it has read without a hook. So poll() would
/// return at once, for nothing. Many programs ask for the descriptor before each poll(), and
/// alsa-lib's own waiting functions do.
int on_poll_descriptors(snd_pcm_ioplug_t* io, pollfd* descriptors, unsigned space) {
  if (space == 0 || descriptors == nullptr) return 0;
  if (is_mapped(io->access) && !open_pcm_of(io).guard.in_child()) {
    call_frequent<int>(io, [](Substream& s) { return s.before_poll(), 0; });
  }
  const auto events = static_cast<short>(io->poll_events | POLLERR | POLLNVAL);
  *descriptors = {.fd = io->poll_fd, .events = events, .revents = 0};
  return 1;
}

/// [unlocked] Updates alsa-lib's copy of the position when a program wakes up. A kernel's card does
/// the same by its mapped status. snd_pcm_wait and snd_pcm_rewindable read this copy. The update
/// gets the position that poll_revents() has just found.
int on_poll_revents(snd_pcm_ioplug_t* io, pollfd*, unsigned, unsigned short* revents) {
  *revents = POLLERR | POLLNVAL;  // in a forked child
  const int error =
      call_frequent<int>(io, [revents](Substream& s) { return *revents = s.poll_revents(), 0; });
  if (error == 0) static_cast<void>(snd_pcm_avail_update(io->pcm));
  return error;
}

/// [unlocked]
snd_pcm_chmap_query_t** on_query_chmaps(snd_pcm_ioplug_t* io) {
  const OpenPcm& pcm = open_pcm_of(io);
  return pcm.guard.in_child() ? nullptr : pcm.channel_maps->query();
}

/// [unlocked]
snd_pcm_chmap_t* on_get_chmap(snd_pcm_ioplug_t* io) {
  const OpenPcm& pcm = open_pcm_of(io);
  if (pcm.guard.in_child()) return nullptr;
  const unsigned channels = pcm.substream->channels();
  return channels == 0 ? nullptr : pcm.channel_maps->get(channels);
}

/// [unlocked]
int on_set_chmap(snd_pcm_ioplug_t* io, const snd_pcm_chmap_t* map) {
  ChannelMaps& maps = *open_pcm_of(io).channel_maps;
  return call<int>(io, [&maps, map](Substream& s) {
    if (maps.empty()) return -ENXIO;
    return s.prepared() ? to_errno(maps.set(s.channels(), *map)) : -EBADFD;
  });
}

/// [unlocked]
void on_dump(snd_pcm_ioplug_t* io, snd_output_t* out) {
  const OpenPcm& pcm = open_pcm_of(io);
  if (pcm.guard.in_child()) {
    snd_output_printf(out, "dmasim PCM of a process that has forked: not this one's\n");
    return;
  }
  call<int>(io, [&pcm, out](Substream&) { return dump(pcm, out), 0; });
}

/// [unlocked] A forked child frees nothing: the threads and locks of the substream belong to the
/// parent.
int on_close(snd_pcm_ioplug_t* io) {
  OpenPcm& pcm = open_pcm_of(io);
  if (pcm.guard.in_child()) {
    close(io->poll_fd);  // this descriptor is the child's own
    return 0;
  }
  const NoCancellation all_of_it;
  const std::unique_ptr<OpenPcm> owned(&pcm);
  return call<int>(io, [&pcm](Substream& s) {
    s.close();
    log_loss_at_close(pcm);
    report(pcm);
    return 0;
  });
}

}  // namespace

const snd_pcm_ioplug_callback_t* pcm_hooks(snd_pcm_stream_t stream) {
  static const snd_pcm_ioplug_callback_t playback = [] {
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
  static const snd_pcm_ioplug_callback_t capture = [] {
    snd_pcm_ioplug_callback_t t = playback;
    t.poll_descriptors = on_poll_descriptors;
    return t;
  }();
  return stream == SND_PCM_STREAM_PLAYBACK ? &playback : &capture;
}

}  // namespace dmasim
