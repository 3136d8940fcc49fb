// SPDX-License-Identifier: LGPL-2.1-or-later
/// The two ends of a cable. What one sink plays, any number of sources capture, in any process of
/// the same user. See docs/cable.md.
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

/// Makes the sink of a cable, its only writer. It is the writer from the first configure() until it
/// is destroyed or released, or until a configure() fails. It carries committed frames at the times
/// that TimedSink::run() reports; frames that come by write() are only counted. `name` is a valid
/// cable name; the file lies in `directory`. `clock` is the clock that paces the stream.
///
/// Errors of configure(): EBUSY (another one writes), EINVAL (others take part with another
/// format), EACCES, ENOSPC and those of open(2); explain() then says more. `overrules` is called at
/// a start that finds others with another format. If it answers true, that does not matter: the
/// sources among them break off (Source::broken). `noninterleaved` is called at each start, and
/// says for CableState how the program accesses its samples. Empty: as if it answered false.
std::unique_ptr<Sink> make_cable_sink(std::string name, std::shared_ptr<const Clock> clock,
                                      std::function<bool()> overrules = {},
                                      CableDirectory directory = CableDirectory::find(),
                                      std::function<bool()> noninterleaved = {});

/// Makes a source that captures the cable, cable_delay_frames() later. It gives silence for frames
/// that were not committed. The errors of configure() are the sink's, but never EBUSY or ENOSPC.
std::unique_ptr<Source> make_cable_source(std::string name, std::shared_ptr<const Clock> clock,
                                          CableDirectory directory = CableDirectory::find());

}  // namespace dmasim
