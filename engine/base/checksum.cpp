// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/checksum.h"

#define XXH_INLINE_ALL  // no library to link
#include <xxhash.h>

namespace dmasim {

uint64_t checksum_of(std::span<const std::byte> bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace dmasim
