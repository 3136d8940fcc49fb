// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/ctl/mixer_elements.h"

#include <array>
#include <cstring>

#include "engine/card/mixer_record.h"

namespace dmasim {
namespace {

using enum MixerElement::Kind;
using enum MixerElement::State;

constexpr long kMostRateHz = 768000;  // the card's highest rate; snd-aloop has 192000 here
constexpr long kMostChannels = 1024;  // as in snd-aloop

constexpr std::array kCardElements{
    MixerElement{.name = "Master Playback Volume",
                 .iface = SND_CTL_ELEM_IFACE_MIXER,
                 .type = SND_CTL_ELEM_TYPE_INTEGER,
                 .kind = volume,
                 .min = 0,
                 .max = kMixerVolume0dB,
                 .cell = kPlaybackVolume},
    MixerElement{.name = "Master Playback Switch",
                 .iface = SND_CTL_ELEM_IFACE_MIXER,
                 .type = SND_CTL_ELEM_TYPE_BOOLEAN,
                 .kind = setting,
                 .min = 0,
                 .max = 1,
                 .cell = kPlaybackSwitch},
    MixerElement{.name = "Capture Volume",
                 .iface = SND_CTL_ELEM_IFACE_MIXER,
                 .type = SND_CTL_ELEM_TYPE_INTEGER,
                 .kind = volume,
                 .min = 0,
                 .max = kMixerVolume0dB,
                 .cell = kCaptureVolume},
    MixerElement{.name = "Capture Switch",
                 .iface = SND_CTL_ELEM_IFACE_MIXER,
                 .type = SND_CTL_ELEM_TYPE_BOOLEAN,
                 .kind = setting,
                 .min = 0,
                 .max = 1,
                 .cell = kCaptureSwitch},
};

/// The elements of each loop, as in snd-aloop. The cells here are those of the first loop.
constexpr std::array kLoopElements{
    MixerElement{.name = "PCM Rate Shift 100000",
                 .iface = SND_CTL_ELEM_IFACE_PCM,
                 .type = SND_CTL_ELEM_TYPE_INTEGER,
                 .kind = setting,
                 .min = kRateShiftLeast,
                 .max = kRateShiftMost,
                 .cell = rate_shift_cell(0, 0)},
    MixerElement{.name = "PCM Notify",
                 .iface = SND_CTL_ELEM_IFACE_PCM,
                 .type = SND_CTL_ELEM_TYPE_BOOLEAN,
                 .kind = setting,
                 .min = 0,
                 .max = 1,
                 .cell = notify_cell(0, 0)},
    MixerElement{.name = "PCM Slave Active",
                 .iface = SND_CTL_ELEM_IFACE_PCM,
                 .type = SND_CTL_ELEM_TYPE_BOOLEAN,
                 .kind = loop_state,
                 .min = 0,
                 .max = 1,
                 .state = active},
    MixerElement{.name = "PCM Slave Format",
                 .iface = SND_CTL_ELEM_IFACE_PCM,
                 .type = SND_CTL_ELEM_TYPE_INTEGER,
                 .kind = loop_state,
                 .min = 0,
                 .max = SND_PCM_FORMAT_LAST,
                 .state = format},
    MixerElement{.name = "PCM Slave Rate",
                 .iface = SND_CTL_ELEM_IFACE_PCM,
                 .type = SND_CTL_ELEM_TYPE_INTEGER,
                 .kind = loop_state,
                 .min = 0,
                 .max = kMostRateHz,
                 .state = rate},
    MixerElement{.name = "PCM Slave Channels",
                 .iface = SND_CTL_ELEM_IFACE_PCM,
                 .type = SND_CTL_ELEM_TYPE_INTEGER,
                 .kind = loop_state,
                 .min = 1,
                 .max = kMostChannels,
                 .state = channels},
    MixerElement{.name = "PCM Slave Access Mode",
                 .iface = SND_CTL_ELEM_IFACE_PCM,
                 .type = SND_CTL_ELEM_TYPE_ENUMERATED,
                 .kind = loop_state,
                 .min = 0,
                 .max = 1,
                 .state = access,
                 .items = {"Interleaved", "Non-interleaved"}},
};

/// The index of the element of that interface and name in one of the tables above.
template <typename Table>
std::optional<size_t> place_of(const Table& table, snd_ctl_elem_iface_t iface, const char* name) {
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i].iface == iface && std::strcmp(table[i].name, name) == 0) return i;
  }
  return std::nullopt;
}

}  // namespace

size_t MixerElements::size() const noexcept {
  return kCardElements.size() + loops() * kLoopElements.size();
}

Loop MixerElements::loop_at(size_t number) const noexcept {
  return {.device = static_cast<unsigned>(number / subdevices_),
          .subdevice = static_cast<unsigned>(number % subdevices_)};
}

MixerElement MixerElements::at(size_t index) const noexcept {
  if (index < kCardElements.size()) return kCardElements[index];
  index -= kCardElements.size();
  MixerElement element = kLoopElements[index % kLoopElements.size()];
  element.loop = loop_at(index / kLoopElements.size());
  if (element.kind == setting) {
    element.cell += loop_cell(element.loop.device, element.loop.subdevice) - kFirstLoopCell;
  }
  return element;
}

std::optional<size_t> MixerElements::find(const snd_ctl_elem_id_t* id) const noexcept {
  const snd_ctl_elem_iface_t iface = snd_ctl_elem_id_get_interface(id);
  const char* name = snd_ctl_elem_id_get_name(id);
  const unsigned device = snd_ctl_elem_id_get_device(id);
  const unsigned subdevice = snd_ctl_elem_id_get_subdevice(id);
  if (snd_ctl_elem_id_get_index(id) != 0) return std::nullopt;
  if (const auto place = place_of(kCardElements, iface, name)) {
    return device == 0 && subdevice == 0 ? place : std::nullopt;
  }
  const auto place = place_of(kLoopElements, iface, name);
  if (!place || device >= devices_ || subdevice >= subdevices_) return std::nullopt;
  const size_t loop = number_of({.device = device, .subdevice = subdevice});
  return kCardElements.size() + loop * kLoopElements.size() + *place;
}

void MixerElements::fill_id(size_t index, snd_ctl_elem_id_t* id) const noexcept {
  const MixerElement element = at(index);
  snd_ctl_elem_id_set_numid(id, static_cast<unsigned>(index) + 1);
  snd_ctl_elem_id_set_interface(id, element.iface);
  snd_ctl_elem_id_set_device(id, element.loop.device);
  snd_ctl_elem_id_set_subdevice(id, element.loop.subdevice);
  snd_ctl_elem_id_set_name(id, element.name);
  snd_ctl_elem_id_set_index(id, 0);
}

const unsigned* mixer_volume_tlv() noexcept {
  constexpr unsigned kMute = 0x10000;
  static constexpr std::array kTlv{
      unsigned{SND_CTL_TLVT_DB_SCALE}, static_cast<unsigned>(2 * sizeof(unsigned)),
      static_cast<unsigned>(kMixerVolumeLeastCentibels), kMixerVolumeStepCentibels | kMute};
  return kTlv.data();
}

}  // namespace dmasim
