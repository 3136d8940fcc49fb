// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sink that is two sinks.
#pragma once

#include <memory>

#include "engine/device/sink.h"

namespace dmasim {

/// Plays into both. What is lost in either counts; stats are otherwise those of `first`. Where one
/// cannot be configured the second is released, and `first` keeps what it has recorded.
std::unique_ptr<Sink> make_tee_sink(std::unique_ptr<Sink> first, std::unique_ptr<Sink> second);

}  // namespace dmasim
