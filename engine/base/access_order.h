// SPDX-License-Identifier: LGPL-2.1-or-later
/// The order in which two processes see each other's writes to a file.
#pragma once

#include <atomic>

namespace dmasim {

/// Call it between two accesses to a file by pread(2) or pwrite(2), if other processes must see
/// them in this order. A writer announces what it is going to overwrite, and then overwrites it; a
/// reader reads, and then looks at the announcement. The kernel copies with plain loads and stores
/// on this processor, so a fence in this process orders them. Thread sanitizers do not know fences;
/// they miss nothing, because no thread of this process synchronizes by this fence.
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
