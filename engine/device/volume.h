// SPDX-License-Identifier: LGPL-2.1-or-later
/// The place where a card's mixer acts: between the hardware and the sink or source. See
/// docs/mixer.md.
#pragma once

#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/card/cable_directory.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"

namespace dmasim {

/// The mixer that a sink or source of `card` goes through. At 0 dB the frames pass unchanged and
/// are not copied. DSD passes unchanged at any volume. `card` is a valid card name. `clock` says
/// when to read the mixer again. With `announce`, the programs that watch the mixer are notified
/// when a stream begins or ends: that is for the sink of a loop, which is a TimedSink.
struct MixerPath {
  std::string card;
  std::shared_ptr<const Clock> clock;
  bool announce = false;
  CableDirectory directory = CableDirectory::find();  ///< where the mixer's file is
};

/// "Master Playback Volume" and "Switch" act on frames that are committed, or played, after the
/// change. configure() may also answer ENOMEM.
std::unique_ptr<Sink> make_volume_sink(std::unique_ptr<Sink> sink, MixerPath path);

/// "Capture Volume" and "Switch" act on frames that are captured after the change.
std::unique_ptr<Source> make_volume_source(std::unique_ptr<Source> source, MixerPath path);

}  // namespace dmasim
