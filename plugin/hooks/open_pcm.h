// SPDX-License-Identifier: LGPL-2.1-or-later
/// All that belongs to one open PCM, from the module's entry to on_close.
#pragma once

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <memory>
#include <optional>
#include <string>

#include "engine/card/subdevice.h"
#include "plugin/config/channel_maps.h"
#include "plugin/config/pcm_config.h"
#include "plugin/pcm/substream.h"
#include "plugin/process/exit_flush.h"
#include "plugin/process/fork_guard.h"
#include "plugin/report/loss.h"

namespace dmasim {

/// io.private_data points to it.
struct OpenPcm {
  snd_pcm_ioplug_t io{};
  std::string name;
  PcmConfig config;
  ForkGuard guard{io};
  std::optional<Subdevice> subdevice;  // released after the substream
  std::unique_ptr<ChannelMaps> channel_maps;
  std::unique_ptr<Substream> substream;
  LossWords loss;
  std::optional<ExitFlush> exit_flush;  // if the sink has to be flushed at exit()
};

inline OpenPcm& open_pcm_of(snd_pcm_ioplug_t* io) {
  return *static_cast<OpenPcm*>(io->private_data);
}

}  // namespace dmasim
