// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sink that docs/new-sink.md adds as an example.
#pragma once

#include <functional>
#include <memory>

#include "engine/device/sink.h"

namespace dmasim {

/// Keeps the loudest sample that was played, and gives it to `report` at each flush().
std::unique_ptr<Sink> make_peak_sink(std::function<void(int)> report);

}  // namespace dmasim
