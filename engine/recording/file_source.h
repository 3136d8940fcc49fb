// SPDX-License-Identifier: LGPL-2.1-or-later
/// The source that plays a sound file.
#pragma once

#include <memory>

#include "engine/base/result.h"
#include "engine/device/source.h"

namespace dmasim {

/// Plays a sound file of any type that libsndfile reads, once, then silence. The file's header is
/// read here; samples are read by a thread from configure() on. It makes no DSD.
/// Errors: those of open(2); EISDIR; EINVAL (not a sound file); ENOTSUP (a WAV whose samples take
/// more bytes than their bits need, other than those of `arecord -f S24_LE`).
Result<std::unique_ptr<Source>> make_file_source(const char* path);

}  // namespace dmasim
