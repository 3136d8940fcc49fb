// SPDX-License-Identifier: LGPL-2.1-or-later
/// The controllers of this process, one for each card, shared by the card's PCMs.
#pragma once

#include <memory>
#include <string>

#include "engine/dma/engine.h"

namespace dmasim {

/// The engine of `card`, made if no PCM of it is open. It lives as long as somebody holds it.
/// THREADS  any. Errors: EBUSY when it lives with other options.
Result<std::shared_ptr<Engine>> engine_of_card(const std::string& card,
                                               const Engine::Options& options);

}  // namespace dmasim
