// SPDX-License-Identifier: LGPL-2.1-or-later
/// Builds descriptors: checks what a client asked for and brings it into one form.
#pragma once

#include <span>

#include "engine/base/result.h"
#include "engine/dma/slave.h"
#include "engine/dma/transfer.h"

namespace dmasim {

/// The channel that a descriptor is made for.
struct PrepContext {
  const SlaveConfig& config;  ///< port == nullptr: not configured, memory to memory only
  const SlaveCaps& caps;
};

/// An entry of a scatter list.
struct SgEntry {
  std::byte* address = nullptr;
  size_t bytes = 0;
};

// All of them are PURE. Errors: EINVAL (not configured for this direction, empty, null, or not
// whole bursts), EPERM (the caps do not have reuse), ENOMEM.
Result<Transfer> make_cyclic(const PrepContext& context, std::span<std::byte> buffer,
                             size_t period_bytes, Direction direction, PrepFlags flags);
Result<Transfer> make_slave_sg(const PrepContext& context, std::span<const SgEntry> list,
                               Direction direction, PrepFlags flags);
Result<Transfer> make_interleaved(const PrepContext& context, const InterleavedTemplate& layout,
                                  PrepFlags flags);
Result<Transfer> make_memcpy(const PrepContext& context, std::byte* dst, const std::byte* src,
                             size_t bytes, PrepFlags flags);

}  // namespace dmasim
