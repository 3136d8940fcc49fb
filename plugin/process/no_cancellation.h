// SPDX-License-Identifier: LGPL-2.1-or-later
/// Delays pthread_cancel until the end of a scope. The code in the scope holds locks and cannot be
/// unwound. A thread of the asynchronous cancel type is cancelled outside of such scopes too: no
/// hook supports this type. Nobody can cancel a completion thread, so there it costs nothing.
#pragma once

#include <pthread.h>

#include "engine/base/sync.h"

namespace dmasim {

class NoCancellation {
 public:
  NoCancellation() noexcept {
    if (of_a_program_) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_);
  }
  ~NoCancellation() {
    if (of_a_program_) pthread_setcancelstate(before_, nullptr);
  }
  NoCancellation(const NoCancellation&) = delete;
  NoCancellation& operator=(const NoCancellation&) = delete;

 private:
  const bool of_a_program_ = current_thread_tag() == nullptr;
  int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace dmasim
