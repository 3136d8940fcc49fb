// SPDX-License-Identifier: LGPL-2.1-or-later
/// The control module's entry and its ext callback table. The hooks here turn errno values into
/// ALSA's negative numbers. They let no exception out. pthread_cancel takes effect before or after
/// a hook, not within. In a forked child each hook that uses the mixer answers an error. Nothing
/// else is done here.
#include <alsa/asoundlib.h>
#include <alsa/control_external.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "engine/cable/cable_text.h"
#include "plugin/config/ctl_config.h"
#include "plugin/config/passed_over.h"
#include "plugin/ctl/mixer.h"
#include "plugin/process/fork_guard.h"
#include "plugin/process/hook.h"

namespace dmasim {
namespace {

/// ext.private_data points to it.
struct Control {
  Control(const CtlConfig& config)
      : mixer(config.card, MixerElements(config.devices, config.subdevices), config.directory) {}

  snd_ctl_ext_t ext{};
  ForkGuard guard;
  Mixer mixer;
};

Control& control_of(snd_ctl_ext_t* ext) { return *static_cast<Control*>(ext->private_data); }

const MixerElements& elements_of(snd_ctl_ext_t* ext) { return control_of(ext).mixer.elements(); }

/// Runs `hook` on the mixer. In a forked child it answers -ENODEV instead.
template <typename Hook>
int call(snd_ctl_ext_t* ext, Hook hook) noexcept {
  Control& control = control_of(ext);
  return run_hook<int>(control.guard, [&] { return hook(control.mixer); });
}

// The next hooks need no lock and no file: the list of elements is the same in every process.

int on_elem_count(snd_ctl_ext_t* ext) { return static_cast<int>(elements_of(ext).size()); }

int on_elem_list(snd_ctl_ext_t* ext, unsigned offset, snd_ctl_elem_id_t* id) {
  const MixerElements& elements = elements_of(ext);
  if (offset >= elements.size()) return -EINVAL;
  elements.fill_id(offset, id);
  return 0;
}

snd_ctl_ext_key_t on_find_elem(snd_ctl_ext_t* ext, const snd_ctl_elem_id_t* id) {
  return elements_of(ext).find(id).value_or(SND_CTL_EXT_KEY_NOT_FOUND);
}

int on_get_attribute(snd_ctl_ext_t* ext, snd_ctl_ext_key_t key, int* type, unsigned* access,
                     unsigned* count) {
  const MixerElement element = elements_of(ext).at(key);
  *type = element.type;
  *count = element.count();
  *access = element.writable() ? SND_CTL_EXT_ACCESS_READWRITE : SND_CTL_EXT_ACCESS_READ;
  if (element.kind == MixerElement::Kind::volume) *access |= SND_CTL_EXT_ACCESS_TLV_READ;
  return 0;
}

int on_get_integer_info(snd_ctl_ext_t* ext, snd_ctl_ext_key_t key, long* min, long* max,
                        long* step) {
  const MixerElement element = elements_of(ext).at(key);
  *min = element.min;
  *max = element.max;
  *step = 0;  // every value between them is allowed
  return 0;
}

int on_get_enumerated_info(snd_ctl_ext_t* ext, snd_ctl_ext_key_t key, unsigned* items) {
  *items = static_cast<unsigned>(elements_of(ext).at(key).max) + 1;
  return 0;
}

/// As a kernel's control does, names the last item if there is none of that number.
int on_get_enumerated_name(snd_ctl_ext_t* ext, snd_ctl_ext_key_t key, unsigned item, char* name,
                           size_t name_max_len) {
  const MixerElement element = elements_of(ext).at(key);
  const auto last = static_cast<unsigned>(element.max);
  std::snprintf(name, name_max_len, "%s", element.items[std::min(item, last)]);
  return 0;
}

int on_read_integer(snd_ctl_ext_t* ext, snd_ctl_ext_key_t key, long* values) {
  return call(ext, [=](Mixer& mixer) { return -mixer.read(key, values).error(); });
}

int on_read_enumerated(snd_ctl_ext_t* ext, snd_ctl_ext_key_t key, unsigned* items) {
  long value = 0;
  const int error = on_read_integer(ext, key, &value);
  if (error == 0) *items = static_cast<unsigned>(value);
  return error;
}

int on_write_integer(snd_ctl_ext_t* ext, snd_ctl_ext_key_t key, long* values) {
  return call(ext, [=](Mixer& mixer) {
    const Result<bool> changed = mixer.write(key, values);
    return changed ? static_cast<int>(*changed) : -changed.error();
  });
}

int on_write_enumerated(snd_ctl_ext_t* ext, snd_ctl_ext_key_t key, unsigned* items) {
  long value = *items;
  return on_write_integer(ext, key, &value);
}

/// The hook cannot return an error to alsa-lib, so the error goes to the log.
void on_subscribe_events(snd_ctl_ext_t* ext, int subscribe) {
  const int failed =
      call(ext, [=](Mixer& mixer) { return -mixer.subscribe(subscribe != 0).error(); });
  if (failed < 0 && failed != -ENODEV) {
    const char* what = failed == -EMFILE ? ", or inotify instances of this user" : "";
    SNDERR("dmasim: no events of the mixer: %s%s", snd_strerror(failed), what);
  }
}

/// Waits as a kernel's control does. A control that was opened non-blocking does not call this.
int wait_for_event(const Mixer& mixer) {
  pollfd waiting{.fd = mixer.poll_fd(), .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, -1) < 0 ? -errno : 0;
}

/// Answers 1 if there is an event, 0 if there is none now, or a negative error.
int take_event(snd_ctl_ext_t* ext, snd_ctl_elem_id_t* id, unsigned* mask) noexcept {
  return call(ext, [=](Mixer& mixer) {
    const auto event = mixer.next_event();
    if (!event) return -event.error();
    if (!event->has_value()) return 0;
    mixer.elements().fill_id(**event, id);
    *mask = SND_CTL_EVENT_MASK_VALUE;
    return 1;
  });
}

/// The wake-up may be for an element that this control does not have: then the hook waits again.
/// The thread can be cancelled while it waits, because it holds no lock there.
int on_read_event(snd_ctl_ext_t* ext, snd_ctl_elem_id_t* id, unsigned* mask) {
  for (;;) {
    if (const int taken = take_event(ext, id, mask); taken != 0) return taken;
    if (ext->nonblock != 0) return -EAGAIN;
    if (const int err = wait_for_event(control_of(ext).mixer); err < 0) return err;
  }
}

/// The descriptor may have become readable for a loop of which this control has no elements. All
/// loops share one watched file, and a process that writes it does not know which loops another
/// watches.
int on_poll_revents(snd_ctl_ext_t* ext, pollfd*, unsigned, unsigned short* revents) {
  *revents = POLLERR | POLLNVAL;
  return call(ext, [=](Mixer& mixer) {
    *revents = mixer.has_event() ? POLLIN : 0;
    return 0;
  });
}

/// A forked child frees nothing: a thread of the parent may have held the lock at the fork.
void on_close(snd_ctl_ext_t* ext) {
  Control& control = control_of(ext);
  run_hook<int>(control.guard, [&] { return delete &control, 0; });
}

const snd_ctl_ext_callback_t* callbacks() {
  static const snd_ctl_ext_callback_t table = [] {
    snd_ctl_ext_callback_t t{};
    t.close = on_close;
    t.elem_count = on_elem_count;
    t.elem_list = on_elem_list;
    t.find_elem = on_find_elem;
    t.get_attribute = on_get_attribute;
    t.get_integer_info = on_get_integer_info;
    t.get_enumerated_info = on_get_enumerated_info;
    t.get_enumerated_name = on_get_enumerated_name;
    t.read_integer = on_read_integer;
    t.read_enumerated = on_read_enumerated;
    t.write_integer = on_write_integer;
    t.write_enumerated = on_write_enumerated;
    t.subscribe_events = on_subscribe_events;
    t.read_event = on_read_event;
    t.poll_revents = on_poll_revents;
    return t;
  }();
  return &table;
}

/// Copies as much of `text` as fits into `to`.
template <size_t kSize>
void copy_name(char (&to)[kSize], const std::string& text) {
  const size_t length = std::min(text.size(), kSize - 1);
  std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

void fill_ext(Control& control, const std::string& card) {
  snd_ctl_ext_t& ext = control.ext;
  ext.version = SND_CTL_EXT_VERSION;
  ext.card_idx = -1;  // not a card of the kernel
  copy_name(ext.id, card);
  copy_name(ext.driver, "dmasim");
  copy_name(ext.name, card);
  copy_name(ext.longname, "dmasim simulated sound card " + card);
  copy_name(ext.mixername, "dmasim mixer");
  ext.poll_fd = control.mixer.poll_fd();
  ext.tlv.p = mixer_volume_tlv();
  ext.callback = callbacks();
  ext.private_data = &control;
}

void log_open_failure(const CtlConfig& config, int error) {
  const std::string denied = error == EACCES ? denied_words(config.directory) : "";
  SNDERR("dmasim: ctl card = \"%s\": %s%s", config.card.c_str(), std::strerror(error),
         denied.c_str());
}

int open_ctl(snd_ctl_t** handle, const char* name, const snd_config_t* conf, int mode) {
  const Result<CtlConfig> config = parse_ctl_config(conf);
  if (!config) return -config.error();
  log_passed_over(config->directory);
  auto control = std::make_unique<Control>(*config);
  if (const Result<void> opened = control->mixer.open(); !opened) {
    log_open_failure(*config, opened.error());
    return -opened.error();
  }
  fill_ext(*control, config->card);
  if (const int err = snd_ctl_ext_create(&control->ext, name, mode); err < 0) return err;
  *handle = control.release()->ext.handle;  // on_close() frees it
  return 0;
}

}  // namespace
}  // namespace dmasim

#pragma GCC visibility push(default)
extern "C" {

SND_CTL_PLUGIN_DEFINE_FUNC(dmasim) {
  static_cast<void>(root);
  return dmasim::run_uncancelled<int>([=] { return dmasim::open_ctl(handlep, name, conf, mode); });
}

SND_CTL_PLUGIN_SYMBOL(dmasim);
}
#pragma GCC visibility pop
