// SPDX-License-Identifier: LGPL-2.1-or-later
/// Why the newest look() or configure() of a sink or source has failed, for its explain(). A hook
/// reads the text after the call has ended, and another thread may be in the next call by then.
///
/// THREADS  any.
#pragma once

#include <string>
#include <utility>

#include "engine/base/sync.h"

namespace dmasim {

class Explanation {
 public:
  void set(std::string text) DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    std::swap(text_, text);  // the old text is freed without the lock
  }
  void clear() DMASIM_EXCLUDES(lock_) { set({}); }
  [[nodiscard]] std::string text() const DMASIM_EXCLUDES(lock_) {
    MutexLock guard(lock_);
    return text_;
  }

 private:
  mutable Mutex lock_;
  std::string text_ DMASIM_GUARDED_BY(lock_);
};

}  // namespace dmasim
