// SPDX-License-Identifier: LGPL-2.1-or-later
/// The order in which two processes see each other's writes to a file.
#pragma once

#include <atomic>

namespace dmasim {

/// Between two accesses to a file by pread(2) or pwrite(2), where the second must not be seen
/// before the first: announcing an overwriting before it, looking at the announcement after
/// reading. The kernel copies with plain loads and stores on this processor, so a fence of ours
/// orders them. No thread of this process synchronizes by it, so that thread sanitizers, which do
/// not know fences, miss nothing.
inline void order_file_accesses() noexcept {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
  std::atomic_thread_fence(std::memory_order_seq_cst);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
}

}  // namespace dmasim
