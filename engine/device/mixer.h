// SPDX-License-Identifier: LGPL-2.1-or-later
/// A card's mixer where it acts: between the hardware and what the sound goes to or comes from. See
/// docs/mixer.md.
#pragma once

#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/card/cable_directory.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"

namespace dmasim {

/// A sink or source of `card`, whose mixer its frames go through. At 0 dB they pass as they are,
/// and nothing is copied. `card` is a valid name; `clock` says when to look again.
/// `announce`: who watches the mixer is told when a stream begins or ends.
struct MixerPath {
  std::string card;
  std::shared_ptr<const Clock> clock;
  bool announce = false;
  CableDirectory directory = CableDirectory::find();  ///< where the mixer lies
};

/// "Master Playback Volume" and "Switch" act on what is committed, or played, from then on.
/// configure() answers ENOMEM as well.
std::unique_ptr<Sink> make_mixed_sink(std::unique_ptr<Sink> sink, MixerPath path);

/// "Capture Volume" and "Switch" act on what is captured from then on.
std::unique_ptr<Source> make_mixed_source(std::unique_ptr<Source> source, MixerPath path);

}  // namespace dmasim
