// SPDX-License-Identifier: LGPL-2.1-or-later
/// The elements of a card's mixer: their names, the kinds of their values, and where the values are
/// stored. Plain data, the same for every process. Element n has the numid n + 1.
///
/// THREADS  any: the objects do not change.
#pragma once

#include <alsa/asoundlib.h>

#include <array>
#include <cstddef>
#include <optional>

#include "plugin/config/loop.h"

namespace dmasim {

struct MixerElement {
  /// What kind of values the element has, and where they are stored.
  enum class Kind {
    volume,      ///< two values in a cell of the mixer's record
    setting,     ///< one value in a cell
    loop_state,  ///< one value, set by the stream that plays into a loop
  };
  /// Which state of the loop a loop_state shows.
  enum class State { active, format, rate, channels, access };

  const char* name;
  snd_ctl_elem_iface_t iface;
  snd_ctl_elem_type_t type;
  Kind kind;
  long min;
  long max;
  size_t cell = 0;              ///< for a volume or setting
  State state = State::active;  ///< for a loop_state
  /// Of an enumerated element: the names of its values, of which `max` is the last.
  std::array<const char*, 2> items{};
  Loop loop{};  ///< for an element of a loop

  [[nodiscard]] bool writable() const noexcept { return kind != Kind::loop_state; }
  [[nodiscard]] unsigned count() const noexcept { return kind == Kind::volume ? 2 : 1; }
};

class MixerElements {
 public:
  /// The loops of the first `devices` devices, with `subdevices` each, have controls. At most
  /// kMixerDevices and kMixerSubdevices.
  MixerElements(unsigned devices, unsigned subdevices) noexcept
      : devices_(devices), subdevices_(subdevices) {}

  [[nodiscard]] size_t size() const noexcept;
  [[nodiscard]] MixerElement at(size_t index) const noexcept;
  /// Finds an element by interface, device, subdevice, name and index. Ignores the numid.
  [[nodiscard]] std::optional<size_t> find(const snd_ctl_elem_id_t* id) const noexcept;
  /// Fills in all of these fields, and the numid.
  void fill_id(size_t index, snd_ctl_elem_id_t* id) const noexcept;

  /// The number of loops that have controls. They are loop_at(0), loop_at(1), ...
  [[nodiscard]] size_t loops() const noexcept { return size_t{devices_} * subdevices_; }
  [[nodiscard]] Loop loop_at(size_t number) const noexcept;
  [[nodiscard]] size_t number_of(const Loop& loop) const noexcept {
    return size_t{loop.device} * subdevices_ + loop.subdevice;
  }

 private:
  const unsigned devices_;
  const unsigned subdevices_;
};

/// The scale of the volumes in decibels, as an ALSA TLV.
[[nodiscard]] const unsigned* mixer_volume_tlv() noexcept;

}  // namespace dmasim
