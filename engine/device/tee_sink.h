// SPDX-License-Identifier: LGPL-2.1-or-later
/// A sink that plays into two sinks.
#pragma once

#include <memory>

#include "engine/device/sink.h"

namespace dmasim {

/// Plays into both. Frames that either loses count as lost; the other stats are those of `first`.
/// If one of them cannot be configured, `second` is released and `first` keeps what it has
/// recorded.
std::unique_ptr<Sink> make_tee_sink(std::unique_ptr<Sink> first, std::unique_ptr<Sink> second);

}  // namespace dmasim
