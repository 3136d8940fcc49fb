// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/open/pcm_mixer.h"

#include <utility>

#include "engine/base/clock.h"
#include "engine/card/mixer_file.h"
#include "engine/device/volume.h"
#include "plugin/config/loop.h"

namespace dmasim {
namespace {

MixerPath path_of(const PcmConfig& config) {
  return {.card = config.card,
          .clock = std::make_shared<RealtimeClock>(),
          .announce = loop_with_controls(config.card, config.cable).has_value(),
          .directory = config.directory};
}

}  // namespace

std::unique_ptr<Sink> with_volume(const PcmConfig& config, std::unique_ptr<Sink> sink) {
  if (!sink->has_volume()) return sink;
  return make_volume_sink(std::move(sink), path_of(config));
}

std::unique_ptr<Source> with_volume(const PcmConfig& config, std::unique_ptr<Source> source) {
  if (!source->has_volume()) return source;
  return make_volume_source(std::move(source), path_of(config));
}

std::function<bool()> notify_switch(const PcmConfig& config) {
  const auto loop = loop_with_controls(config.card, config.cable);
  if (!loop) return {};
  const size_t cell = notify_cell(loop->device, loop->subdevice);
  return [card = config.card, directory = config.directory, cell] {
    return read_mixer(card, directory).settings[cell].value != 0;
  };
}

std::function<int32_t()> shifted_clock(const PcmConfig& config) {
  const auto loop = loop_with_controls(config.card, config.cable);
  if (!loop) return {};
  const size_t cell = rate_shift_cell(loop->device, loop->subdevice);
  return [card = config.card, directory = config.directory, ppm = config.ppm, clock = config.clock,
          cell] {
    return clock.ppm(shifted_ppm(ppm, read_mixer(card, directory).settings[cell].value));
  };
}

}  // namespace dmasim
