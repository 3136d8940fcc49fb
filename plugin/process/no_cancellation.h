// SPDX-License-Identifier: LGPL-2.1-or-later
/// Puts off pthread_cancel for a scope: what runs in it holds locks, and does not unwind.
#pragma once

#include <pthread.h>

namespace dmasim {

class NoCancellation {
 public:
  NoCancellation() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~NoCancellation() { pthread_setcancelstate(before_, nullptr); }
  NoCancellation(const NoCancellation&) = delete;
  NoCancellation& operator=(const NoCancellation&) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace dmasim
