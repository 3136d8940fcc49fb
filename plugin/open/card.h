// SPDX-License-Identifier: LGPL-2.1-or-later
/// The DMA controllers of this process: one for each card. The PCMs of a card share it.
#pragma once

#include <memory>
#include <string>

#include "engine/dma/dma_device.h"

namespace dmasim {

/// The engine of `card`. Makes it if no PCM of the card is open. It lives as long as a reference to
/// it. THREADS  any. Errors: EBUSY if the engine exists with other options.
Result<std::shared_ptr<DmaDevice>> dma_device_of_card(const std::string& card,
                                                      const DmaDevice::Options& options);

}  // namespace dmasim
