// SPDX-License-Identifier: LGPL-2.1-or-later
/// Builds descriptors: what a client asked for, checked and brought into one form.
#pragma once

#include <span>

#include "engine/base/result.h"
#include "engine/dma/slave.h"

namespace dmasim {

/// What a descriptor is made for.
struct PrepContext {
  const SlaveConfig& config;  ///< port == nullptr: not configured, memory to memory only
  const SlaveCaps& caps;
};

/// A piece of memory in a scatter list.
struct SgEntry {
  std::byte* address = nullptr;
  size_t bytes = 0;
};

// PURE, all of them. Errors: EINVAL (not configured for this direction, empty, null, or not whole
// bursts), EPERM (reuse, which the controller cannot), ENOMEM.
Result<TxDescriptor> make_cyclic(const PrepContext& context, std::span<std::byte> buffer,
                                 size_t period_bytes, Direction direction, PrepFlags flags);
Result<TxDescriptor> make_slave_sg(const PrepContext& context, std::span<const SgEntry> list,
                                   Direction direction, PrepFlags flags);
Result<TxDescriptor> make_interleaved(const PrepContext& context, const InterleavedTemplate& layout,
                                      PrepFlags flags);
Result<TxDescriptor> make_memcpy(const PrepContext& context, std::byte* dst, const std::byte* src,
                                 size_t bytes, PrepFlags flags);

}  // namespace dmasim
