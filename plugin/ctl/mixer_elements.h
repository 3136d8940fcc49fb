// SPDX-License-Identifier: LGPL-2.1-or-later
/// The elements of a card's mixer: what they are called, what they hold, and where that lies. Plain
/// data, the same for every process; element n has the numid n + 1.
///
/// THREADS  any: constant once made.
#pragma once

#include <alsa/asoundlib.h>

#include <cstddef>
#include <optional>

#include "plugin/config/loop.h"

namespace dmasim {

struct MixerElement {
  /// What a value is, and who knows it.
  enum class Kind {
    volume,      ///< two values in a cell of the mixer's record
    setting,     ///< one value in a cell
    loop_state,  ///< one value, told by what plays into a loop
  };
  /// Of a loop_state.
  enum class State { active, format, rate, channels };

  const char* name;
  snd_ctl_elem_iface_t iface;
  snd_ctl_elem_type_t type;
  Kind kind;
  long min;
  long max;
  size_t cell = 0;              ///< of the volumes and settings
  State state = State::active;  ///< of the loop states
  Loop loop{};                  ///< of those of a loop

  [[nodiscard]] bool writable() const noexcept { return kind != Kind::loop_state; }
  [[nodiscard]] unsigned count() const noexcept { return kind == Kind::volume ? 2 : 1; }
};

class MixerElements {
 public:
  /// Loops of so many devices and subdevices have controls: up to kMixerDevices, kMixerSubdevices.
  MixerElements(unsigned devices, unsigned subdevices) noexcept
      : devices_(devices), subdevices_(subdevices) {}

  [[nodiscard]] size_t size() const noexcept;
  [[nodiscard]] MixerElement at(size_t index) const noexcept;
  /// By interface, device, subdevice, name and index.
  [[nodiscard]] std::optional<size_t> find(const snd_ctl_elem_id_t* id) const noexcept;
  /// All of these, numid included.
  void fill_id(size_t index, snd_ctl_elem_id_t* id) const noexcept;

  /// As many as there are loops; for those, loop_at(0), loop_at(1), ...
  [[nodiscard]] size_t loops() const noexcept { return size_t{devices_} * subdevices_; }
  [[nodiscard]] Loop loop_at(size_t number) const noexcept;
  [[nodiscard]] size_t number_of(const Loop& loop) const noexcept {
    return size_t{loop.device} * subdevices_ + loop.subdevice;
  }

 private:
  const unsigned devices_;
  const unsigned subdevices_;
};

/// Volumes in decibels, as ALSA's TLV has it.
[[nodiscard]] const unsigned* mixer_volume_tlv() noexcept;

}  // namespace dmasim
