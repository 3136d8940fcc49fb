// SPDX-License-Identifier: LGPL-2.1-or-later
/// When to store XRUN into alsa-lib's state again. alsa-lib stores RUNNING after a start has
/// returned, and this may overwrite an XRUN that a callback has stored. So XRUN is stored again a
/// period later, then less and less often, until a hook has stored it after which alsa-lib stores
/// no state.
#pragma once

#include <cstdint>

namespace dmasim {

/// PURE. The functions answer the time until the next store.
class XrunLatch {
 public:
  /// An xrun has come. `period_ns` is the length of a period.
  int64_t begin(int64_t period_ns) noexcept;
  /// XRUN has been stored again.
  int64_t again() noexcept;
  /// A hook after which alsa-lib stores no state has stored XRUN. Answers whether this is the first
  /// one: then the alarm has to be disarmed.
  bool acknowledge() noexcept;

 private:
  bool seen_ = false;
  int64_t again_ns_ = 0;
};

}  // namespace dmasim
