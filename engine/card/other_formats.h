// SPDX-License-Identifier: LGPL-2.1-or-later
/// Looks whether a module whose files have another format owns a subdevice. An old daemon and a new
/// program must not both own it.
///
/// Covered: a PCM that a module of another format has open.
/// - A module before format 2 has locked a file of the subdevice's own in the directory for all
///   formats, such as "CARD.0.3.playback".
/// - Any later one has locked the same byte of CARD.lock (lock_file.h) in the directory of its
///   format.
///
/// Each module locks first and looks then. So of two that come at the same time, at least one sees
/// the other; it may be that both do.
///
/// Not covered: a module before format 2 that opens the subdevice later, because it does not look
/// for others. Nor cables and mixers: modules of different formats do not share them.
#pragma once

#include <string>

#include "engine/card/lock_file.h"

namespace dmasim {

/// The locked file of another format, by its path in the directory for all formats. Empty if there
/// is none. `all_formats` is that directory. Two system calls if there are only files of this
/// format.
[[nodiscard]] std::string locked_in_another_format(int all_formats, const PcmDevice& device,
                                                   unsigned subdevice);

}  // namespace dmasim
