// SPDX-License-Identifier: LGPL-2.1-or-later
/// Both ends of a cable: what one sink plays, any number of sources hear, in any process of the
/// same user. See docs/cable.md.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/cable/cable_file.h"
#include "engine/card/cable_directory.h"
#include "engine/device/sink.h"
#include "engine/device/source.h"

namespace dmasim {

/// The cable's only writer, from the first configure() on until it ends, fails or is released. It
/// carries what is committed, at the times that run() tells; frames that come by write() are only
/// counted. `name` is valid, and lies in `directory`; `clock` is the one that paces the stream.
/// configure() answers EBUSY (another one writes), EINVAL (others take part with another format),
/// EACCES, ENOSPC and those of open(2); explain() then says more. `overrules`, asked at each start,
/// says whether others' format does not matter: those who take part with another one are broken off
/// (Source::broken). Empty: it does.
std::unique_ptr<Sink> make_cable_sink(std::string name, std::shared_ptr<const Clock> clock,
                                      std::function<bool()> overrules = {},
                                      CableDirectory directory = CableDirectory::find());

/// Hears the cable cable_delay_frames() late; silence where nothing was committed. configure()
/// answers as the sink's, but never EBUSY or ENOSPC.
std::unique_ptr<Source> make_cable_source(std::string name, std::shared_ptr<const Clock> clock,
                                          CableDirectory directory = CableDirectory::find());

}  // namespace dmasim
